import type { Entry, Episode, LogFrame } from '@onethread/client'
import { QueryClient } from '@tanstack/react-query'
import { describe, expect, it } from 'vitest'
import { keys } from '../src/api/keys.ts'
import { LiveCache } from '../src/live/cache.ts'
import { entriesAfter, episodesAfter, flat, openEpisodesAfter, type Pages, threadAfter } from '../src/live/reduce.ts'
import {
  at,
  changed,
  episode,
  event,
  inbound,
  note,
  outbound,
  received,
  stepped,
  thread,
} from '../src/states/samples.ts'

const one = <T>(items: T[]): Pages<T> => ({ pages: [{ items, next_cursor: null }], pageParams: [undefined] })
const told = (seq: number, kind: string, changed_entry: Entry): LogFrame => ({
  cursor: `c${seq}`,
  seq,
  kind,
  at: at(seq),
  thread_id: 'thr_1',
  entry_id: changed_entry.id,
  changed_entry,
})

describe('a snapshot and its frames are what a fresh snapshot would be', () => {
  const first = inbound(1, 'Where is it?', { episode_id: 'epi_1' })
  const answer = { ...outbound(2, 'Looking', { state: 'sent', tries: 1 }), episode_id: 'epi_1' }
  const edited: Entry = { ...first, blocks: [{ type: 'text', text: 'Where is my parcel?' }], edited_at: at(3) }
  const liked: Entry = { ...answer, reactions: [{ emoji: '👍', from: 'customer' }] }
  const moved: Entry = { ...edited, episode_id: 'epi_2' }
  const frames: LogFrame[] = [
    told(3, 'message.edited', edited),
    changed(4, 'thr_1', answer.id, { state: 'delivered', error: null, tries: 1 }),
    told(5, 'message.reaction', liked),
    received('thr_1', note(6, 'Look at the sorting hall')),
    told(7, 'message.attributed', moved),
    received('thr_1', event(8, 'episode.resolved', { episode_id: 'epi_1' })),
  ]
  const fresh = [
    event(8, 'episode.resolved', { episode_id: 'epi_1' }),
    note(6, 'Look at the sorting hall'),
    { ...liked, delivery: { state: 'delivered', error: null, tries: 1 }, external_id: null },
    { ...moved, external_id: null },
  ]

  it('entries', () => {
    expect(flat(frames.reduce(entriesAfter, one<Entry>([answer, first])))).toEqual(fresh)
  })

  it('entries, with every frame applied again over the newer snapshot', () => {
    const once = frames.reduce(entriesAfter, one<Entry>([answer, first]))
    expect(flat(frames.reduce(entriesAfter, once))).toEqual(fresh)
  })

  it('the last entry of a thread', () => {
    const start = { ...thread(1, 1), last_entry: first }
    expect(threadAfter(start, told(3, 'message.edited', edited)).last_entry).toMatchObject({ edited_at: at(3) })
    expect(threadAfter(start, told(5, 'message.reaction', liked)).last_entry).toBe(first)
    expect(threadAfter(start, received('thr_1', note(6, 'n'))).last_entry?.type).toBe('note')
  })

  it('a picture that has arrived', () => {
    const fetching = inbound(9, '', { blocks: [{ type: 'image', file_id: 'fil_1', state: 'fetching' }] })
    const stored: Entry = { ...fetching, blocks: [{ type: 'image', file_id: 'fil_1', state: 'stored' }] }
    const [shown] = flat(entriesAfter(one<Entry>([fetching]), told(10, 'message.media_stored', stored)))
    expect(shown).toMatchObject({ blocks: [{ state: 'stored' }] })
  })

  it('a change never takes a delivery back', () => {
    const read = { ...answer, delivery: { state: 'read' as const, error: null, tries: 1 } }
    const [shown] = flat(entriesAfter(one<Entry>([read]), told(10, 'message.reaction', liked)))
    expect(shown).toMatchObject({ delivery: { state: 'read' }, reactions: [{ emoji: '👍' }] })
  })
})

describe('episodes of a thread', () => {
  it('come newest first, and only newer versions change one', () => {
    const start = [episode(1, { version: 3 })]
    const two = episodesAfter(start, stepped(9, 'episode.opened', episode(5)))
    expect(two.map((item) => item.id)).toEqual(['epi_5', 'epi_1'])
    expect(episodesAfter(two, stepped(4, 'episode.changed', episode(1, { version: 2, subject: 'old' })))).toBe(two)
    const renamed = episodesAfter(two, stepped(10, 'episode.changed', episode(1, { version: 4, subject: 'new' })))
    expect(renamed[1]?.subject).toBe('new')
  })

  it('leave the open ones when they end and come back when reopened', () => {
    const start = one([episode(1), episode(2)])
    const ended = openEpisodesAfter(
      start,
      stepped(3, 'episode.resolved', episode(1, { version: 2, state: 'resolved' })),
    )
    expect(flat(ended).map((item) => item.id)).toEqual(['epi_2'])
    const again = openEpisodesAfter(ended, stepped(4, 'episode.reopened', episode(1, { version: 3 })))
    expect(flat(again).map((item) => item.id)).toEqual(['epi_1', 'epi_2'])
  })
})

it('the cache applies a frame to the thread and to the open episodes', () => {
  const client = new QueryClient()
  const cache = new LiveCache(client)
  client.setQueryData(keys.episodes('thr_1'), [episode(1)])
  client.setQueryData(keys.openEpisodes, one([episode(1)]))
  cache.apply([stepped(3, 'episode.resolved', episode(1, { version: 2, state: 'resolved' }))])
  expect(client.getQueryData<Episode[]>(keys.episodes('thr_1'))?.[0]?.state).toBe('resolved')
  expect(flat(client.getQueryData<Pages<Episode>>(keys.openEpisodes))).toEqual([])
})
