import { type Entry, ProblemError } from '@onethread/client'
import { expect, it, vi } from 'vitest'
import { outbound } from '../src/states/samples.ts'
import { Outbox, type Pending } from '../src/threads/outbox.ts'

const problem = (status: number, code: string) =>
  new ProblemError({ type: '', title: '', status, code, detail: '', request_id: '' })

it('sends in the order of writing, each once, under one key', async () => {
  const sent: string[] = []
  const known: Entry[] = []
  const outbox = new Outbox(
    (_, entry) => known.push(entry),
    async (item) => {
      sent.push(item.text)
      return outbound(sent.length, item.text)
    },
  )
  outbox.add('thr_1', undefined, 'one')
  outbox.add('thr_1', undefined, 'two')
  await vi.waitFor(() => expect(known).toHaveLength(2))
  expect(sent).toEqual(['one', 'two'])
  expect(outbox.all()).toEqual([])
})

it('makes everything known that one act became, in order', async () => {
  const known: Entry[] = []
  const outbox = new Outbox(
    (_, entry) => known.push(entry),
    async (item) => ({ ...outbound(1, item.text), more: [outbound(2, 'a picture'), outbound(3, 'its caption')] }),
  )
  outbox.add('thr_1', undefined, 'one')
  await vi.waitFor(() => expect(outbox.all()).toEqual([]))
  expect(known).toEqual([outbound(1, 'one'), outbound(2, 'a picture'), outbound(3, 'its caption')])
})

it('waits while nobody answers, and repeats with the same key', async () => {
  const keys: string[] = []
  let up = false
  const outbox = new Outbox(
    () => {},
    async (item: Pending) => {
      keys.push(item.key)
      if (!up) throw problem(0, 'unreachable')
      return outbound(1, item.text)
    },
  )
  outbox.add('thr_1', undefined, 'one')
  outbox.add('thr_1', undefined, 'two')
  await vi.waitFor(() => expect(outbox.all().map((item) => item.state)).toEqual(['waiting', 'waiting']))
  expect(keys).toHaveLength(1)
  up = true
  outbox.goOn()
  await vi.waitFor(() => expect(outbox.all()).toEqual([]))
  expect(keys[1]).toBe(keys[0])
  expect(new Set(keys).size).toBe(2)
})

it('keeps what the server refused, and goes on with the rest', async () => {
  const outbox = new Outbox(
    () => {},
    async (item) => {
      if (item.text === 'no') throw problem(409, 'window_closed')
      return outbound(1, item.text)
    },
  )
  outbox.add('thr_1', undefined, 'no')
  outbox.add('thr_1', undefined, 'yes')
  await vi.waitFor(() => expect(outbox.all()).toHaveLength(1))
  expect(outbox.all()[0]).toMatchObject({ text: 'no', state: 'refused', problem: { code: 'window_closed' } })
})

it('survives a reload', () => {
  const never = new Outbox(
    () => {},
    () => new Promise<Entry>(() => {}),
  )
  never.add('thr_1', undefined, 'kept')
  const again = new Outbox(
    () => {},
    () => new Promise<Entry>(() => {}),
  )
  expect(again.all()).toMatchObject([{ text: 'kept', state: 'waiting' }])
  expect(again.all()[0]?.key).toBe(never.all()[0]?.key)
})
