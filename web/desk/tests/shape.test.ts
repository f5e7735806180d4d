import { expect, it } from 'vitest'
import { at, customer, episode, event, inbound, note, outbound, promised, thread } from '../src/states/samples.ts'
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
    outbound(2, 'b', { state: 'failed', error: { reason: 'blocked', next_step: 'resend' }, tries: 1 }),
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

const matter = (place: number, text: string, id = 'epi_1') => inbound(place, text, { episode_id: id })
const known = (more: Partial<Parameters<typeof shape>[2] & object> = {}) => ({
  episodes: [episode(5, { id: 'epi_2' }), episode(1, { id: 'epi_1' })],
  promises: [],
  folded: () => false,
  complete: true,
  ...more,
})
const types = (found: Row[]) => found.map((row) => row.type)

it('draws a knot at the first entry of each matter', () => {
  const [stretch] = shape([matter(1, 'a'), matter(5, 'b', 'epi_2'), matter(6, 'c')], customer(1), known())
  expect(types(stretch?.rows ?? [])).toEqual(['knot', 'day', 'entry', 'knot', 'entry', 'entry'])
})

it('folds a matter to its knot, with what it held', () => {
  const entries = [
    matter(1, 'a'),
    { ...note(2, 'n'), episode_id: 'epi_1' },
    matter(5, 'b', 'epi_2'),
    event(6, 'episode.resolved', { episode_id: 'epi_1' }),
  ]
  const [stretch] = shape(entries, customer(1), known({ folded: (one) => one.id === 'epi_1' }))
  expect(types(stretch?.rows ?? [])).toEqual(['knot', 'knot', 'day', 'entry'])
  expect(stretch?.rows[0]).toMatchObject({ folded: true, count: 2, kinds: ['messenger'] })
})

it('draws no beginning where the beginning is not loaded', () => {
  const [stretch] = shape([matter(3, 'a')], customer(1), known({ complete: false }))
  expect(types(stretch?.rows ?? [])).toEqual(['day', 'entry'])
})

it('puts promises where they were made and ended', () => {
  const promises = [promised(2, 'epi_1', { state: 'kept', ended_at: at(4) })]
  const [stretch] = shape([matter(1, 'a'), matter(3, 'b'), matter(5, 'c')], customer(1), known({ promises }))
  const found = stretch?.rows.map((row) => (row.type === 'promise' ? row.phase : row.type))
  expect(found).toEqual(['knot', 'day', 'entry', 'made', 'entry', 'kept', 'entry'])
})

it('a note changes no channel', () => {
  expect(shape([inbound(1, 'a'), note(2, 'n', { identity_id: 'idn_9' }), inbound(3, 'b')], customer(1))).toHaveLength(1)
})
