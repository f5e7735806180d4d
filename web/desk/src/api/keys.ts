/** The names of what the cache holds. Frames of the live socket are applied to the first five. */
export const keys = {
  threads: ['threads'] as const,
  thread: (id: string) => ['thread', id] as const,
  entries: (threadId: string) => ['entries', threadId] as const,
  /** The episodes of one thread, newest first. */
  episodes: (threadId: string) => ['episodes', threadId] as const,
  /** The open episodes of the workspace, for the rows of the list. */
  openEpisodes: ['open-episodes'] as const,
  promises: (episodeId: string) => ['promises', episodeId] as const,
  file: (id: string) => ['file', id] as const,
  merges: (customerId: string) => ['merges', customerId] as const,
  unmerge: (mergeId: string) => ['unmerge', mergeId] as const,
  mergePreview: (customerId: string, otherId: string) => ['merge-preview', customerId, otherId] as const,
  /** What a search found, by its words, of one kind (or all), in one thread (or everywhere). */
  search: (words: string, kind: string | undefined, threadId: string | undefined) =>
    ['search', words, kind ?? '', threadId ?? ''] as const,
  me: ['me'] as const,
  kinds: ['channel-kinds'] as const,
  accounts: ['accounts'] as const,
  account: (id: string) => ['account', id] as const,
  labels: ['labels'] as const,
  attributes: ['attributes'] as const,
  calendars: ['calendars'] as const,
  calendar: (id: string) => ['calendar', id] as const,
  /** What a calendar, kept or only drafted, says about now. */
  calendarPreview: (what: unknown) => ['calendar-preview', what] as const,
  agents: ['agents'] as const,
  webhooks: ['webhooks'] as const,
  webhook: (id: string) => ['webhook', id] as const,
  webhookKinds: ['webhook-kinds'] as const,
  webhookDeliveries: (id: string, failed: boolean) => ['webhook-deliveries', id, failed] as const,
  jobs: (state: string) => ['jobs', state] as const,
  events: (state: string) => ['events', state] as const,
}
