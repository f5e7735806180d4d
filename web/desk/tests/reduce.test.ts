import type { Delivery, Entry, LogFrame, Thread } from '@onethread/client'
import { describe, expect, it } from 'vitest'
import {
  entriesAfter,
  flat,
  mustRead,
  type Pages,
  placeThread,
  threadAfter,
  threadsAfter,
  withEntry,
} from '../src/live/reduce.ts'
import { at, changed, inbound, outbound, received, thread } from '../src/states/samples.ts'

const pages = <T>(items: T[][], next: string | null = null): Pages<T> => ({
  pages: items.map((page, place) => ({ items: page, next_cursor: place < items.length - 1 ? String(place) : next })),
  pageParams: items.map((_, place) => (place === 0 ? undefined : String(place - 1))),
})
const ids = (data: Pages<{ id: string }>) => flat(data).map((item) => item.id)
const done = (state: Delivery['state'], tries = 1): Delivery => ({ state, error: null, tries })

describe('entries of a thread', () => {
  const start = pages<Entry>([[inbound(9, 'nine'), inbound(7, 'seven')], [inbound(5, 'five')]], 'more')

  it('puts a new entry in front', () => {
    expect(ids(entriesAfter(start, received('thr_1', inbound(12, 'twelve'))))).toEqual([
      'msg_12',
      'msg_9',
      'msg_7',
      'msg_5',
    ])
  })

  it('does nothing for an entry that the snapshot already holds', () => {
    expect(entriesAfter(start, received('thr_1', inbound(7, 'seven')))).toBe(start)
  })

  it('applies a frame twice as if once', () => {
    const frame = received('thr_1', inbound(12, 'twelve'))
    const once = entriesAfter(start, frame)
    expect(entriesAfter(once, frame)).toBe(once)
  })

  it('orders by seq, also what comes late', () => {
    expect(ids(withEntry(start, inbound(8, 'eight')))).toEqual(['msg_9', 'msg_8', 'msg_7', 'msg_5'])
  })

  it('leaves an entry of a page that is not read yet to that page', () => {
    expect(withEntry(start, inbound(2, 'two'))).toBe(start)
    const whole = pages<Entry>([[inbound(9, 'nine')], [inbound(5, 'five')]])
    expect(ids(withEntry(whole, inbound(2, 'two')))).toEqual(['msg_9', 'msg_5', 'msg_2'])
  })

  it('begins an empty thread', () => {
    expect(ids(withEntry(pages<Entry>([[]]), inbound(1, 'one')))).toEqual(['msg_1'])
  })

  it('moves a delivery forward and never back', () => {
    const sent = pages<Entry>([[outbound(20, 'hello', done('delivered'))]])
    expect(entriesAfter(sent, changed(21, 'thr_1', 'msg_20', done('sent')))).toBe(sent)
    const read = entriesAfter(sent, changed(22, 'thr_1', 'msg_20', done('read')))
    expect(flat(read)[0]).toMatchObject({ delivery: { state: 'read' } })
    const failed = changed(23, 'thr_1', 'msg_20', {
      state: 'failed',
      error: { reason: 'rejected', next_step: 'resend' },
      tries: 1,
    })
    expect(entriesAfter(read, failed)).toBe(read)
  })

  it('ends where the log ends when a stretch of it is replayed over a newer snapshot', () => {
    const frames: LogFrame[] = [
      received('thr_1', outbound(20, 'hello')),
      changed(21, 'thr_1', 'msg_20', {
        state: 'failed',
        error: { reason: 'outside_window', next_step: 'resend' },
        tries: 1,
      }),
      changed(22, 'thr_1', 'msg_20', done('queued', 1)),
      changed(23, 'thr_1', 'msg_20', done('sent', 2)),
    ]
    const end = frames.reduce(entriesAfter, pages<Entry>([[]]))
    const replayed = frames.reduce(entriesAfter, end)
    expect(replayed).toEqual(end)
    expect(flat(replayed)[0]).toMatchObject({ delivery: { state: 'sent', tries: 2 } })
  })

  it('shows another try of a message that still waits', () => {
    const waiting = pages<Entry>([[outbound(20, 'hello')]])
    const again = changed(21, 'thr_1', 'msg_20', {
      state: 'queued',
      error: { reason: 'gave_up', next_step: 'resend' },
      tries: 2,
    })
    expect(flat(entriesAfter(waiting, again))[0]).toMatchObject({ delivery: { tries: 2 } })
  })
})

describe('the list of threads', () => {
  const list = pages<Thread>([[thread(1, 30), thread(2, 20)], [thread(3, 10)]], 'more')

  it('moves a thread to the front with its new words', () => {
    const { data, known } = threadsAfter(list, received('thr_3', inbound(50, 'now'), 40))
    expect(known).toBe(true)
    expect(ids(data)).toEqual(['thr_3', 'thr_1', 'thr_2'])
    expect(flat(data)[0]?.last_entry?.id).toBe('msg_50')
  })

  it('does nothing for a frame that is older than the snapshot', () => {
    const newer = pages<Thread>([[thread(1, 30, inbound(90, 'newest'))]])
    expect(threadsAfter(newer, received('thr_1', inbound(60, 'older'), 5)).data).toBe(newer)
  })

  it('says when a thread is not there, so that it can be read', () => {
    const { data, known } = threadsAfter(list, received('thr_9', inbound(50, 'who?'), 40))
    expect(known).toBe(false)
    expect(data).toBe(list)
    expect(ids(placeThread(list, thread(9, 40)))).toEqual(['thr_9', 'thr_1', 'thr_2', 'thr_3'])
  })

  it('keeps a thread once, wherever it stood before', () => {
    expect(ids(placeThread(list, thread(2, 99)))).toEqual(['thr_2', 'thr_1', 'thr_3'])
  })

  it('leaves a thread that belongs on an unread page to that page', () => {
    expect(ids(placeThread(list, thread(9, 1)))).toEqual(['thr_1', 'thr_2', 'thr_3'])
  })

  it('shows a fate without moving the row', () => {
    const ours = pages<Thread>([[thread(1, 30), thread(2, 20, outbound(40, 'we', done('sent')))]])
    const { data } = threadsAfter(ours, changed(41, 'thr_2', 'msg_40', done('read')))
    expect(ids(data)).toEqual(['thr_1', 'thr_2'])
    expect(flat(data)[1]?.last_entry).toMatchObject({ delivery: { state: 'read' } })
  })

  it('counts a thread once that is on two pages', () => {
    expect(ids(pages<Thread>([[thread(1, 30)], [thread(1, 20), thread(2, 10)]]))).toEqual(['thr_1', 'thr_2'])
  })
})

describe('the way to the person', () => {
  it('opens again when they write, and lasts as long as before', () => {
    const before = thread(1, 0)
    for (const identity of before.customer.identities) identity.human_window_until = at(10080)
    const after = threadAfter(before, received('thr_1', inbound(60, 'hi', { at: at(60) }), 60))
    expect(after.customer.identities[0]).toMatchObject({
      last_inbound_at: at(60),
      window_until: at(1500),
      human_window_until: at(10140),
      blocked: false,
      suppression: null,
    })
  })

  it('asks the server where nothing can be worked out', () => {
    const known = thread(1, 0)
    expect(mustRead(known, received('thr_1', inbound(60, 'hi')))).toBe(false)
    expect(mustRead(known, received('thr_1', inbound(60, 'hi', { identity_id: 'idn_new' })))).toBe(true)
    expect(mustRead(known, { ...received('thr_1', inbound(60, 'hi')), kind: 'customer.changed' })).toBe(true)
  })

  it('asks again when the provider says that the way to the customer is closed', () => {
    const refused = (reason: 'outside_window' | 'blocked' | 'rejected') =>
      mustRead(
        thread(1, 0),
        changed(61, 'thr_1', 'msg_60', { state: 'failed', error: { reason, next_step: 'resend' }, tries: 1 }),
      )
    expect(refused('outside_window')).toBe(true)
    expect(refused('blocked')).toBe(true)
    expect(refused('rejected')).toBe(false)
  })
})
