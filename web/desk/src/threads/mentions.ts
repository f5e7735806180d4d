import type { Agent } from '@onethread/client'

/** At most this many names are offered at a time. */
const OFFERED = 6

/** What is being called before the caret: where its `@` stands and what is typed of the name. */
export function callAt(text: string, caret: number): { from: number; typed: string } | undefined {
  const found = /(^|[\s(])@([^\s@]*)$/u.exec(text.slice(0, caret))
  if (!found) return undefined
  const typed = found[2] ?? ''
  return { from: caret - typed.length - 1, typed }
}

/** The colleagues whose name, or a word of it, begins so. */
export function offered(agents: readonly Agent[], typed: string): Agent[] {
  const wanted = typed.toLocaleLowerCase()
  return agents
    .filter((agent) => !agent.disabled)
    .filter(({ name }) => [name, ...name.split(/\s+/)].some((part) => part.toLocaleLowerCase().startsWith(wanted)))
    .slice(0, OFFERED)
}

/** The ids of those whom a text calls by their whole name; of two names the longer one counts. */
export function called(agents: readonly Agent[], text: string): string[] {
  let rest = text
  const ids: string[] = []
  for (const { id, name } of agents.toSorted((a, b) => b.name.length - a.name.length)) {
    if (!name || !rest.includes(`@${name}`)) continue
    ids.push(id)
    rest = rest.replaceAll(`@${name}`, ' ')
  }
  return ids
}
