import type { Customer, Entry, MessageEntry } from '@onethread/client'
import { dayOf } from '../i18n/format.ts'

/** Runs by one author within this share one by-line. */
const RUN = 5 * 60_000

export type Row =
  | { type: 'day'; key: string; at: number }
  | {
      type: 'entry'
      key: string
      entry: Entry
      at: number
      /** Begins a run: says who speaks. */
      first: boolean
      /** The minute differs from the row before. */
      timed: boolean
      /** The last of ours with this good fate: the only one that says it aloud. */
      fate: boolean
    }

/** A part of the thread that ran through one address of the customer. */
export type Stretch = { key: string; kind: string; address: string; rows: Row[] }

const author = (entry: Entry): string =>
  entry.type === 'message' ? `${entry.direction}:${entry.author.type}:${entry.author.id ?? entry.author.name}` : 'event'

const minute = (at: number): number => Math.floor(at / 60_000)

/** Good fates are told once, at the last message that shares them; everything else is told where it stands. */
function fates(oldestFirst: readonly Entry[]): Set<string> {
  const told = new Set<string>()
  const last = new Map<string, string>()
  for (const entry of oldestFirst) {
    if (entry.type !== 'message' || !entry.delivery) continue
    const { state } = entry.delivery
    if (state === 'sent' || state === 'delivered' || state === 'read') last.set(state, entry.id)
    else told.add(entry.id)
  }
  for (const id of last.values()) told.add(id)
  return told
}

/** Turns entries into what the timeline draws: stretches by channel, days, runs. */
export function shape(oldestFirst: readonly Entry[], customer: Customer | undefined): Stretch[] {
  const identities = new Map(customer?.identities.map((identity) => [identity.id, identity]))
  const told = fates(oldestFirst)
  const stretches: Stretch[] = []
  let stretch: Stretch | undefined
  let through: string | null | undefined
  let day: number | undefined
  let before: { at: number; author: string } | undefined
  for (const entry of oldestFirst) {
    const at = Date.parse(entry.at)
    // What has no address of its own stays in the stretch that it happened in.
    if (!stretch || (entry.identity_id && entry.identity_id !== through)) {
      through = entry.identity_id
      const identity = through ? identities.get(through) : undefined
      stretch = { key: `s${entry.id}`, kind: identity?.kind ?? '', address: identity?.address ?? '', rows: [] }
      stretches.push(stretch)
      before = undefined
    }
    if (day !== dayOf(at)) {
      day = dayOf(at)
      stretch.rows.push({ type: 'day', key: `d${day}`, at })
      before = undefined
    }
    const who = author(entry)
    const first = !before || before.author !== who || at - before.at > RUN
    stretch.rows.push({
      type: 'entry',
      key: entry.id,
      entry,
      at,
      first,
      timed: !before || minute(before.at) !== minute(at),
      fate: told.has(entry.id),
    })
    before = { at, author: who }
  }
  return stretches
}

/** What came in since somebody last looked, for the button and the announcement. */
export function inboundAfter(newestFirst: readonly Entry[], seq: number): MessageEntry[] {
  const fresh: MessageEntry[] = []
  for (const entry of newestFirst) {
    if (entry.seq <= seq) break
    if (entry.type === 'message' && entry.direction === 'inbound') fresh.push(entry)
  }
  return fresh
}
