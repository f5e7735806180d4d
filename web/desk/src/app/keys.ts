import { useEffect, useRef } from 'react'
import { readPref } from './prefs.ts'

type Handler = (event: KeyboardEvent) => void

const inText = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) ||
    target.closest('[role=menu]') !== null)

/**
 * While a dialog is open, the keys of the page behind it rest. So does the key that closed it: by the time it comes here
 * the dialog may be gone from the page, but not from around the element that was pressed in.
 */
const inDialog = (target: EventTarget | null): boolean =>
  document.querySelector('[role=dialog][aria-modal=true]') !== null ||
  (target instanceof Element && target.closest('[role=dialog][aria-modal=true]') !== null)

/**
 * Single keys of a screen (`j`, `?`, `Escape`, `F6`). They rest in text fields and dialogs, and letters rest when the
 * person switched them off (WCAG 2.1.4).
 */
export function useKeys(keys: Record<string, Handler>): void {
  const latest = useRef(keys)
  latest.current = keys
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
      const name = event.key.length === 1 ? event.key.toLowerCase() : event.key
      const handler = latest.current[name]
      if (!handler || inDialog(event.target)) return
      const single = event.key.length === 1
      if (single && (inText(event.target) || readPref('keys') === 'off')) return
      if (!single && name !== 'F6' && inText(event.target)) return
      handler(event)
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [])
}

/** The system's own "find" (⌘F, Ctrl F). Not taken: while a dialog is open, and when the handler says so by returning false. */
export function useFindKey(find: () => boolean): void {
  const latest = useRef(find)
  latest.current = find
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const own = apple ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey
      if (event.defaultPrevented || !own || event.altKey || event.shiftKey || event.key.toLowerCase() !== 'f') return
      if (!inDialog(event.target) && latest.current()) event.preventDefault()
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [])
}

/** The regions that F6 walks through, in reading order; each is the element that takes the focus there. */
export function nextRegion(backwards: boolean): void {
  const regions = Array.from(document.querySelectorAll<HTMLElement>('[data-region]')).filter(
    (region) => region.offsetParent !== null || region.getClientRects().length > 0,
  )
  if (regions.length === 0) return
  const here = regions.findIndex((region) => region.contains(document.activeElement))
  const step = backwards ? -1 : 1
  const target = regions[(here + step + regions.length) % regions.length] ?? regions[0]
  target?.focus()
}

const apple = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? '')
/** The send keys as this device writes them. */
export const SEND_KEYS = apple ? '⌘↵' : 'Ctrl ↵'
/** The keys that search within a thread. */
export const FIND_KEYS = apple ? '⌘F' : 'Ctrl F'
