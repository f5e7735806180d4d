import { LiveSocket, type LiveState, openBrowserSocket, take } from '@onethread/client'
import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import { api } from '../api/api.ts'
import { Outbox } from '../threads/outbox.ts'
import { LiveCache } from './cache.ts'

type Live = {
  state: LiveState
  /** The place in the log is known: what is read from now on cannot miss anything. */
  began: boolean
  cache: LiveCache
  outbox: Outbox
  retryNow: () => void
}

export const LiveContext = createContext<Live | undefined>(undefined)

export function useLive(): Live {
  const live = useContext(LiveContext)
  if (!live) throw new Error('useLive needs a LiveProvider above it')
  return live
}

/** Holds the one socket of the desk. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const [state, setState] = useState<LiveState>({ phase: 'connecting' })
  const [began, setBegan] = useState(false)
  const { cache, outbox, socket } = useMemo(() => {
    const cache = new LiveCache(client)
    const outbox = new Outbox((threadId, entry) => cache.entryKnown(threadId, entry))
    const socket = new LiveSocket({
      ticket: () => take(api.POST('/api/v1/live/tickets')),
      open: openBrowserSocket,
      onBegin: () => setBegan(true),
      onFrames: (frames) => cache.apply(frames),
      onState: (next) => {
        setState(next)
        if (next.phase !== 'live') return
        cache.back()
        outbox.goOn()
      },
    })
    return { cache, outbox, socket }
  }, [client])

  useEffect(() => {
    const unwatch = cache.watch()
    const online = () => {
      socket.retryNow()
      outbox.goOn()
    }
    socket.start()
    window.addEventListener('online', online)
    return () => {
      window.removeEventListener('online', online)
      socket.stop()
      unwatch()
    }
  }, [cache, outbox, socket])

  const live = useMemo<Live>(
    () => ({ state, began, cache, outbox, retryNow: () => socket.retryNow() }),
    [state, began, cache, outbox, socket],
  )
  return <LiveContext value={live}>{children}</LiveContext>
}
