import type { Customer } from '@onethread/client'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { accountsQuery } from '../api/queries.ts'
import type { Way } from './words.ts'

/** The ways in which a customer can be reached. The accounts are asked for only where there are several to tell apart. */
export function useWays(customer: Customer | undefined): readonly Way[] {
  const identities = customer?.identities
  const accounts = useQuery({ ...accountsQuery, enabled: (identities?.length ?? 0) > 1 })
  return useMemo(
    () =>
      identities?.map((identity) => ({
        identity,
        account: accounts.data?.items.find((account) => account.id === identity.channel_account_id)?.name,
      })) ?? [],
    [identities, accounts.data],
  )
}
