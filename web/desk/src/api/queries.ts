import { type Episode, type HoursDraft, type Me, type Page, take } from '@onethread/client'
import { infiniteQueryOptions, keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query'
import { api } from './api.ts'
import { keys } from './keys.ts'

const THREADS_PER_PAGE = 50
const ENTRIES_PER_PAGE = 50

const next = (page: Page<unknown>): string | undefined => page.next_cursor ?? undefined
const first: string | undefined = undefined
const place = (cursor: string | undefined) => (cursor === undefined ? {} : { cursor })

export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: ({ signal }) => take<Me>(api.GET('/api/v1/me', { signal })),
})

export function useMe(): Me {
  const { data } = useQuery(meQuery)
  if (!data) throw new Error('the desk is drawn only for somebody who is signed in')
  return data
}

export type Right =
  | 'read_threads'
  | 'send_messages'
  | 'force_merges'
  | 'read_operations'
  | 'manage_channels'
  | 'manage_people'
export const may = (me: Me, right: Right): boolean => (me.may as readonly string[]).includes(right)

export const threadsQuery = infiniteQueryOptions({
  queryKey: keys.threads,
  initialPageParam: first,
  queryFn: ({ pageParam, signal }) =>
    take(api.GET('/api/v1/threads', { params: { query: { limit: THREADS_PER_PAGE, ...place(pageParam) } }, signal })),
  getNextPageParam: next,
  gcTime: Number.POSITIVE_INFINITY,
})

export const threadQuery = (id: string) =>
  queryOptions({
    queryKey: keys.thread(id),
    queryFn: ({ signal }) => take(api.GET('/api/v1/threads/{id}', { params: { path: { id } }, signal })),
  })

export const entriesQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: keys.entries(id),
    initialPageParam: first,
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET('/api/v1/threads/{id}/entries', {
          params: { path: { id }, query: { limit: ENTRIES_PER_PAGE, ...place(pageParam) } },
          signal,
        }),
      ),
    getNextPageParam: next,
  })

const EPISODES_PER_PAGE = 100

/** All matters of a thread: their beginnings are drawn wherever they lie, so none is left out. */
export const episodesQuery = (id: string) =>
  queryOptions({
    queryKey: keys.episodes(id),
    queryFn: async ({ signal }) => {
      const episodes: Episode[] = []
      let cursor: string | undefined
      do {
        const page: Page<Episode> = await take(
          api.GET('/api/v1/threads/{id}/episodes', {
            params: { path: { id }, query: { limit: EPISODES_PER_PAGE, ...place(cursor) } },
            signal,
          }),
        )
        episodes.push(...page.items)
        cursor = next(page)
      } while (cursor !== undefined)
      return episodes
    },
  })

/** Open matters, latest activity first: as the list of threads. */
export const openEpisodesQuery = infiniteQueryOptions({
  queryKey: keys.openEpisodes,
  initialPageParam: first,
  queryFn: ({ pageParam, signal }) =>
    take(
      api.GET('/api/v1/episodes', {
        params: { query: { state: 'open', limit: EPISODES_PER_PAGE, ...place(pageParam) } },
        signal,
      }),
    ),
  getNextPageParam: next,
  gcTime: Number.POSITIVE_INFINITY,
})

export const promisesQuery = (episodeId: string) =>
  queryOptions({
    queryKey: keys.promises(episodeId),
    queryFn: ({ signal }) =>
      take(
        api.GET('/api/v1/episodes/{id}/promises', {
          params: { path: { id: episodeId }, query: { limit: 100 } },
          signal,
        }),
      ),
  })

/** A file's address ends after a while: it is asked for anew some time before. */
const FILE_FRESH = 10 * 60_000

export const fileQuery = (id: string) =>
  queryOptions({
    queryKey: keys.file(id),
    queryFn: ({ signal }) => take(api.GET('/api/v1/files/{id}', { params: { path: { id } }, signal })),
    staleTime: FILE_FRESH,
  })

export const mergesQuery = (customerId: string) =>
  queryOptions({
    queryKey: keys.merges(customerId),
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/customers/{id}/merges', { params: { path: { id: customerId } }, signal })),
  })

export const mergePreviewQuery = (customerId: string, otherId: string) =>
  queryOptions({
    queryKey: keys.mergePreview(customerId, otherId),
    queryFn: ({ signal }) =>
      take(
        api.GET('/api/v1/customers/{id}/merge-preview', {
          params: { path: { id: customerId }, query: { with: otherId } },
          signal,
        }),
      ),
    // What it says is about now.
    staleTime: 0,
    gcTime: 0,
    retry: false,
  })

/** What can be looked for. */
export type SearchKind = 'customers' | 'notes' | 'messages'

/** What holds these words, newest first. Kept for a while, since people go back and forth between results. */
export const searchQuery = (words: string, kind: SearchKind | undefined, threadId: string | undefined, limit: number) =>
  infiniteQueryOptions({
    queryKey: [...keys.search(words, kind, threadId), limit],
    initialPageParam: first,
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET('/api/v1/search', {
          params: {
            query: {
              q: words,
              limit,
              ...(kind ? { kind } : {}),
              ...(threadId ? { thread_id: threadId } : {}),
              ...place(pageParam),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: next,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
    retry: false,
  })

/** What the channels of this server can do. Changes with the server alone. */
export const kindsQuery = queryOptions({
  queryKey: keys.kinds,
  queryFn: ({ signal }) => take(api.GET('/api/v1/channel-kinds', { signal })),
  staleTime: Number.POSITIVE_INFINITY,
})

export const accountsQuery = queryOptions({
  queryKey: keys.accounts,
  queryFn: ({ signal }) => take(api.GET('/api/v1/channel-accounts', { params: { query: { limit: 100 } }, signal })),
})

export const accountQuery = (id: string) =>
  queryOptions({
    queryKey: keys.account(id),
    queryFn: ({ signal }) => take(api.GET('/api/v1/channel-accounts/{id}', { params: { path: { id } }, signal })),
  })

/** Every item of a list that is short by its nature, read page by page. */
async function all<T>(read: (cursor: { cursor?: string }) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const page = await read(place(cursor))
    items.push(...page.items)
    cursor = next(page)
  } while (cursor !== undefined)
  return items
}

export const labelsQuery = queryOptions({
  queryKey: keys.labels,
  queryFn: ({ signal }) =>
    all((cursor) => take(api.GET('/api/v1/labels', { params: { query: { limit: 100, ...cursor } }, signal }))),
})

export const attributesQuery = queryOptions({
  queryKey: keys.attributes,
  queryFn: ({ signal }) =>
    all((cursor) => take(api.GET('/api/v1/attributes', { params: { query: { limit: 100, ...cursor } }, signal }))),
})

export const calendarsQuery = queryOptions({
  queryKey: keys.calendars,
  queryFn: ({ signal }) =>
    all((cursor) => take(api.GET('/api/v1/calendars', { params: { query: { limit: 100, ...cursor } }, signal }))),
})

export const calendarQuery = (id: string) =>
  queryOptions({
    queryKey: keys.calendar(id),
    queryFn: ({ signal }) => take(api.GET('/api/v1/calendars/{id}', { params: { path: { id } }, signal })),
  })

export const calendarPreviewQuery = (id: string) =>
  queryOptions({
    queryKey: keys.calendarPreview(id),
    queryFn: ({ signal }) => take(api.GET('/api/v1/calendars/{id}/preview', { params: { path: { id } }, signal })),
  })

export const hoursPreviewQuery = (hours: HoursDraft) =>
  queryOptions({
    queryKey: keys.calendarPreview(hours),
    queryFn: ({ signal }) => take(api.POST('/api/v1/calendars/preview', { body: hours, signal })),
    // What it says is about now.
    staleTime: 0,
    gcTime: 60_000,
  })

export const agentsQuery = infiniteQueryOptions({
  queryKey: keys.agents,
  initialPageParam: first,
  queryFn: ({ pageParam, signal }) =>
    take(api.GET('/api/v1/agents', { params: { query: { limit: 100, ...place(pageParam) } }, signal })),
  getNextPageParam: next,
})

export const jobsQuery = (state: 'ready' | 'dead') =>
  infiniteQueryOptions({
    queryKey: keys.jobs(state),
    initialPageParam: first,
    queryFn: ({ pageParam, signal }) =>
      take(api.GET('/api/v1/jobs', { params: { query: { state, limit: 50, ...place(pageParam) } }, signal })),
    getNextPageParam: next,
  })

export type EventState = 'stored' | 'unroutable' | 'undecodable'
export const eventsQuery = (state: EventState) =>
  infiniteQueryOptions({
    queryKey: keys.events(state),
    initialPageParam: first,
    queryFn: ({ pageParam, signal }) =>
      take(api.GET('/api/v1/inbound-events', { params: { query: { state, limit: 50, ...place(pageParam) } }, signal })),
    getNextPageParam: next,
  })

export const webhooksQuery = queryOptions({
  queryKey: keys.webhooks,
  queryFn: ({ signal }) => take(api.GET('/api/v1/webhooks', { params: { query: { limit: 100 } }, signal })),
})

export const webhookQuery = (id: string) =>
  queryOptions({
    queryKey: keys.webhook(id),
    queryFn: ({ signal }) => take(api.GET('/api/v1/webhooks/{id}', { params: { path: { id } }, signal })),
  })

/** What a webhook can ask for. Changes with the server alone. */
export const webhookKindsQuery = queryOptions({
  queryKey: keys.webhookKinds,
  queryFn: ({ signal }) => take(api.GET('/api/v1/webhook-kinds', { signal })),
  staleTime: Number.POSITIVE_INFINITY,
})

export const webhookDeliveriesQuery = (id: string, failed: boolean) =>
  infiniteQueryOptions({
    queryKey: keys.webhookDeliveries(id, failed),
    initialPageParam: first,
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET('/api/v1/webhooks/{id}/deliveries', {
          params: { path: { id }, query: { failed, limit: 25, ...place(pageParam) } },
          signal,
        }),
      ),
    getNextPageParam: next,
  })
