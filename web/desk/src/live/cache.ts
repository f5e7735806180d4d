import type { Customer, Entry, Episode, LogFrame, Thread } from '@onethread/client'
import type { QueryClient } from '@tanstack/react-query'
import { keys } from '../api/keys.ts'
import { threadQuery } from '../api/queries.ts'
import { isMerging } from '../threads/merging.ts'
import {
  changesTheWay,
  entriesAfter,
  episodesAfter,
  mustRead,
  openEpisodesAfter,
  type Pages,
  placeThread,
  threadAfter,
  threadsAfter,
  withCustomer,
  withCustomerInList,
} from './reduce.ts'

/** Frames remembered for answers that are still on their way. */
const REMEMBERED = 4000
/** What frames are applied to, by the first word of its key. */
const FOLLOWED = new Set<unknown>(['threads', 'thread', 'entries', 'episodes', 'open-episodes'])
/** Threads read at the same time when a surge brings many that the list does not hold. */
const READING_AT_ONCE = 4

/**
 * Applies the frames of the live socket to the query cache.
 *
 * An answer that was read before a frame may arrive after it and would undo it (a further page even restores the pages
 * that it was added to). So frames are remembered for as long as a read takes, and applied again to what it brings.
 */
export class LiveCache {
  private readonly client: QueryClient
  private recent: LogFrame[] = []
  /** How many frames came before `recent[0]`. */
  private forgotten = 0
  private readonly marks = new Map<string, number>()
  private readonly wanted = new Set<string>()
  private readonly reading = new Set<string>()

  constructor(client: QueryClient) {
    this.client = client
  }

  /** Begins to watch the cache; the answer ends it. */
  watch(): () => void {
    return this.client.getQueryCache().subscribe((event) => {
      if (event.type !== 'updated') return
      const [name] = event.query.queryKey
      if (!FOLLOWED.has(name)) return
      if (event.action.type === 'fetch') {
        this.marks.set(event.query.queryHash, this.forgotten + this.recent.length)
      } else if (event.action.type === 'success' && !event.action.manual) {
        this.catchUp(event.query.queryKey, this.marks.get(event.query.queryHash) ?? 0)
        this.marks.delete(event.query.queryHash)
      }
    })
  }

  apply(frames: LogFrame[]): void {
    this.recent.push(...frames)
    if (this.recent.length > REMEMBERED) {
      const cut = this.recent.length - REMEMBERED
      this.recent.splice(0, cut)
      this.forgotten += cut
    }
    this.applyToThreads(frames)
    this.applyToOpenEpisodes(frames)
    for (const [id, own] of byThread(frames)) {
      this.applyToThread(id, own)
      this.applyToEntries(id, own)
      this.applyToEpisodes(id, own)
    }
    for (const frame of frames) {
      this.applyToSettings(frame)
      this.applyToPromised(frame)
    }
    if (frames.some((frame) => isMerging(frame.kind))) this.readMerged()
    void this.readWanted()
  }

  /** Whose an identity is has changed: whatever stands on the screen is read again, by whichever id it was asked for. */
  private readMerged(): void {
    for (const name of ['thread', 'entries', 'threads', 'episodes', 'open-episodes', 'merges', 'search']) {
      void this.client.invalidateQueries({ queryKey: [name] })
    }
  }

  /** Threads that could not be read while the connection was gone are read when it is back. */
  back(): void {
    void this.readWanted()
  }

  /** How many frames have come. */
  place(): number {
    return this.forgotten + this.recent.length
  }

  /**
   * A message that this desk sent or sent again: its entry is known before its frame comes. Where a frame of it came since
   * `asked`, the place when it was asked, that one tells more: the answer would take back what became of the message.
   */
  entryKnown(threadId: string, entry: Entry, asked = 0): void {
    const since = this.recent.slice(Math.max(0, asked - this.forgotten))
    if (since.some((frame) => frame.entry_id === entry.id || frame.entry?.id === entry.id)) return
    const frame: LogFrame = {
      cursor: '',
      seq: entry.seq,
      kind: 'message.queued',
      at: entry.at,
      thread_id: threadId,
      entry,
    }
    this.applyToThreads([frame])
    this.applyToThread(threadId, [frame])
    this.applyToEntries(threadId, [frame])
  }

  /** What this desk said of a customer: known before its frame comes. */
  customerKnown(customer: Customer): void {
    this.client.setQueryData<Thread>(
      keys.thread(customer.thread_id),
      (thread) => thread && withCustomer(thread, customer),
    )
    this.client.setQueryData<Pages<Thread>>(keys.threads, (data) => data && withCustomerInList(data, customer))
  }

  /** An episode as an act of this desk left it: known before its frame comes. */
  episodeKnown(episode: Episode): void {
    const frame: LogFrame = {
      cursor: '',
      seq: 0,
      kind: 'episode.changed',
      at: episode.last_activity_at,
      thread_id: episode.thread_id,
      episode_id: episode.id,
      episode,
    }
    this.applyToOpenEpisodes([frame])
    this.applyToEpisodes(episode.thread_id, [frame])
  }

  /** A message that was moved by this desk. */
  entryChanged(threadId: string, entry: Entry): void {
    const frame: LogFrame = {
      cursor: '',
      seq: 0,
      kind: 'message.attributed',
      at: entry.at,
      thread_id: threadId,
      changed_entry: entry,
    }
    this.applyToThreads([frame])
    this.applyToThread(threadId, [frame])
    this.applyToEntries(threadId, [frame])
  }

  private catchUp(queryKey: readonly unknown[], mark: number): void {
    const [name, id] = queryKey
    if (mark < this.forgotten) {
      void this.client.invalidateQueries({ queryKey, exact: true })
      return
    }
    const missed = this.recent.slice(mark - this.forgotten)
    const own = missed.filter((frame) => frame.thread_id === id)
    if (name === 'threads') {
      this.applyToThreads(missed)
    } else if (name === 'open-episodes') {
      this.applyToOpenEpisodes(missed)
    } else if (name === 'entries') {
      this.applyToEntries(String(id), own)
    } else if (name === 'episodes') {
      this.applyToEpisodes(String(id), own)
    } else {
      this.applyToThread(String(id), own)
      const thread = this.client.getQueryData<Thread>(queryKey)
      if (thread) {
        this.client.setQueryData<Pages<Thread>>(keys.threads, (data) => (data ? placeThread(data, thread) : data))
      }
    }
    // What was read before a frame that asks for reading is behind it.
    void this.readWanted()
  }

  private applyToThreads(frames: LogFrame[]): void {
    const start = this.client.getQueryData<Pages<Thread>>(keys.threads)
    if (!start) return
    let data = start
    for (const frame of frames) {
      if (!frame.thread_id) continue
      const after = threadsAfter(data, frame)
      data = after.data
      if (after.known ? changesTheWay(frame) : frame.entry) this.wanted.add(frame.thread_id)
    }
    if (data !== start) this.client.setQueryData<Pages<Thread>>(keys.threads, data)
  }

  private applyToThread(id: string, frames: LogFrame[]): void {
    const start = this.client.getQueryData<Thread>(keys.thread(id))
    if (!start) return
    if (frames.some((frame) => mustRead(start, frame))) this.wanted.add(id)
    const thread = frames.reduce(threadAfter, start)
    if (thread !== start) this.client.setQueryData<Thread>(keys.thread(id), thread)
  }

  private applyToEntries(id: string, frames: LogFrame[]): void {
    const start = this.client.getQueryData<Pages<Entry>>(keys.entries(id))
    if (!start) return
    const data = frames.reduce(entriesAfter, start)
    if (data !== start) this.client.setQueryData<Pages<Entry>>(keys.entries(id), data)
  }

  private applyToEpisodes(id: string, frames: LogFrame[]): void {
    const start = this.client.getQueryData<Episode[]>(keys.episodes(id))
    if (!start) return
    const episodes = frames.reduce(episodesAfter, start)
    if (episodes !== start) this.client.setQueryData<Episode[]>(keys.episodes(id), episodes)
  }

  private applyToOpenEpisodes(frames: LogFrame[]): void {
    const start = this.client.getQueryData<Pages<Episode>>(keys.openEpisodes)
    if (!start) return
    const data = frames.reduce(openEpisodesAfter, start)
    if (data !== start) this.client.setQueryData<Pages<Episode>>(keys.openEpisodes, data)
  }

  /** A promise and a file have no frame of their own contents: they are read again. */
  private applyToPromised(frame: LogFrame): void {
    const again = (queryKey: readonly unknown[]) => void this.client.invalidateQueries({ queryKey })
    if (frame.kind.startsWith('promise.') && frame.episode_id) {
      again(keys.promises(frame.episode_id))
    }
    const changed = frame.changed_entry
    if (frame.kind.startsWith('message.media_') && changed?.type === 'message') {
      for (const block of changed.blocks) if ('file_id' in block) again(keys.file(block.file_id))
    }
  }

  /** Rare things are simply read again, by the screens that show them just now. */
  private applyToSettings(frame: LogFrame): void {
    const again = (queryKey: readonly unknown[]) => void this.client.invalidateQueries({ queryKey })
    if (frame.kind.startsWith('channel_account.')) {
      again(keys.accounts)
      // Whether people have longer to answer than programs is a setting of the account. The list may be thousands of rows,
      // and takes up each thread that is read.
      again(['thread'])
      if (frame.subject_id) again(keys.account(frame.subject_id))
    } else if (frame.kind.startsWith('webhook.')) {
      again(keys.webhooks)
      if (frame.subject_id) again(keys.webhook(frame.subject_id))
    } else if (frame.kind === 'label.changed' || frame.kind === 'attribute.changed') {
      // Every customer may carry it, whoever is shown.
      again(frame.kind === 'label.changed' ? keys.labels : keys.attributes)
      again(keys.threads)
      again(['thread'])
      if (frame.kind === 'label.changed') {
        // Every matter, too.
        again(['episodes'])
        again(keys.openEpisodes)
      }
    } else if (frame.kind === 'calendar.changed') {
      again(keys.calendars)
      if (frame.subject_id) {
        again(keys.calendar(frame.subject_id))
        again(keys.calendarPreview(frame.subject_id))
      }
    } else if (frame.kind.startsWith('agent.')) {
      again(keys.agents)
      again(keys.me)
    } else if (frame.kind === 'message.failed' || frame.kind === 'message.uncertain' || frame.kind.startsWith('job.')) {
      again(['jobs'])
    } else if (frame.kind.startsWith('event.') && !frame.entry) {
      again(['events'])
    } else if (frame.entry?.type === 'message' && frame.entry.direction === 'inbound') {
      const id = frame.entry.channel_account_id
      again(keys.account(id))
    }
  }

  /** Reads the threads that frames named and the list does not hold: one GET each, few at a time. */
  private async readWanted(): Promise<void> {
    for (const id of this.wanted) {
      if (this.reading.size >= READING_AT_ONCE) return
      if (this.reading.has(id)) continue
      this.wanted.delete(id)
      this.reading.add(id)
      this.client
        .fetchQuery({ ...threadQuery(id), staleTime: 0 })
        // Unreachable: it stays wanted until the connection is back. Gone: nothing to show.
        .catch((problem: { temporary?: boolean }) => {
          if (problem.temporary) this.wanted.add(id)
          return undefined
        })
        .then((thread) => {
          this.reading.delete(id)
          if (thread) void this.readWanted()
        })
    }
  }
}

function byThread(frames: LogFrame[]): Map<string, LogFrame[]> {
  const groups = new Map<string, LogFrame[]>()
  for (const frame of frames) {
    if (!frame.thread_id) continue
    const group = groups.get(frame.thread_id)
    if (group) group.push(frame)
    else groups.set(frame.thread_id, [frame])
  }
  return groups
}
