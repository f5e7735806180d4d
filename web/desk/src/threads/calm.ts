import type { Thread } from '@onethread/client'
import { useEffect, useRef, useState } from 'react'

/** The longest that a list keeps its order under a pointer. */
const PATIENCE = 3000

/** New contents in the old order; what came meanwhile waits at the end, where it moves nothing. */
export function keepOrder(newest: Thread[], order: readonly string[]): Thread[] {
  const byId = new Map(newest.map((thread) => [thread.id, thread]))
  const kept: Thread[] = []
  for (const id of order) {
    const thread = byId.get(id)
    if (!thread) continue
    kept.push(thread)
    byId.delete(id)
  }
  return [...kept, ...byId.values()]
}

/** While the pointer is over the list, rows keep their place for at most three seconds; then they move. */
export function useCalmOrder(newest: Thread[], hold: boolean): Thread[] {
  const order = useRef<string[]>([])
  const since = useRef<number | undefined>(undefined)
  const [, redraw] = useState(0)
  const moved = newest.some((thread, at) => at < order.current.length && order.current[at] !== thread.id)
  const now = Date.now()
  if (!hold || !moved) since.current = undefined
  else since.current ??= now
  const holding = hold && moved && since.current !== undefined && now - since.current < PATIENCE

  useEffect(() => {
    if (!holding) return
    const timer = setTimeout(() => redraw((count) => count + 1), PATIENCE)
    return () => clearTimeout(timer)
  }, [holding])

  if (holding) return keepOrder(newest, order.current)
  order.current = newest.map((thread) => thread.id)
  since.current = undefined
  return newest
}
