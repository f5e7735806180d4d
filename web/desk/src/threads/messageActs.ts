import { type Block, type Entry, type MessageEntry, take } from '@onethread/client'
import { api } from '../api/api.ts'

/** What is asked about a message of ours that has not arrived. Each answers with the entry that shows it. */
export const messageActs = {
  /** Once more; through another identity it is a new message. */
  retry: (id: string, identityId?: string): Promise<Entry> =>
    take(
      api.POST('/api/v1/messages/{id}/retry', {
        params: { path: { id } },
        body: identityId ? { identity_id: identityId } : {},
      }),
    ),
  cancel: (id: string): Promise<Entry> => take(api.POST('/api/v1/messages/{id}/cancel', { params: { path: { id } } })),
  change: (id: string, body: { send_at?: string; blocks?: Block[] }): Promise<Entry> =>
    take(api.PATCH('/api/v1/messages/{id}', { params: { path: { id } }, body })),
}

/** Waits for its time, and can still be changed. */
export function isWaiting(entry: MessageEntry): boolean {
  const { delivery, send_at, episode_id } = entry
  return delivery?.state === 'queued' && Boolean(send_at) && !episode_id
}

/** What it says, where all of it is words that can be written anew. */
export function onlyText(entry: MessageEntry): string | undefined {
  const [block, ...rest] = entry.blocks
  return block?.type === 'text' && rest.length === 0 ? block.text : undefined
}
