/** Threads, entries and frames for tests and for the pages of states. */
import type {
  Attribute,
  Customer,
  Delivery,
  Entry,
  Episode,
  EventEntry,
  Label,
  LogFrame,
  MessageEntry,
  NoteEntry,
  Promised,
  Thread,
} from '@onethread/client'

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
        human_window_until: null,
        blocked: false,
        suppression: null,
        last_inbound_at: at(0),
        verification: { level: 'claimed', source: 'channel', at: at(-9000) },
      },
    ],
    attributes: {},
    labels: [],
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

export function label(place: number, name: string, more: Partial<Label> = {}): Label {
  return { id: `lab_${place}`, name, colour: 'grey', archived: false, created_at: at(0), ...more }
}

export function attribute(place: number, name: string, more: Partial<Attribute> = {}): Attribute {
  return {
    id: `atr_${place}`,
    key: `field_${place}`,
    name,
    type: 'text',
    options: [],
    description: '',
    required: false,
    archived: false,
    position: place,
    created_at: at(0),
    ...more,
  }
}

export function episode(place: number, more: Partial<Episode> = {}): Episode {
  return {
    id: `epi_${place}`,
    thread_id: 'thr_1',
    customer_id: 'cus_1',
    identity_id: 'idn_1',
    state: 'active',
    ball: 'human',
    subject: `Matter ${place}`,
    topic: '',
    assignee: null,
    opened_at: at(place),
    unanswered_since: at(place),
    resolved_at: null,
    closed_at: null,
    closed_by: null,
    until: null,
    promise_due_at: null,
    hold_reason: null,
    follows_id: null,
    reopens: 0,
    labels: [],
    last_activity_at: at(place),
    version: 1,
    ...more,
  }
}

export function note(seq: number, text: string, more: Partial<NoteEntry> = {}): NoteEntry {
  return {
    type: 'note',
    seq,
    id: `not_${seq}`,
    at: at(seq),
    episode_id: null,
    identity_id: 'idn_1',
    author: { type: 'agent', id: 'agt_1', name: 'Tomas' },
    text,
    mentions: [],
    ...more,
  }
}

export function event(seq: number, name: string, more: Partial<EventEntry> = {}): EventEntry {
  return {
    type: 'event',
    seq,
    id: `evt_${seq}`,
    at: at(seq),
    episode_id: null,
    identity_id: 'idn_1',
    name,
    what: '',
    ...more,
  }
}

export function promised(place: number, episodeId: string, more: Partial<Promised> = {}): Promised {
  return {
    id: `prm_${place}`,
    episode_id: episodeId,
    due_at: at(place + 60),
    text: 'An answer about the parcel',
    made_by: { type: 'agent', id: 'agt_1', name: 'Tomas' },
    made_at: at(place),
    state: 'open',
    ended_at: null,
    ...more,
  }
}

/** A frame about an episode as it is now. */
export function stepped(seq: number, kind: string, news: Episode): LogFrame {
  return {
    cursor: `c${seq}`,
    seq,
    kind,
    at: at(seq),
    thread_id: news.thread_id,
    episode_id: news.id,
    episode: news,
  }
}
