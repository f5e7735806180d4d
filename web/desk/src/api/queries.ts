import { type Me, type Page, take } from '@onethread/client'
import { infiniteQueryOptions, keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query'
import { api } from './api.ts'
import { keys } from './keys.ts'

const THREADS_PER_PAGE = 50
const ENTRIES_PER_PAGE = 50
/** People stand above the messages: few, so that the messages are seen. */
const PEOPLE_FOUND = 5
const MESSAGES_FOUND = 20

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

export type Right = 'read_threads' | 'send_messages' | 'read_operations' | 'manage_channels' | 'manage_people'
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

/** What holds these words, newest first. Kept for a while, since people go back and forth between results. */
export const searchQuery = (words: string, kind: 'messages' | 'customers', threadId: string | undefined) =>
  infiniteQueryOptions({
    queryKey: keys.search(words, kind, threadId),
    initialPageParam: first,
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET('/api/v1/search', {
          params: {
            query: {
              q: words,
              kind,
              limit: kind === 'customers' ? PEOPLE_FOUND : MESSAGES_FOUND,
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
