import type { DeliveryState } from './types.ts'

/** Which states may follow which: the same table as the server's. Receipts never go back; proof of arrival beats doubt. */
const NEXT: Record<DeliveryState, readonly DeliveryState[]> = {
  queued: ['sending', 'failed', 'sent', 'delivered', 'read'],
  sending: ['queued', 'sent', 'delivered', 'read', 'failed', 'uncertain'],
  sent: ['delivered', 'read'],
  delivered: ['read'],
  read: [],
  failed: ['queued', 'sent', 'delivered', 'read'],
  uncertain: ['queued', 'sent', 'delivered', 'read', 'failed'],
}

export function mayBecome(state: DeliveryState, next: DeliveryState): boolean {
  return NEXT[state].includes(next)
}
