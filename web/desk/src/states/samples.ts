/** Threads, entries and frames for tests and for the pages of states. */
import type { Customer, Delivery, Entry, LogFrame, MessageEntry, Thread } from '@onethread/client'

const START = Date.parse('2026-11-22T08:00:00Z')
export const at = (minutes: number): string => new Date(START + minutes * 60_000).toISOString()

export function customer(place: number, more: Partial<Customer> = {}): Customer {
  return {
    id: `cus_${place}`,
    thread_id: `thr_${place}`,
    name: `Person ${place}`,
    created_at: at(-9000),
    identities: [
      {
        id: `idn_${place}`,
        address: `700100200300${place}`,
        kind: 'messenger',
        channel_account_id: 'cha_1',
        window_until: at(1440),
        blocked: false,
        last_inbound_at: at(0),
        verification: { level: 'claimed', source: 'channel', at: at(-9000) },
      },
    ],
    ...more,
  }
}

export function inbound(seq: number, text: string, more: Partial<MessageEntry> = {}): MessageEntry {
  return {
    type: 'message',
    seq,
    id: `msg_${seq}`,
    at: at(seq),
    episode_id: null,
    identity_id: 'idn_1',
    direction: 'inbound',
    author: { type: 'customer', id: 'cus_1', name: 'Person 1' },
    blocks: text ? [{ type: 'text', text }] : [],
    channel_account_id: 'cha_1',
    external_id: null,
    ...more,
  }
}

export function outbound(seq: number, text: string, delivery: Partial<Delivery> = {}): MessageEntry {
  return inbound(seq, text, {
    direction: 'outbound',
    author: { type: 'agent', id: 'agt_1', name: 'Tomas' },
    delivery: { state: 'queued', error: null, tries: 0, ...delivery },
  })
}

export function thread(place: number, minutes: number, last: Entry | null = inbound(place, 'Hello')): Thread {
  return {
    id: `thr_${place}`,
    customer: customer(place),
    last_entry: last,
    last_activity_at: at(minutes),
    created_at: at(-9000),
  }
}

export function received(threadId: string, entry: Entry, minutes = 0): LogFrame {
  return {
    cursor: `c${entry.seq}`,
    seq: entry.seq,
    kind: entry.type === 'message' && entry.direction === 'outbound' ? 'message.queued' : 'message.received',
    at: at(minutes),
    thread_id: threadId,
    entry_id: entry.id,
    entry,
  }
}

export function changed(seq: number, threadId: string, entryId: string, delivery: Delivery): LogFrame {
  return {
    cursor: `c${seq}`,
    seq,
    kind: `message.${delivery.state}`,
    at: at(seq),
    thread_id: threadId,
    entry_id: entryId,
    delivery,
  }
}
