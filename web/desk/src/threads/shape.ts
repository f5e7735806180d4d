import type { Customer, Entry, Episode, MessageEntry, Promised } from '@onethread/client'
import { dayOf } from '../i18n/format.ts'

/** Runs by one author within this share one by-line. */
const RUN = 5 * 60_000

/** The beginning of a matter: its row folds all that belongs to it. */
export type KnotRow = {
  type: 'knot'
  key: string
  episode: Episode
  folded: boolean
  /** How many messages and notes it holds; undefined while its beginning is not loaded. */
  count: number | undefined
  /** The channels that it ran through. */
  kinds: string[]
}

export type PromiseRow = {
  type: 'promise'
  key: string
  promise: Promised
  phase: 'made' | 'kept' | 'broken'
  at: number
}

export type Row =
  | KnotRow
  | PromiseRow
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
  entry.type === 'message'
    ? `${entry.direction}:${entry.author.type}:${entry.author.id ?? entry.author.name}`
    : entry.type

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

/** What is known of the matters of a thread. */
export type Matters = {
  episodes: readonly Episode[]
  promises: readonly Promised[]
  folded: (episode: Episode) => boolean
  /** The entries go back to the beginning of the thread. */
  complete: boolean
}

const NONE: Matters = { episodes: [], promises: [], folded: () => false, complete: true }

function promiseRows(promises: readonly Promised[]): PromiseRow[] {
  const rows = promises.flatMap((promise): PromiseRow[] => {
    const made: PromiseRow = {
      type: 'promise',
      key: `${promise.id}m`,
      promise,
      phase: 'made',
      at: Date.parse(promise.made_at),
    }
    if (promise.state === 'open' || !promise.ended_at) return [made]
    return [
      made,
      { type: 'promise', key: `${promise.id}e`, promise, phase: promise.state, at: Date.parse(promise.ended_at) },
    ]
  })
  return rows.sort((a, b) => a.at - b.at)
}

/** A knot for each matter whose beginning is here, by the id of the entry that it stands before. */
function knots(
  oldestFirst: readonly Entry[],
  { episodes, folded, complete }: Matters,
  kindOf: (entry: Entry) => string,
) {
  const known = new Map(episodes.map((episode) => [episode.id, episode]))
  const begun = new Map<string, { before: string; row: KnotRow }>()
  const earliest = oldestFirst[0] ? Date.parse(oldestFirst[0].at) : 0
  for (const entry of oldestFirst) {
    const episode = entry.episode_id ? known.get(entry.episode_id) : undefined
    if (!episode) continue
    let knot = begun.get(episode.id)
    if (!knot) {
      const whole = complete || Date.parse(episode.opened_at) > earliest
      const row: KnotRow = {
        type: 'knot',
        key: `k${episode.id}`,
        episode,
        folded: folded(episode),
        count: whole ? 0 : undefined,
        kinds: [],
      }
      knot = { before: entry.id, row }
      begun.set(episode.id, knot)
    }
    if (entry.type !== 'event' && knot.row.count !== undefined) knot.row.count += 1
    const kind = kindOf(entry)
    if (kind && !knot.row.kinds.includes(kind)) knot.row.kinds.push(kind)
  }
  const rows = new Map<string, KnotRow>()
  // A matter that began before what is loaded gets its knot when its beginning is there, unless it is folded.
  for (const { before, row } of begun.values()) if (row.count !== undefined || row.folded) rows.set(before, row)
  return { rows, hides: (id: string | null | undefined) => Boolean(id && begun.get(id)?.row.folded) }
}

/** Turns entries into what the timeline draws: stretches by channel, days, runs. */
export function shape(
  oldestFirst: readonly Entry[],
  customer: Customer | undefined,
  matters: Matters = NONE,
): Stretch[] {
  const identities = new Map(customer?.identities.map((identity) => [identity.id, identity]))
  const told = fates(oldestFirst)
  const kindOf = (entry: Entry) => (entry.identity_id ? identities.get(entry.identity_id)?.kind : undefined) ?? ''
  const { rows: begins, hides } = knots(oldestFirst, matters, kindOf)
  const promises = promiseRows(matters.promises.filter((promise) => !hides(promise.episode_id)))
  const loadedFrom = oldestFirst[0] ? Date.parse(oldestFirst[0].at) : 0
  let promise = matters.complete ? 0 : promises.findIndex((row) => row.at >= loadedFrom)
  if (promise < 0) promise = promises.length
  const stretches: Stretch[] = []
  let stretch: Stretch | undefined
  let through: string | null | undefined
  let day: number | undefined
  let before: { at: number; author: string } | undefined
  for (const entry of oldestFirst) {
    const at = Date.parse(entry.at)
    // What has no address of its own stays in the stretch that it happened in.
    if (!stretch || (entry.type === 'message' && entry.identity_id && entry.identity_id !== through)) {
      through = entry.identity_id
      const identity = through ? identities.get(through) : undefined
      stretch = { key: `s${entry.id}`, kind: identity?.kind ?? '', address: identity?.address ?? '', rows: [] }
      stretches.push(stretch)
      before = undefined
    }
    for (let row = promises[promise]; row && row.at < at; row = promises[promise]) {
      stretch.rows.push(row)
      promise += 1
      before = undefined
    }
    const knot = begins.get(entry.id)
    if (knot) {
      stretch.rows.push(knot)
      before = undefined
    }
    if (hides(entry.episode_id)) continue
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
  stretch?.rows.push(...promises.slice(promise))
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
