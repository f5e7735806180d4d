import { type Block, type Entry, type Problem, ProblemError, type ReplyKind, take } from '@onethread/client'
import { api } from '../api/api.ts'
import { newKey } from '../parts/key.ts'

/** What a reply is besides its words, or that it is a note for colleagues. */
export type Extra = {
  /** The whole message, where it is more than its text. */
  blocks?: Block[]
  episodeId?: string
  replyToId?: string
  replyKind?: ReplyKind
  /** When it shall go, when that is later. */
  later?: { at: number; cancelOnReply: boolean }
  /** Only the team sees it; these colleagues are called. */
  note?: { mentions: string[] }
}

/** A reply on its way to the server. Once it is there it is an entry like any other. */
export type Pending = {
  key: string
  threadId: string
  identityId: string | undefined
  text: string
  extra?: Extra
  at: number
  /** `sending` a call is under way · `waiting` nobody answered, it goes out when the connection is back · `refused` the server said no. */
  state: 'sending' | 'waiting' | 'refused'
  problem?: Problem
}

/** What came of it: the entry, and those that follow when the channel carries it only as several messages. */
type Sent = Entry & { more?: Entry[] }

type Post = (pending: Pending) => Promise<Sent>

const post: Post = ({ threadId, identityId, text, extra = {}, key }) => {
  const params = { path: { id: threadId }, header: { 'Idempotency-Key': key } }
  const { blocks = [{ type: 'text', text }], episodeId, replyToId, replyKind, later, note } = extra
  const episode = episodeId ? { episode_id: episodeId } : {}
  if (note) {
    return take(api.POST('/api/v1/threads/{id}/notes', { params, body: { text, mentions: note.mentions, ...episode } }))
  }
  return take(
    api.POST('/api/v1/threads/{id}/messages', {
      params,
      body: {
        blocks,
        client_id: key,
        ...episode,
        ...(identityId ? { identity_id: identityId } : {}),
        ...(replyToId ? { reply_to_id: replyToId } : {}),
        ...(replyKind ? { reply_kind: replyKind } : {}),
        ...(later ? { send_at: new Date(later.at).toISOString(), cancel_on_reply: later.cancelOnReply } : {}),
      },
    }),
  )
}

/** After a try in vain the next one waits this long, doubled each time up to the longest; the socket's return comes first. */
const FIRST_WAIT = 2000
const LONGEST_WAIT = 30_000
const STORED = 'onethread.outbox'

/**
 * Replies that the server does not have yet. They are sent in the order of writing per thread, each under a key of its
 * own: sending one again after a lost answer gives the same message and never a second one. A reload keeps them.
 */
export class Outbox {
  private items: readonly Pending[]
  private readonly listeners = new Set<() => void>()
  private readonly onEntry: (threadId: string, entry: Entry) => void
  private readonly send: Post
  private readonly busy = new Set<string>()
  private wait = FIRST_WAIT
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(onEntry: (threadId: string, entry: Entry) => void, send: Post = post) {
    this.onEntry = onEntry
    this.send = send
    this.items = restore()
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  all = (): readonly Pending[] => this.items

  add(threadId: string, identityId: string | undefined, text: string, extra?: Extra): void {
    const key = newKey()
    this.set([
      ...this.items,
      { key, threadId, identityId, text, at: Date.now(), state: 'waiting', ...(extra ? { extra } : {}) },
    ])
    void this.run(threadId)
  }

  remove(key: string): void {
    this.set(this.items.filter((item) => item.key !== key))
  }

  /** The connection is back: what waits goes out. */
  goOn(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    for (const threadId of new Set(this.items.map((item) => item.threadId))) void this.run(threadId)
  }

  private later(): void {
    if (this.timer) return
    this.timer = setTimeout(() => this.goOn(), this.wait)
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT)
  }

  private async run(threadId: string): Promise<void> {
    if (this.busy.has(threadId)) return
    this.busy.add(threadId)
    try {
      for (;;) {
        const item = this.items.find((one) => one.threadId === threadId && one.state === 'waiting')
        if (!item) return
        this.change(item.key, { state: 'sending' })
        try {
          const { more = [], ...entry } = await this.send(item)
          this.wait = FIRST_WAIT
          for (const made of [entry as Entry, ...more]) this.onEntry(threadId, made)
          this.remove(item.key)
        } catch (cause) {
          // Signed out counts as waiting too: the words are kept until somebody is signed in again.
          if (cause instanceof ProblemError && (cause.temporary || cause.problem.status === 401)) {
            this.change(item.key, { state: 'waiting' })
            this.later()
            return
          }
          const problem = cause instanceof ProblemError ? cause.problem : undefined
          this.change(item.key, { state: 'refused', ...(problem ? { problem } : {}) })
        }
      }
    } finally {
      this.busy.delete(threadId)
    }
  }

  private change(key: string, change: Partial<Pending>): void {
    this.set(this.items.map((item) => (item.key === key ? { ...item, ...change } : item)))
  }

  private set(items: readonly Pending[]): void {
    this.items = items
    try {
      sessionStorage.setItem(STORED, JSON.stringify(items))
    } catch {
      // Storage may be full or forbidden; the replies are still here while the page is.
    }
    for (const listener of this.listeners) listener()
  }
}

function restore(): Pending[] {
  try {
    const stored = JSON.parse(sessionStorage.getItem(STORED) ?? '[]') as Pending[]
    return stored.map((item) => (item.state === 'sending' ? { ...item, state: 'waiting' } : item))
  } catch {
    return []
  }
}
