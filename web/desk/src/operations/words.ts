import type { TFunction } from 'i18next'
import type { EventState } from '../api/queries.ts'
import { whatText } from '../threads/words.ts'

const KINDS = [
  'close_episode',
  'deliver',
  'end_promise',
  'fetch_media',
  'fetch_profile',
  'send_later',
  'wake_episode',
] as const

/** What a job does, in words; undefined for a kind that this desk does not know yet. */
export function kindText(t: TFunction, kind: string): string | undefined {
  const known = KINDS.find((one) => one === kind)
  return known && t(`operations.kind_${known}`)
}

/** What the server says of a callback that names no customer, and of which kind it is. */
const NO_CUSTOMER = /^not about a customer: (.+)$/

/** Why an event is in no thread, in words. The server's own are English; they stay behind "Details". */
export function eventErrorText(t: TFunction, state: EventState, error: string): string {
  const what = NO_CUSTOMER.exec(error)?.[1]
  if (what) return t('operations.error_no_customer', { what: whatText(t, what) })
  if (error.endsWith('is not UTF-8')) return t('operations.error_not_utf8')
  if (state === 'unroutable') return t('operations.error_not_connected')
  return t(state === 'undecodable' ? 'operations.error_unreadable' : 'operations.error_unknown')
}
