import { useSyncExternalStore } from 'react'

/** Small choices of this device, in local storage; every tab of the desk follows a change. */
const listeners = new Set<() => void>()

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  window.addEventListener('storage', listener)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('storage', listener)
  }
}

export function readPref(name: string): string | null {
  try {
    return localStorage.getItem(`onethread.${name}`)
  } catch {
    return null
  }
}

export function writePref(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`onethread.${name}`)
    else localStorage.setItem(`onethread.${name}`, value)
  } catch {
    // Storage may be full or forbidden: the choice then lasts as long as the page.
  }
  for (const listener of listeners) listener()
}

export function usePref(name: string): string | null {
  return useSyncExternalStore(subscribe, () => readPref(name))
}
