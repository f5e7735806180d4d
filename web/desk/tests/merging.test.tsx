import type { Entry, EventEntry, Page, Thread } from '@onethread/client'
import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { fireEvent, render, screen, waitFor } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, expect, it, vi } from 'vitest'
import { threadQuery } from '../src/api/queries.ts'
import { createQueryClient } from '../src/app/client.ts'
import { Providers } from '../src/app/Providers.tsx'
import { LiveCache } from '../src/live/cache.ts'
import { threadAfter } from '../src/live/reduce.ts'
import { at, inbound, thread } from '../src/states/samples.ts'
import questions from '../src/threads/MergeDialog.states.tsx'
import { MergeQuestion } from '../src/threads/MergeDialog.tsx'
import merges from '../src/threads/MergesSection.states.tsx'
import { toldOnce } from '../src/threads/merging.ts'

afterEach(() => vi.unstubAllGlobals())

const told = (seq: number, name: string, related_id: string): EventEntry => ({
  type: 'event',
  seq,
  id: `ent_${seq}`,
  at: at(seq),
  identity_id: `idn_${seq}`,
  name,
  what: '',
  related_id,
})

const frame = (seq: number, thread_id: string) => ({
  cursor: `c${seq}`,
  seq,
  kind: 'customer.merged',
  at: at(seq),
  thread_id,
  entry: told(seq, 'customer.merged', 'mrg_1'),
})

async function draw(state: () => ReactNode): Promise<void> {
  const router = createRouter({
    routeTree: createRootRoute({ component: () => <div data-testid="drawn">{state()}</div> }),
    history: createMemoryHistory({ initialEntries: ['/'] }),
  })
  render(
    <Providers client={createQueryClient(() => {})} test>
      <RouterProvider router={router as never} />
    </Providers>,
  )
  await waitFor(() => screen.getByTestId('drawn'))
}

it('tells a merge once that both threads tell', () => {
  const entries: Entry[] = [
    told(9, 'customer.unmerged', 'mrg_1'),
    told(5, 'customer.merged', 'mrg_1'),
    told(4, 'customer.merged', 'mrg_1'),
    told(3, 'customer.merged', 'mrg_0'),
    inbound(1, 'hello'),
  ]
  expect(toldOnce(entries).map((entry) => entry.id)).toEqual(['ent_9', 'ent_5', 'ent_3', 'msg_1'])
})

it('moves no thread up because customers were merged', () => {
  const before = thread(1, 0)
  const after = threadAfter(before, frame(500, 'thr_1'))
  expect(after.last_activity_at).toBe(before.last_activity_at)
  expect(after.last_entry?.id).toBe('ent_500')
})

it('reads again what stands on the screen, and gets the survivor for an alias', async () => {
  let answer: Thread = thread(2, 0)
  vi.stubGlobal('fetch', async (request: Request) => {
    const isThread = new URL(request.url).pathname === '/api/v1/threads/thr_2'
    const none: Page<Thread> = { items: [], next_cursor: null }
    return Response.json(isThread ? answer : none)
  })
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, retry: false } } })
  const cache = new LiveCache(client)
  const observer = new QueryObserver<Thread>(client, threadQuery('thr_2') as never)
  const end = observer.subscribe(() => {})
  await vi.waitFor(() => expect(observer.getCurrentResult().data?.id).toBe('thr_2'))
  answer = thread(1, 0)
  cache.apply([frame(500, 'thr_1'), frame(501, 'thr_2')])
  await vi.waitFor(() => expect(observer.getCurrentResult().data?.id).toBe('thr_1'))
  end()
})

it('says whom a person was merged from, and offers the way back to those who may', async () => {
  await draw(merges['merged from another'])
  expect(screen.getByText(/Merged from Person 2 on/)).toBeTruthy()
  expect(screen.getByRole('button', { name: 'Un-merge' })).toBeTruthy()
})

it('offers no way back to those who may only read', async () => {
  await draw(merges['merged, read only'])
  expect(screen.queryByRole('button', { name: 'Un-merge' })).toBeNull()
})

it('names what stays before a merge is taken back', async () => {
  await draw(merges['something stays'])
  expect(screen.getByText(/goes back to Person 2/)).toBeTruthy()
  expect(screen.getByText(/A note of/)).toBeTruthy()
  expect(screen.getByText(/An address first seen on/)).toBeTruthy()
})

it('offers to merge to those who may, also where nobody was merged', async () => {
  await draw(merges['never merged'])
  expect(screen.getByRole('button', { name: 'Merge with…' })).toBeTruthy()
})

it('says who stays and what to think about before customers are merged', async () => {
  await draw(questions.warned)
  const [survivor, alias] = screen.getAllByRole('region')
  expect(survivor?.textContent).toContain('stays')
  expect(alias?.textContent).toContain('joins')
  expect(alias?.textContent).toContain('entries: 1000+')
  expect(screen.getByText(/Their names differ/)).toBeTruthy()
  expect(screen.getByText(/Both have open matters/)).toBeTruthy()
  expect(screen.getByRole('button', { name: 'Merge' }).hasAttribute('disabled')).toBe(false)
})

it('merges people who are known to be different only by those who may, with a reason', async () => {
  await draw(questions['known to be different, may not'])
  expect(screen.getByText(/Only a supervisor or admin/)).toBeTruthy()
  expect(screen.getByRole('button', { name: 'Merge all the same' }).hasAttribute('disabled')).toBe(true)
  expect(screen.queryByRole('textbox')).toBeNull()
})

it('forces with the reason that was given', async () => {
  const merged: unknown[] = []
  const { props } = questions['known to be different, may']()
  await draw(() => <MergeQuestion {...props} onMerge={(reason, force) => merged.push([reason, force])} />)
  const button = screen.getByRole('button', { name: 'Merge all the same' })
  expect(button.hasAttribute('disabled')).toBe(true)
  fireEvent.change(screen.getByRole('textbox'), { target: { value: '  seen both passports ' } })
  expect(button.hasAttribute('disabled')).toBe(false)
  fireEvent.submit(button.closest('form') as HTMLFormElement)
  expect(merged).toEqual([['seen both passports', true]])
})

it('shows a refusal beside what was asked, and lets another be chosen', async () => {
  await draw(questions.refused)
  expect(screen.getByRole('alert')).toBeTruthy()
  expect(screen.getByRole('button', { name: 'Choose another' })).toBeTruthy()
})
