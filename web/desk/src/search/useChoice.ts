import type { SearchHit } from '@onethread/client'
import { useEffect, useState } from 'react'
import { rowId } from './SearchResults.tsx'
import type { Found } from './useSearch.ts'

/** Which result the arrows chose: the first, until they move; anew with each other words. */
export function useChoice(list: string, found: Found) {
  const hits: SearchHit[] = [...found.people, ...found.messages]
  const [place, setPlace] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: other words are the occasion
  useEffect(() => setPlace(0), [found.words])
  const here = Math.min(place, hits.length - 1)
  const chosen = hits[here]
  return {
    chosen,
    active: chosen ? rowId(list, chosen) : undefined,
    move: (step: number) => {
      // At the end of what is there, the next page is asked for.
      if (here + step >= hits.length && found.more && !found.loadingMore) found.onMore()
      setPlace(Math.min(Math.max(here + step, 0), Math.max(hits.length - 1, 0)))
    },
  }
}
