import type { Entry, LogFrame, Page, Thread } from '@onethread/client'
import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { keys } from '../src/api/keys.ts'
import { entriesQuery, threadQuery, threadsQuery } from '../src/api/queries.ts'
import { LiveCache } from '../src/live/cache.ts'
import { flat, type Pages } from '../src/live/reduce.ts'
import { inbound, outbound, received, thread } from '../src/states/samples.ts'

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

it('reads a webhook again that somebody changed, where it is shown', async () => {
  const webhook = { queryKey: keys.webhook('whk_1'), queryFn: () => asked.push('read') }
  const shown = new QueryObserver(client, webhook).subscribe(() => {})
  await vi.waitFor(() => expect(client.getQueryData(webhook.queryKey)).toBe(1))
  cache.apply([{ cursor: 'c9', seq: 9, kind: 'webhook.changed', at: '2026-11-25T09:30:00Z', subject_id: 'whk_2' }])
  cache.apply([{ cursor: 'c10', seq: 10, kind: 'webhook.changed', at: '2026-11-25T09:30:00Z', subject_id: 'whk_1' }])
  await vi.waitFor(() => expect(asked).toEqual(['read', 'read']))
  shown()
})

const told = (seq: number, kind: string, more: Partial<LogFrame> = {}): LogFrame => ({
  cursor: `c${seq}`,
  seq,
  kind,
  at: '2026-11-22T08:00:00Z',
  ...more,
})
const named = (place: number, name: string): Thread => {
  const one = thread(place, 30)
  return { ...one, customer: { ...one.customer, name } }
}
const names = () => flat(client.getQueryData<Pages<Thread>>(keys.threads)).map((one) => one.customer.name)

it('reads a customer again who was changed, where they are shown and nowhere else', async () => {
  answers['/api/v1/threads'] = page([named(1, 'Before')])
  await client.fetchInfiniteQuery(threadsQuery)
  asked = []
  answers['/api/v1/threads/thr_1'] = named(1, 'After')
  cache.apply([
    told(9, 'customer.changed', { thread_id: 'thr_1' }),
    told(10, 'customer.changed', { thread_id: 'thr_2' }),
  ])
  await vi.waitFor(() => expect(names()).toEqual(['After']))
  expect(asked).toEqual(['/api/v1/threads/thr_1'])
})

it('is not behind when a customer is changed while their thread is being read', async () => {
  let answer: (thread: Thread) => void = () => {}
  answers['/api/v1/threads/thr_1'] = new Promise((resolve) => {
    answer = resolve
  })
  const reading = client.fetchQuery(threadQuery('thr_1'))
  await vi.waitFor(() => expect(asked).toHaveLength(1))
  cache.apply([told(9, 'customer.changed', { thread_id: 'thr_1' })])
  answers['/api/v1/threads/thr_1'] = named(1, 'After')
  answer(named(1, 'Before'))
  await reading
  const name = () => client.getQueryData<Thread>(keys.thread('thr_1'))?.customer.name
  await vi.waitFor(() => expect(name()).toBe('After'))
})

it('is not behind when a customer is changed while the list is being read', async () => {
  let answer: (page: Page<Thread>) => void = () => {}
  answers['/api/v1/threads'] = new Promise((resolve) => {
    answer = resolve
  })
  const reading = client.fetchInfiniteQuery(threadsQuery)
  await vi.waitFor(() => expect(asked).toHaveLength(1))
  cache.apply([told(9, 'customer.changed', { thread_id: 'thr_1' })])
  answers['/api/v1/threads/thr_1'] = named(1, 'After')
  answer(page([named(1, 'Before')]))
  await reading
  await vi.waitFor(() => expect(names()).toEqual(['After']))
})

it('shows at once what this desk said of a customer, and moves nothing', async () => {
  answers['/api/v1/threads'] = page([named(2, 'Two'), named(1, 'Before')])
  await client.fetchInfiniteQuery(threadsQuery)
  client.setQueryData(keys.thread('thr_1'), named(1, 'Before'))
  cache.customerKnown(named(1, 'After').customer)
  expect(names()).toEqual(['Two', 'After'])
  expect(client.getQueryData<Thread>(keys.thread('thr_1'))?.customer.name).toBe('After')
})

it('reads again what shows a label, a field or a calendar that was changed', async () => {
  const stale = (key: readonly unknown[]) => client.getQueryState(key)?.isInvalidated
  const all = [keys.labels, keys.attributes, keys.calendars, keys.calendar('cal_1'), keys.thread('thr_1'), keys.threads]
  const after = (frame: LogFrame) => {
    for (const key of all) client.setQueryData(key, key === keys.threads ? { pages: [], pageParams: [] } : {})
    cache.apply([frame])
    return all.map(stale)
  }
  expect(after(told(1, 'label.changed', { subject_id: 'lab_1' }))).toEqual([true, false, false, false, true, true])
  expect(after(told(2, 'attribute.changed', { subject_id: 'atr_1' }))).toEqual([false, true, false, false, true, true])
  expect(after(told(3, 'calendar.changed', { subject_id: 'cal_1' }))).toEqual([false, false, true, true, false, false])
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

it('takes back nothing when the answer to what was sent comes after its frames', async () => {
  answers['/api/v1/threads/thr_1/entries'] = page<Entry>([inbound(9, 'nine')])
  await client.fetchInfiniteQuery(entriesQuery('thr_1'))
  const sent = outbound(12, 'too late')
  const state = () => {
    const entry = flat(client.getQueryData<Pages<Entry>>(keys.entries('thr_1')))[0]
    return entry?.type === 'message' ? [entry.id, entry.delivery?.state] : undefined
  }
  const failed = { state: 'failed', error: null, tries: 1 } as const
  const frame = { cursor: 'c13', seq: 13, at: '2026-11-22T08:00:00Z', thread_id: 'thr_1', entry_id: sent.id }
  cache.apply([received('thr_1', sent), { ...frame, kind: 'message.failed', delivery: failed }])
  cache.entryKnown('thr_1', sent)
  expect(state()).toEqual([sent.id, 'failed'])
  // Somebody sends it once more: what is answered now is newer than what was told before.
  cache.entryKnown('thr_1', sent, cache.place())
  expect(state()).toEqual([sent.id, 'queued'])
})
