import { useSyncExternalStore } from 'react'
import { readPref, writePref } from '../app/prefs.ts'

/** How far this device has seen each thread. Kept here until the server knows it per person. */
const MOST = 500
let known: Map<string, number> | undefined
const listeners = new Set<() => void>()
let version = 0

function load(): Map<string, number> {
  if (!known) {
    try {
      known = new Map(JSON.parse(readPref('seen') ?? '[]') as [string, number][])
    } catch {
      known = new Map()
    }
  }
  return known
}

export const seenUpTo = (threadId: string): number => load().get(threadId) ?? -1

export function markSeen(threadId: string, seq: number): void {
  const seen = load()
  if ((seen.get(threadId) ?? -1) >= seq) return
  // Deleted first, so that the oldest look stands first and goes first.
  seen.delete(threadId)
  seen.set(threadId, seq)
  for (const oldest of seen.keys()) {
    if (seen.size <= MOST) break
    seen.delete(oldest)
  }
  writePref('seen', JSON.stringify([...seen]))
  version += 1
  for (const listener of listeners) listener()
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Draws again when something was seen. */
export function useSeen(): number {
  return useSyncExternalStore(subscribe, () => version)
}
