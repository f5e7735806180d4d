/** The names of what the cache holds. Frames of the live socket are applied to the first three. */
export const keys = {
  threads: ['threads'] as const,
  thread: (id: string) => ['thread', id] as const,
  entries: (threadId: string) => ['entries', threadId] as const,
  search: (words: string, kind: string, threadId: string | undefined) =>
    ['search', words, kind, threadId ?? ''] as const,
  me: ['me'] as const,
  kinds: ['channel-kinds'] as const,
  accounts: ['accounts'] as const,
  account: (id: string) => ['account', id] as const,
  agents: ['agents'] as const,
  jobs: (state: string) => ['jobs', state] as const,
  events: (state: string) => ['events', state] as const,
}
