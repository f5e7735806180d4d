/** What the desk does with merges of customers. Pure. */
import type { Entry } from '@onethread/client'

/** Whether a frame, or an entry, tells that customers became one or two. */
export const isMerging = (name: string): boolean => name === 'customer.merged' || name === 'customer.unmerged'

/**
 * A merge is told on both threads, so that each still tells it when they are two again. While they are one, both lines stand side by
 * side in the timeline: one is enough.
 */
export function toldOnce(entries: Entry[]): Entry[] {
  const told = new Set<string>()
  return entries.filter((entry) => {
    if (entry.type !== 'event' || !isMerging(entry.name) || !entry.related_id) return true
    const what = `${entry.name} ${entry.related_id}`
    if (told.has(what)) return false
    told.add(what)
    return true
  })
}
