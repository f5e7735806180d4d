import { ProblemError } from './http.ts'
import type { LogFrame } from './types.ts'

/** What the socket is doing, for the banner of the desk. */
export type LiveState =
  | { phase: 'connecting' }
  | { phase: 'live' }
  /** The connection is gone since `since`; the next try is at `retryAt` (both in ms). */
  | { phase: 'waiting'; since: number; retryAt: number }
  /** The session or token no longer counts: only signing in again helps. */
  | { phase: 'ended' }

/** The part of a WebSocket that is used, so that tests bring their own. */
export type SocketLike = {
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number }) => void) | null
  close: (code?: number) => void
}

export type LiveOptions = {
  /** Asks for a ticket: it serves one socket within a minute. */
  ticket: () => Promise<{ ticket: string; cursor: string }>
  open: (ticket: string, after: string) => SocketLike
  /** Frames in the order of the log, each exactly once, in batches. */
  onFrames: (frames: LogFrame[]) => void
  onState?: (state: LiveState) => void
  /** Called once, as soon as the place in the log is known: what is read from now on cannot miss anything. */
  onBegin?: () => void
  now?: () => number
  random?: () => number
}

const FIRST_WAIT = 500
const LONGEST_WAIT = 15_000
/** Frames that arrive in one burst are handed over together, so that a surge costs one drawing and not a thousand. */
const BATCH_MS = 16
/** A connection that neither opens nor fails is given up. */
const OPEN_TIMEOUT = 10_000

/** Milliseconds before try number `tries` (from 1): doubled, bounded, with jitter so that a thousand desks do not return at once. */
export function waitBefore(tries: number, random: number): number {
  const base = Math.min(FIRST_WAIT * 2 ** Math.min(tries - 1, 10), LONGEST_WAIT)
  return Math.round(base * (0.5 + random))
}

/**
 * One socket for the whole desk. It resumes from the last frame seen, so that a cut costs a pause and never a reload:
 * the log is gapless, and nothing is ever asked for periodically.
 */
export class LiveSocket {
  private readonly options: LiveOptions
  private cursor: string | undefined
  private lastSeq = -1
  private socket: SocketLike | undefined
  private tries = 0
  private since: number | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  private batchTimer: ReturnType<typeof setTimeout> | undefined
  private batch: LogFrame[] = []
  private stopped = true
  /** Changes with each try, so that news of an earlier socket is not taken for the current one's. */
  private round = 0
  state: LiveState = { phase: 'connecting' }

  constructor(options: LiveOptions) {
    this.options = options
  }

  start(): void {
    if (!this.stopped) return
    this.stopped = false
    void this.connect()
  }

  stop(): void {
    this.stopped = true
    this.round += 1
    clearTimeout(this.timer)
    this.flush()
    this.socket?.close(1000)
    this.socket = undefined
  }

  /** Tries at once, for the button of the banner and for the browser's word that the network is back. */
  retryNow(): void {
    if (this.stopped || this.state.phase !== 'waiting') return
    clearTimeout(this.timer)
    void this.connect()
  }

  private now(): number {
    return (this.options.now ?? Date.now)()
  }

  private become(state: LiveState): void {
    this.state = state
    this.options.onState?.(state)
  }

  private async connect(): Promise<void> {
    this.round += 1
    const round = this.round
    if (this.since === undefined) this.become({ phase: 'connecting' })
    let ticket: { ticket: string; cursor: string }
    try {
      ticket = await this.options.ticket()
    } catch (cause) {
      if (round !== this.round) return
      const ended = cause instanceof ProblemError && (cause.problem.status === 401 || cause.problem.status === 403)
      return ended ? this.end() : this.wait()
    }
    if (round !== this.round || this.stopped) return
    if (this.cursor === undefined) {
      this.cursor = ticket.cursor
      this.options.onBegin?.()
    }
    const socket = this.options.open(ticket.ticket, this.cursor)
    this.socket = socket
    const patience = setTimeout(() => {
      if (round !== this.round) return
      socket.onclose = null
      socket.close()
      this.wait()
    }, OPEN_TIMEOUT)
    socket.onopen = () => {
      clearTimeout(patience)
      if (round !== this.round) return
      this.tries = 0
      this.since = undefined
      this.become({ phase: 'live' })
    }
    socket.onmessage = (event) => {
      if (round === this.round && typeof event.data === 'string') this.receive(event.data)
    }
    socket.onclose = (event) => {
      clearTimeout(patience)
      if (round !== this.round || this.stopped) return
      if (event.code === 4401) this.end()
      else this.wait()
    }
  }

  private receive(text: string): void {
    const frame = JSON.parse(text) as Partial<LogFrame>
    // Whatever has no place in the log (typing, presence) is not for the cache.
    if (typeof frame.cursor !== 'string' || typeof frame.seq !== 'number') return
    if (frame.seq <= this.lastSeq) return
    this.lastSeq = frame.seq
    this.cursor = frame.cursor
    this.batch.push(frame as LogFrame)
    this.batchTimer ??= setTimeout(() => this.flush(), BATCH_MS)
  }

  private flush(): void {
    clearTimeout(this.batchTimer)
    this.batchTimer = undefined
    if (this.batch.length === 0) return
    const frames = this.batch
    this.batch = []
    this.options.onFrames(frames)
  }

  private wait(): void {
    this.flush()
    this.socket = undefined
    this.round += 1
    this.tries += 1
    this.since ??= this.now()
    const wait = waitBefore(this.tries, (this.options.random ?? Math.random)())
    this.become({ phase: 'waiting', since: this.since, retryAt: this.now() + wait })
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.connect(), wait)
  }

  private end(): void {
    this.flush()
    this.stopped = true
    this.round += 1
    this.socket = undefined
    this.become({ phase: 'ended' })
  }
}

/** The browser's own socket to the server that served the page. */
export function openBrowserSocket(ticket: string, after: string): SocketLike {
  const url = new URL('/api/v1/live', globalThis.location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  url.search = new URLSearchParams({ after, ticket }).toString()
  return new WebSocket(url) as unknown as SocketLike
}
