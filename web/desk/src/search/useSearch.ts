import type { SearchHit } from '@onethread/client'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { searchQuery } from '../api/queries.ts'

/** How long the typing has to rest before the server is asked. */
const REST = 180

/** The words once the typing rests; at once when they are taken away. */
function useRested(words: string): string {
  const [rested, setRested] = useState(words)
  useEffect(() => {
    if (words === '') return setRested('')
    const timer = setTimeout(() => setRested(words), REST)
    return () => clearTimeout(timer)
  }, [words])
  return words === '' ? '' : rested
}

export type Found = {
  /** What was asked; empty: nothing. */
  words: string
  people: SearchHit[]
  messages: SearchHit[]
  pending: boolean
  error: unknown
  more: boolean
  loadingMore: boolean
  onMore: () => void
  onAgain: () => void
}

const flat = (pages: { items: SearchHit[] }[] | undefined) => pages?.flatMap((page) => page.items) ?? []

/** Looks for people and messages; in one thread for messages alone. What was found stays while the next words are looked for. */
export function useSearch(typed: string, threadId?: string): Found {
  const words = useRested(typed.trim())
  const asks = words !== ''
  const people = useInfiniteQuery({ ...searchQuery(words, 'customers', undefined), enabled: asks && !threadId })
  const messages = useInfiniteQuery({ ...searchQuery(words, 'messages', threadId), enabled: asks })
  const whoIs = useMemo(() => flat(people.data?.pages), [people.data])
  const what = useMemo(() => flat(messages.data?.pages), [messages.data])
  return {
    words,
    people: asks && !threadId ? whoIs : [],
    messages: asks ? what : [],
    pending: typed.trim() !== words || (asks && (messages.isPending || (!threadId && people.isPending))),
    error: asks ? (messages.error ?? (threadId ? null : people.error)) : null,
    more: messages.hasNextPage,
    loadingMore: messages.isFetchingNextPage,
    onMore: () => void messages.fetchNextPage(),
    onAgain: () => {
      void messages.refetch()
      if (!threadId) void people.refetch()
    },
  }
}
