/** What can be chosen from, read from the server: not there yet, there, or not readable. */
export type Offer<T> = { items: T[] | undefined; error: unknown; onAgain: () => void }

const fold = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLocaleLowerCase()

/** Whether every word that was typed begins or lies in a name, whatever its accents and case. */
export function matches(name: string, typed: string): boolean {
  const folded = fold(name)
  return fold(typed)
    .split(/\s+/)
    .every((word) => folded.includes(word))
}
