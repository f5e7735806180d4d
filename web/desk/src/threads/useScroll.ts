import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'

/** Closer than this to the end counts as being there. */
const NEAR = 48

/**
 * Keeps the place of whoever reads. At the end it stays at the end; anywhere else the entry at the top edge stays where
 * it is, whatever is added before or after it.
 */
export function useScroll(scroller: RefObject<HTMLElement | null>, version: unknown) {
  const atEnd = useRef(true)
  /** Where the end was when it was last gone to. */
  const placed = useRef<number>(undefined)
  const anchor = useRef<{ id: string; top: number } | undefined>(undefined)
  const [away, setAway] = useState(false)

  const remember = useCallback(() => {
    const box = scroller.current
    if (!box) return
    atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR
    setAway(!atEnd.current)
    const edge = box.getBoundingClientRect().top
    anchor.current = undefined
    for (const entry of box.querySelectorAll<HTMLElement>('[data-entry]')) {
      const { bottom, top } = entry.getBoundingClientRect()
      if (bottom <= edge) continue
      anchor.current = { id: entry.dataset.entry ?? '', top: top - edge }
      break
    }
  }, [scroller])

  const restore = useCallback(() => {
    const box = scroller.current
    if (!box) return
    if (atEnd.current) {
      box.scrollTop = box.scrollHeight
      placed.current = box.scrollTop
    } else if (anchor.current) {
      const entry = box.querySelector(`[data-entry="${anchor.current.id}"]`)
      if (entry)
        box.scrollTop += entry.getBoundingClientRect().top - box.getBoundingClientRect().top - anchor.current.top
    }
  }, [scroller])

  /**
   * Nobody has scrolled where the place is still the one gone to: the event is the echo of that, and meanwhile the field
   * below or an entry may have grown. It goes on to the end then.
   */
  const onScroll = useCallback(() => {
    if (atEnd.current && scroller.current?.scrollTop === placed.current) restore()
    remember()
  }, [scroller, restore, remember])

  // biome-ignore lint/correctness/useExhaustiveDependencies: each new drawing of the entries is the occasion
  useLayoutEffect(() => {
    restore()
    remember()
  }, [version, restore, remember])

  // The composer grows, a picture or a font arrives, the window changes: the place stays.
  useEffect(() => {
    const box = scroller.current
    if (!box || typeof ResizeObserver === 'undefined') return
    const observer = new ResizeObserver(restore)
    observer.observe(box)
    if (box.firstElementChild) observer.observe(box.firstElementChild)
    return () => observer.disconnect()
  }, [scroller, restore])

  const toEnd = useCallback(() => {
    atEnd.current = true
    restore()
    remember()
  }, [restore, remember])

  /** Brings an entry into the middle; false while it is not drawn. */
  const toEntry = useCallback(
    (id: string): boolean => {
      const box = scroller.current
      const entry = box?.querySelector<HTMLElement>(`[data-entry="${CSS.escape(id)}"]`)
      if (!box || !entry) return false
      const { top, height } = entry.getBoundingClientRect()
      box.scrollTop += top - box.getBoundingClientRect().top - Math.max((box.clientHeight - height) / 2, 16)
      remember()
      return true
    },
    [scroller, remember],
  )

  return { away, onScroll, toEnd, toEntry }
}
