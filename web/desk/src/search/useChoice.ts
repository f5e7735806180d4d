import { useEffect, useState } from 'react'
import { rowId } from './SearchResults.tsx'
import type { Found } from './useSearch.ts'

/** Which result the arrows chose: the first, until they move; anew with each other words. */
export function useChoice(list: string, found: Found) {
  const hits = found.groups.flatMap((group) => group.hits)
  const [place, setPlace] = useState(0)
  const what = `${found.words} ${found.groups.map((group) => group.kind).join(' ')}`
  // biome-ignore lint/correctness/useExhaustiveDependencies: other words are the occasion
  useEffect(() => setPlace(0), [what])
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
