import type { Agent } from '@onethread/client'
import { describe, expect, it } from 'vitest'
import { fromLocalInput, laterTimes, localInput } from '../src/threads/laterTimes.ts'
import { callAt, called, offered } from '../src/threads/mentions.ts'

const agent = (id: string, name: string, disabled = false): Agent => ({
  id,
  name,
  email: `${id}@example.com`,
  role: 'agent',
  disabled,
  created_at: '2026-11-01T08:00:00Z',
})
const team = [
  agent('agt_1', 'Ieva'),
  agent('agt_2', 'Ieva Malmö'),
  agent('agt_3', 'Tomas Vaitkus'),
  agent('agt_4', 'Ilze', true),
]

describe('calling colleagues', () => {
  it('begins at an @ that stands at the start or after a space', () => {
    expect(callAt('@ie', 3)).toEqual({ from: 0, typed: 'ie' })
    expect(callAt('ask @', 5)).toEqual({ from: 4, typed: '' })
    expect(callAt('mail@example', 12)).toBeUndefined()
    expect(callAt('@ieva done', 10)).toBeUndefined()
  })

  it('offers whose name or surname begins so, and nobody who has left', () => {
    expect(offered(team, 'vai').map((one) => one.id)).toEqual(['agt_3'])
    expect(offered(team, 'I').map((one) => one.id)).toEqual(['agt_1', 'agt_2'])
  })

  it('means the longer of two names that begin alike', () => {
    expect(called(team, '@Ieva Malmö can you look?')).toEqual(['agt_2'])
    expect(called(team, '@Ieva and @Tomas Vaitkus')).toEqual(['agt_3', 'agt_1'])
    expect(called(team, 'nobody')).toEqual([])
  })
})

describe('later', () => {
  const presets = (at: string) => laterTimes(new Date(at).getTime()).map((one) => one.preset)

  it('offers only what is ahead, and nothing twice', () => {
    expect(presets('2026-11-25T10:00:00')).toEqual(['hour', 'evening', 'tomorrow', 'monday'])
    expect(presets('2026-11-25T17:30:00')).toEqual(['hour', 'tomorrow', 'monday'])
    expect(presets('2026-11-29T10:00:00')).toEqual(['hour', 'evening', 'tomorrow'])
    expect(presets('2026-11-30T10:00:00')).toEqual(['hour', 'evening', 'tomorrow', 'monday'])
  })

  it('reads what it writes into an input', () => {
    const at = new Date('2026-11-25T10:50:00').getTime()
    expect(fromLocalInput(localInput(at))).toBe(at)
    expect(fromLocalInput('')).toBeUndefined()
  })
})
