import { useState } from 'react'
import { rowId } from './SearchResults.tsx'
import type { Found } from './useSearch.ts'

/**
 * Which result the arrows chose: the first, until they move; anew with each other words. What was chosen stays so when further
 * results come, be it above it.
 */
export function useChoice(list: string, found: Found) {
  const hits = found.groups.flatMap((group) => group.hits)
  const [moved, setMoved] = useState<{ words: string; row: string }>()
  const rows = hits.map((hit) => rowId(list, hit))
  const here = moved?.words === found.words ? Math.max(rows.indexOf(moved.row), 0) : 0
  return {
    chosen: hits[here],
    active: rows[here],
    move: (step: number) => {
      // At the end of what is there, the next page is asked for.
      if (here + step >= hits.length && found.more && !found.loadingMore) found.onMore()
      const row = rows[Math.min(Math.max(here + step, 0), Math.max(hits.length - 1, 0))]
      if (row) setMoved({ words: found.words, row })
    },
  }
}
