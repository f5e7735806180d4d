import { expect, it } from 'vitest'
import { customer, inbound, outbound, thread } from '../src/states/samples.ts'
import { keepOrder } from '../src/threads/calm.ts'
import { inboundAfter, type Row, shape } from '../src/threads/shape.ts'

const rows = (entries: Parameters<typeof shape>[0]) => shape(entries, customer(1)).flatMap((stretch) => stretch.rows)
const entry = (row: Row | undefined) => (row?.type === 'entry' ? row : undefined)

it('shares one by-line within five minutes of one author', () => {
  const found = rows([inbound(1, 'a'), inbound(3, 'b'), outbound(4, 'c'), inbound(20, 'd'), inbound(26, 'e')])
    .map(entry)
    .filter((row) => row !== undefined)
  expect(found.map((row) => row.first)).toEqual([true, false, true, true, true])
})

it('marks each day once', () => {
  const found = rows([inbound(1, 'a'), inbound(2, 'b'), inbound(3, 'c', { at: '2026-11-24T09:00:00Z' })])
  expect(found.map((row) => row.type)).toEqual(['day', 'entry', 'entry', 'day', 'entry'])
})

it('begins a stretch with each address', () => {
  const two = customer(1)
  const [first] = two.identities
  if (!first) throw new Error('a customer has an identity')
  two.identities.push({ ...first, id: 'idn_2', kind: 'whatsapp' })
  const stretches = shape([inbound(1, 'a'), inbound(2, 'b', { identity_id: 'idn_2' }), inbound(3, 'c')], two)
  expect(stretches.map((stretch) => stretch.kind)).toEqual(['messenger', 'whatsapp', 'messenger'])
})

it('tells a good fate once and every trouble where it stands', () => {
  const read = { state: 'read', error: null, tries: 1 } as const
  const found = rows([
    outbound(1, 'a', read),
    outbound(2, 'b', { state: 'failed', error: { reason: 'blocked' }, tries: 1 }),
    outbound(3, 'c', read),
    outbound(4, 'd', { state: 'delivered', tries: 1 }),
  ])
  expect(found.map((row) => entry(row)?.fate).filter((fate) => fate !== undefined)).toEqual([false, true, true, true])
})

it('counts what came in since', () => {
  expect(
    inboundAfter([inbound(9, 'x'), outbound(8, 'y'), inbound(7, 'z'), inbound(3, 'w')], 3).map((one) => one.seq),
  ).toEqual([9, 7])
})

it('keeps the order of a list that is being pointed at', () => {
  const now = [thread(3, 9), thread(1, 8), thread(2, 7), thread(4, 6)]
  expect(keepOrder(now, ['thr_1', 'thr_2', 'thr_3']).map((one) => one.id)).toEqual(['thr_1', 'thr_2', 'thr_3', 'thr_4'])
})
