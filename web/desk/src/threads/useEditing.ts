import { type RefObject, useCallback, useEffect, useRef, useState } from 'react'

/** Something that is edited where it stands: afterwards the focus is back on the button that began it. */
export function useEditing(): {
  editing: boolean
  button: RefObject<HTMLButtonElement | null>
  begin: () => void
  done: () => void
} {
  const [editing, setEditing] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const back = useRef(false)
  useEffect(() => {
    if (editing || !back.current) return
    back.current = false
    button.current?.focus()
  }, [editing])
  const begin = useCallback(() => setEditing(true), [])
  const done = useCallback(() => {
    // Whoever has gone elsewhere meanwhile is not fetched back.
    const focused = document.activeElement
    back.current = focused === null || focused === document.body || focused.closest('[data-editing]') !== null
    setEditing(false)
  }, [])
  return { editing, button, begin, done }
}
