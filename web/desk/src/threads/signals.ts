import { useCallback, useEffect, useMemo } from 'react'
import { api } from '../api/api.ts'

/** Told again this often while somebody writes; the customer's side shows it for about 20 s. */
const AGAIN = 10_000
/** Somebody who has not typed for so long thinks about something else. */
const PAUSE = 6000

type Tell = (typing: boolean) => void

/** Tells the customer that somebody types: at once, now and then while it goes on, and when it stops. */
export class TypingSignal {
  private shownAt: number | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly tell: Tell
  private readonly now: () => number

  constructor(tell: Tell, now: () => number = Date.now) {
    this.tell = tell
    this.now = now
  }

  typed = (): void => {
    clearTimeout(this.timer)
    this.timer = setTimeout(this.stop, PAUSE)
    const now = this.now()
    if (this.shownAt !== undefined && now - this.shownAt < AGAIN) return
    this.shownAt = now
    this.tell(true)
  }

  stop = (): void => {
    clearTimeout(this.timer)
    if (this.shownAt === undefined) return
    this.shownAt = undefined
    this.tell(false)
  }

  /** The message is on its way: what shows it ends what was shown. */
  sent = (): void => {
    clearTimeout(this.timer)
    this.shownAt = undefined
  }
}

/** A signal that is lost does no harm: nothing is tried again, and nobody is told. */
const ignore = () => undefined

export function useTyping(threadId: string, identityId: string | undefined): TypingSignal {
  const signal = useMemo(
    () =>
      new TypingSignal((typing) => {
        const body = { typing, ...(identityId ? { identity_id: identityId } : {}) }
        api.POST('/api/v1/threads/{id}/typing', { params: { path: { id: threadId } }, body }).catch(ignore)
      }),
    [threadId, identityId],
  )
  useEffect(() => signal.stop, [signal])
  return signal
}

/** Tells the customer that what they wrote was seen, whenever something new of theirs is looked at. */
export function useSeen(threadId: string, newestInbound: number | undefined, maySend: boolean): void {
  const tell = useCallback(() => {
    if (document.visibilityState !== 'visible' || newestInbound === undefined || !maySend) return
    api.POST('/api/v1/threads/{id}/seen', { params: { path: { id: threadId } } }).catch(ignore)
  }, [threadId, newestInbound, maySend])
  useEffect(() => {
    tell()
    document.addEventListener('visibilitychange', tell)
    return () => document.removeEventListener('visibilitychange', tell)
  }, [tell])
}
