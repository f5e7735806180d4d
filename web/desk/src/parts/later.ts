import { useEffect, useState } from 'react'

/** True once something has lasted: a skeleton that flashes for 50 ms is worse than none. */
export function useLater(active: boolean, after = 200): boolean {
  const [late, setLate] = useState(false)
  useEffect(() => {
    if (!active) return setLate(false)
    const timer = setTimeout(() => setLate(true), after)
    return () => clearTimeout(timer)
  }, [active, after])
  return active && late
}

/**
 * The time, renewed as often as it is shown: whole minutes, seconds only where somebody waits for one. Whatever is drawn anew
 * meanwhile sees the clock as it is: what ended just now has ended.
 */
export function useNow(every = 30_000): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every)
    return () => clearInterval(timer)
  }, [every])
  return Math.max(now, Date.now())
}
