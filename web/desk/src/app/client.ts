import { ProblemError } from '@onethread/client'
import { QueryCache, QueryClient } from '@tanstack/react-query'

/**
 * Nothing is asked for on a timer or on focus: the live socket keeps what was read current. Only what nobody answered is
 * tried again, and that at most three times.
 */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (error instanceof ProblemError && error.problem.status === 401) onSignedOut()
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: Number.POSITIVE_INFINITY,
        gcTime: 30 * 60_000,
        refetchInterval: false,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        // The browser's own idea of being offline is often wrong; the server's answer counts.
        networkMode: 'always',
        retry: (times, error) => error instanceof ProblemError && error.temporary && times < 3,
      },
      mutations: { networkMode: 'always' },
    },
  })
}
