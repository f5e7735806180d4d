/**
 * How a frame of the live socket changes what the desk has read. Pure: the cache in, the cache out.
 *
 * Everything here may be applied twice and may meet a snapshot that is already newer, because the snapshot is read after
 * the place in the log is known. So entries are told apart by id and ordered by seq, and deliveries only move forward.
 */
import {
  type Customer,
  type Delivery,
  type Entry,
  type Episode,
  type LogFrame,
  mayBecome,
  type Page,
  type Thread,
} from '@onethread/client'
import type { InfiniteData } from '@tanstack/react-query'
import { isMerging } from '../threads/merging.ts'

export type Pages<T> = InfiniteData<Page<T>, string | undefined>

/** Every item once, in the order of the pages: an item that moved up may still stand on a page read later. */
export function flat<T extends { id: string }>(data: InfiniteData<Page<T>, unknown> | undefined): T[] {
  const seen = new Set<string>()
  const items: T[] = []
  for (const page of data?.pages ?? []) {
    for (const item of page.items) {
      if (seen.has(item.id)) continue
      seen.add(item.id)
      items.push(item)
    }
  }
  return items
}

/** The newer of two deliveries of one message; the same state may still bring another try or error. */
export function newerDelivery(have: Delivery | undefined, news: Delivery): Delivery {
  if (!have) return news
  if (have.state === news.state) return news.tries >= have.tries ? news : have
  return mayBecome(have.state, news.state) ? news : have
}

export function withDelivery(entry: Entry, news: Delivery): Entry {
  if (entry.type !== 'message') return entry
  const delivery = newerDelivery(entry.delivery, news)
  return delivery === entry.delivery ? entry : { ...entry, delivery }
}

/** The entry after a frame that tells of its delivery. */
function deliveredBy(entry: Entry, { delivery, external_id }: LogFrame): Entry {
  if (entry.type !== 'message' || !delivery) return entry
  const told = withDelivery(entry, delivery)
  return external_id && entry.external_id !== external_id ? ({ ...told, external_id } as Entry) : told
}

/** One entry as known from two sources: the newer delivery wins, the rest does not change. */
export function mergeEntry(have: Entry, news: Entry): Entry {
  if (have.type !== 'message' || news.type !== 'message') return have
  const external_id = have.external_id ?? news.external_id ?? null
  const merged = news.delivery ? withDelivery(have, news.delivery) : have
  return merged === have && external_id === (have.external_id ?? null) ? have : ({ ...merged, external_id } as Entry)
}

/** The message as it is after an edit, a reaction, a move or the arrival of its media; its delivery still only moves forward. */
export function changedEntry(have: Entry, news: Entry): Entry {
  if (have.type !== 'message' || news.type !== 'message') return news
  const delivery = news.delivery ? newerDelivery(have.delivery, news.delivery) : have.delivery
  const external_id = news.external_id ?? have.external_id ?? null
  return { ...news, external_id, ...(delivery ? { delivery } : {}) } as Entry
}

function changeItem<T extends { id: string }>(data: Pages<T>, id: string, change: (item: T) => T): Pages<T> {
  for (const [at, page] of data.pages.entries()) {
    const place = page.items.findIndex((item) => item.id === id)
    const item = page.items[place]
    if (!item) continue
    const changed = change(item)
    if (changed === item) return data
    const items = page.items.with(place, changed)
    return { ...data, pages: data.pages.with(at, { ...page, items }) }
  }
  return data
}

/** Puts an entry into a thread's pages (newest first), or leaves them when it is there or belongs to a page not read yet. */
export function withEntry(data: Pages<Entry>, entry: Entry): Pages<Entry> {
  for (const page of data.pages) {
    if (page.items.some((item) => item.id === entry.id)) {
      return changeItem(data, entry.id, (have) => mergeEntry(have, entry))
    }
  }
  for (const [at, page] of data.pages.entries()) {
    const place = page.items.findIndex((item) => item.seq < entry.seq)
    const last = at === data.pages.length - 1
    if (place === -1 && !(last && !page.next_cursor)) continue
    const items = place === -1 ? [...page.items, entry] : page.items.toSpliced(place, 0, entry)
    return { ...data, pages: data.pages.with(at, { ...page, items }) }
  }
  return data
}

export function entriesAfter(data: Pages<Entry>, frame: LogFrame): Pages<Entry> {
  const { changed_entry, entry_id } = frame
  const placed = frame.entry ? withEntry(data, frame.entry) : data
  const shown = changed_entry
    ? changeItem(placed, changed_entry.id, (have) => changedEntry(have, changed_entry))
    : placed
  return frame.delivery && entry_id ? changeItem(shown, entry_id, (entry) => deliveredBy(entry, frame)) : shown
}

const later = (a: string, b: string): string => (Date.parse(b) > Date.parse(a) ? b : a)

/** Somebody wrote: they are reachable again, and their window moves on by as much as their last word did. */
function customerAfter(customer: Customer, frame: LogFrame): Customer {
  const { entry } = frame
  if (entry?.type !== 'message' || entry.direction !== 'inbound' || !entry.identity_id) return customer
  const place = customer.identities.findIndex((identity) => identity.id === entry.identity_id)
  const identity = customer.identities[place]
  if (!identity) return customer
  const before = identity.last_inbound_at ? Date.parse(identity.last_inbound_at) : undefined
  const now = Date.parse(entry.at)
  if (before !== undefined && before >= now) return customer
  const moved = (until: string | null | undefined) =>
    until && before !== undefined ? new Date(Date.parse(until) + now - before).toISOString() : (until ?? null)
  const reached = {
    ...identity,
    blocked: false,
    last_inbound_at: entry.at,
    window_until: moved(identity.window_until),
    human_window_until: moved(identity.human_window_until),
  }
  return { ...customer, identities: customer.identities.with(place, reached) }
}

/**
 * Whether what is known of the way to a customer is old now: something was changed, or the provider refused an answer
 * because of the person or of the time.
 */
export function changesTheWay({ kind, delivery }: LogFrame): boolean {
  if (kind === 'customer.changed') return true
  const reason = delivery?.state === 'failed' ? delivery.error?.reason : undefined
  return reason === 'outside_window' || reason === 'blocked' || reason === 'suppressed'
}

/** Whether a frame says more about the way to a customer than can be worked out here, so that the thread must be read. */
export function mustRead(thread: Thread, frame: LogFrame): boolean {
  if (frame.kind.startsWith('customer.') && frame.kind !== 'customer.created') return true
  if (changesTheWay(frame)) return true
  const { entry } = frame
  if (entry?.type !== 'message' || !entry.identity_id) return false
  const identity = thread.customer.identities.find((one) => one.id === entry.identity_id)
  if (!identity) return true
  return entry.direction === 'inbound' && !(identity.last_inbound_at && identity.window_until)
}

export function threadAfter(thread: Thread, frame: LogFrame): Thread {
  let changed = thread
  const { changed_entry, entry, entry_id } = frame
  if (changed_entry && thread.last_entry?.id === changed_entry.id) {
    changed = { ...thread, last_entry: changedEntry(thread.last_entry, changed_entry) }
  }
  if (entry) {
    const have = thread.last_entry
    if (!have || entry.seq > have.seq) {
      changed = {
        ...changed,
        last_entry: entry,
        // Merging is no activity: it moves no thread up in the list.
        last_activity_at: isMerging(frame.kind) ? thread.last_activity_at : later(thread.last_activity_at, frame.at),
        customer: customerAfter(thread.customer, frame),
      }
    } else if (have.id === entry.id) {
      const merged = mergeEntry(changed.last_entry ?? have, entry)
      if (merged !== changed.last_entry) changed = { ...changed, last_entry: merged }
    }
  }
  if (changed.last_entry && changed.last_entry.id === entry_id) {
    const last_entry = deliveredBy(changed.last_entry, frame)
    if (last_entry !== changed.last_entry) changed = { ...changed, last_entry }
  }
  return changed
}

export function withCustomer(thread: Thread, customer: Customer): Thread {
  return thread.customer.id === customer.id ? { ...thread, customer } : thread
}

/** The list with a customer as they are known now; nothing moves. */
export function withCustomerInList(data: Pages<Thread>, customer: Customer): Pages<Thread> {
  return changeItem(data, customer.thread_id, (thread) => withCustomer(thread, customer))
}

/** Newest activity first, the id deciding between equals: the order of the server. */
function before(a: Thread, b: Thread): boolean {
  const difference = Date.parse(a.last_activity_at) - Date.parse(b.last_activity_at)
  return difference > 0 || (difference === 0 && a.id > b.id)
}

/** Puts a thread where its activity says, and nowhere else. */
export function placeThread(data: Pages<Thread>, thread: Thread): Pages<Thread> {
  const pages = data.pages.map((page) =>
    page.items.some((item) => item.id === thread.id)
      ? { ...page, items: page.items.filter((item) => item.id !== thread.id) }
      : page,
  )
  for (const [at, page] of pages.entries()) {
    const place = page.items.findIndex((item) => before(thread, item))
    const last = at === pages.length - 1
    if (place === -1 && !(last && !page.next_cursor)) continue
    const items = place === -1 ? [...page.items, thread] : page.items.toSpliced(place, 0, thread)
    return { ...data, pages: pages.with(at, { ...page, items }) }
  }
  return { ...data, pages }
}

/** The list after a frame, and whether the thread it speaks of is known there. */
export function threadsAfter(data: Pages<Thread>, frame: LogFrame): { data: Pages<Thread>; known: boolean } {
  for (const page of data.pages) {
    const thread = page.items.find((item) => item.id === frame.thread_id)
    if (!thread) continue
    const changed = threadAfter(thread, frame)
    if (changed === thread) return { data, known: true }
    if (changed.last_activity_at === thread.last_activity_at) {
      return { data: changeItem(data, thread.id, () => changed), known: true }
    }
    return { data: placeThread(data, changed), known: true }
  }
  return { data, known: false }
}

export const isOpen = (episode: Episode): boolean => episode.state !== 'resolved' && episode.state !== 'closed'

/** Newest first, as the server lists them. */
const opened = (a: Episode, b: Episode): number =>
  Date.parse(b.opened_at) - Date.parse(a.opened_at) || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)

/** The episodes of a thread with one as it is now; an older version of it changes nothing. */
export function withEpisode(episodes: Episode[], news: Episode): Episode[] {
  const place = episodes.findIndex((one) => one.id === news.id)
  const have = episodes[place]
  if (!have) return [...episodes, news].sort(opened)
  return have.version > news.version ? episodes : episodes.with(place, news)
}

export function episodesAfter(episodes: Episode[], frame: LogFrame): Episode[] {
  return frame.episode ? withEpisode(episodes, frame.episode) : episodes
}

/** The open episodes after a frame: what ended leaves, what opened comes to the front. */
export function openEpisodesAfter(data: Pages<Episode>, frame: LogFrame): Pages<Episode> {
  const news = frame.episode
  if (!news) return data
  for (const [at, page] of data.pages.entries()) {
    const place = page.items.findIndex((item) => item.id === news.id)
    const have = page.items[place]
    if (!have) continue
    if (have.version > news.version) return data
    const items = isOpen(news) ? page.items.with(place, news) : page.items.toSpliced(place, 1)
    return { ...data, pages: data.pages.with(at, { ...page, items }) }
  }
  const [first] = data.pages
  if (!isOpen(news) || !first) return data
  return { ...data, pages: data.pages.with(0, { ...first, items: [news, ...first.items] }) }
}
