import type { Entry, Page } from '@onethread/client'
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { flat } from '../live/reduce.ts'

/** The entry that a search led to, and which visit of the page it was. */
export type Target = { id: string; visit: string | undefined }

/** Pages of older entries that are read at one go to reach an entry: 2,000 entries. */
export const PAGES_AT_ONCE = 40

/** How far the way to the entry is: being read; further back than what was read at one go; not in this thread. */
export type SeekPhase = 'reading' | 'further' | 'failed' | 'absent'

type Entries = UseInfiniteQueryResult<InfiniteData<Page<Entry>, unknown>>

/** An entry from a search may stand far back: older pages are read until it is there. */
export function useSeek(query: Entries, target: Target | undefined) {
  const { data, fetchNextPage, hasNextPage, isFetching, isFetchNextPageError } = query
  const pages = data?.pages.length ?? 0
  const [allowed, setAllowed] = useState(PAGES_AT_ONCE)
  const missing = target !== undefined && pages > 0 && !flat(data).some((entry) => entry.id === target.id)
  const phase: SeekPhase | undefined = !missing
    ? undefined
    : !hasNextPage
      ? isFetching
        ? 'reading'
        : 'absent'
      : isFetchNextPageError
        ? 'failed'
        : pages < allowed
          ? 'reading'
          : 'further'
  const reads = phase === 'reading' && hasNextPage && !isFetching
  useEffect(() => {
    if (reads) void fetchNextPage()
  }, [reads, fetchNextPage])
  const onAgain = () => {
    setAllowed(pages + PAGES_AT_ONCE)
    void fetchNextPage()
  }
  return { phase, onAgain }
}
