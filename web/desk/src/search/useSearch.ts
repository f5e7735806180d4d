import type { SearchHit } from '@onethread/client'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { type SearchKind, searchQuery } from '../api/queries.ts'

/** How long the typing has to rest before the server is asked. */
const REST = 180
/** People and notes stand above the messages: few, so that the messages are seen. */
const FEW: Record<SearchKind, number> = { customers: 5, notes: 3, messages: 20 }
const MANY = 20

/** The words once the typing rests; at once when they are taken away. */
export function useRested(words: string): string {
  const [rested, setRested] = useState(words)
  useEffect(() => {
    if (words === '') return setRested('')
    const timer = setTimeout(() => setRested(words), REST)
    return () => clearTimeout(timer)
  }, [words])
  return words === '' ? '' : rested
}

/** Everything, or one kind alone. */
export type SearchFilter = 'all' | SearchKind

/** Hits of one kind; within a thread, where messages and notes stand in one order, of no kind in particular. */
export type FoundPart = {
  kind: SearchKind | undefined
  hits: SearchHit[]
  /** There are more than are shown here. */
  more: boolean
}

export type Found = {
  /** What was asked; empty: nothing. */
  words: string
  /** In the order in which they are shown; of the last one there may be further pages. */
  groups: FoundPart[]
  pending: boolean
  error: unknown
  more: boolean
  loadingMore: boolean
  onMore: () => void
  onAgain: () => void
}

/** Looks for people, notes and messages; in one thread for what it shows. What was found stays while the next words are looked for. */
export function useSearch(typed: string, filter: SearchFilter, threadId?: string): Found {
  const words = useRested(typed.trim())
  const asks = words !== ''
  const everything = filter === 'all'
  const kindOf = (kind: SearchKind) => (filter === 'all' || filter === kind) && asks
  const size = (kind: SearchKind) => (everything ? FEW[kind] : MANY)
  const people = useInfiniteQuery({
    ...searchQuery(words, 'customers', undefined, size('customers')),
    enabled: !threadId && kindOf('customers'),
  })
  const notes = useInfiniteQuery({
    ...searchQuery(words, 'notes', undefined, size('notes')),
    enabled: !threadId && kindOf('notes'),
  })
  const messages = useInfiniteQuery({
    ...searchQuery(words, 'messages', undefined, size('messages')),
    enabled: !threadId && kindOf('messages'),
  })
  const within = useInfiniteQuery({
    ...searchQuery(words, filter === 'all' ? undefined : filter, threadId, MANY),
    enabled: Boolean(threadId) && asks,
  })
  const all: [SearchKind | undefined, typeof people][] = threadId
    ? [[undefined, within]]
    : (
        [
          ['customers', people],
          ['notes', notes],
          ['messages', messages],
        ] as [SearchKind, typeof people][]
      ).filter(([kind]) => everything || filter === kind)
  const asked = asks ? all : []
  const last = asked.at(-1)?.[1]
  return {
    words,
    groups: asked.map(([kind, query]) => ({
      kind,
      hits: query.data?.pages.flatMap((page) => page.items) ?? [],
      more: query.hasNextPage,
    })),
    pending: typed.trim() !== words || asked.some(([, query]) => query.isPending || query.isPlaceholderData),
    error: asked.find(([, query]) => query.error && !query.isFetchNextPageError)?.[1].error ?? null,
    more: last?.hasNextPage ?? false,
    loadingMore: last?.isFetchingNextPage ?? false,
    onMore: () => void last?.fetchNextPage(),
    onAgain: () => {
      for (const [, query] of asked) void query.refetch()
    },
  }
}
