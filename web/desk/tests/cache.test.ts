import type { Entry, Page, Thread } from '@onethread/client'
import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { keys } from '../src/api/keys.ts'
import { entriesQuery, threadsQuery } from '../src/api/queries.ts'
import { LiveCache } from '../src/live/cache.ts'
import { flat, type Pages } from '../src/live/reduce.ts'
import { inbound, received, thread } from '../src/states/samples.ts'

let client: QueryClient
let cache: LiveCache
let unwatch: () => void
let asked: string[]
let answers: Record<string, unknown>

beforeEach(() => {
  client = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, retry: false } } })
  cache = new LiveCache(client)
  unwatch = cache.watch()
  asked = []
  answers = {}
  vi.stubGlobal('fetch', async (request: Request) => {
    const path = new URL(request.url).pathname
    asked.push(path)
    const body = await answers[path]
    return Response.json(body ?? { type: '', title: '', status: 404, code: 'not_found', detail: '', request_id: '' }, {
      status: body ? 200 : 404,
    })
  })
})
afterEach(() => {
  unwatch()
  vi.unstubAllGlobals()
})

const page = <T>(items: T[]): Page<T> => ({ items, next_cursor: null })
const threads = () => flat(client.getQueryData<Pages<Thread>>(keys.threads)).map((one) => one.id)

it('keeps a frame that arrives while its thread is being read', async () => {
  let answer: (page: Page<Entry>) => void = () => {}
  answers['/api/v1/threads/thr_1/entries'] = new Promise((resolve) => {
    answer = resolve
  })
  const reading = client.fetchInfiniteQuery(entriesQuery('thr_1'))
  await vi.waitFor(() => expect(asked).toHaveLength(1))
  cache.apply([received('thr_1', inbound(12, 'meanwhile'))])
  answer(page<Entry>([inbound(9, 'nine')]))
  await reading
  const entries = flat(client.getQueryData<Pages<Entry>>(keys.entries('thr_1')))
  expect(entries.map((entry) => entry.id)).toEqual(['msg_12', 'msg_9'])
})

it('keeps a frame that arrives while an older page is being read', async () => {
  answers['/api/v1/threads'] = { items: [thread(1, 30)], next_cursor: 'p2' }
  await client.fetchInfiniteQuery(threadsQuery)
  let answer: (page: Page<Thread>) => void = () => {}
  answers['/api/v1/threads'] = new Promise((resolve) => {
    answer = resolve
  })
  const { InfiniteQueryObserver } = await import('@tanstack/react-query')
  const observer = new InfiniteQueryObserver(client, threadsQuery)
  const stop = observer.subscribe(() => {})
  const reading = observer.fetchNextPage()
  await vi.waitFor(() => expect(asked).toHaveLength(2))
  cache.apply([received('thr_1', inbound(77, 'meanwhile'), 50)])
  answer(page([thread(2, 10)]))
  await reading
  stop()
  expect(threads()).toEqual(['thr_1', 'thr_2'])
  expect(flat(client.getQueryData<Pages<Thread>>(keys.threads))[0]?.last_entry?.id).toBe('msg_77')
})

it('reads a thread that the list does not hold, once, and puts it where it belongs', async () => {
  client.setQueryData(keys.threads, { pages: [page([thread(1, 30)])], pageParams: [undefined] })
  answers['/api/v1/threads/thr_9'] = thread(9, 40)
  cache.apply([received('thr_9', inbound(50, 'one'), 40), received('thr_9', inbound(51, 'two'), 41)])
  await vi.waitFor(() => expect(threads()).toEqual(['thr_9', 'thr_1']))
  expect(asked).toEqual(['/api/v1/threads/thr_9'])
})

it('asks for nothing when the open thread gets an entry', async () => {
  client.setQueryData(keys.threads, { pages: [page([thread(1, 30)])], pageParams: [undefined] })
  client.setQueryData(keys.thread('thr_1'), thread(1, 30))
  client.setQueryData(keys.entries('thr_1'), { pages: [page<Entry>([])], pageParams: [undefined] })
  const stop = new QueryObserver(client, { queryKey: keys.thread('thr_1') }).subscribe(() => {})
  cache.apply([received('thr_1', inbound(50, 'one'), 40)])
  await new Promise((resolve) => setTimeout(resolve, 20))
  stop()
  expect(asked).toEqual([])
  expect(flat(client.getQueryData<Pages<Entry>>(keys.entries('thr_1')))).toHaveLength(1)
})

it('reads a thread that could not be read again when the connection is back', async () => {
  client.setQueryData(keys.threads, { pages: [page<Thread>([])], pageParams: [undefined] })
  let up = false
  vi.stubGlobal('fetch', async () => {
    if (!up) throw new TypeError('no network')
    return Response.json(thread(9, 40))
  })
  cache.apply([received('thr_9', inbound(50, 'one'), 40)])
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(threads()).toEqual([])
  up = true
  cache.back()
  await vi.waitFor(() => expect(threads()).toEqual(['thr_9']))
})

it('reads the lists of operations again when somebody else replayed or dismissed something', async () => {
  const read = { jobs: 0, events: 0 }
  const stops = (['jobs', 'events'] as const).map((name) =>
    new QueryObserver(client, { queryKey: [name, 'dead'], queryFn: () => ++read[name] }).subscribe(() => {}),
  )
  await vi.waitFor(() => expect([read, client.isFetching()]).toEqual([{ jobs: 1, events: 1 }, 0]))
  const frame = { cursor: 'c1', seq: 1, at: '2026-11-22T08:00:00Z' }
  cache.apply([{ ...frame, kind: 'job.dismissed', subject_id: 'job_1' }])
  await vi.waitFor(() => expect([read, client.isFetching()]).toEqual([{ jobs: 2, events: 1 }, 0]))
  cache.apply([{ ...frame, kind: 'event.replayed', subject_id: 'inb_1' }])
  await vi.waitFor(() => expect(read).toEqual({ jobs: 2, events: 2 }))
  for (const stop of stops) stop()
})
