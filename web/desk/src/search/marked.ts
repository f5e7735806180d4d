import type { Snippet } from '@onethread/client'

export type Part = { text: string; hit: boolean }

/** Cuts a snippet at its marks. The server counts characters; JavaScript's strings count UTF-16 units. */
export function marked({ text, highlights }: Snippet): Part[] {
  const chars = Array.from(text)
  const parts: Part[] = []
  let done = 0
  for (const [start = 0, end = 0] of highlights) {
    if (start > done) parts.push({ text: chars.slice(done, start).join(''), hit: false })
    parts.push({ text: chars.slice(start, end).join(''), hit: true })
    done = end
  }
  if (done < chars.length) parts.push({ text: chars.slice(done).join(''), hit: false })
  return parts
}
