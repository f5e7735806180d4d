import { type Entry, type Episode, take } from '@onethread/client'
import { api } from '../api/api.ts'
import { newKey } from '../parts/key.ts'

const at = (id: string) => ({ params: { path: { id } } })

/** The calls behind what people do with a matter. Each answers with the matter as it is then. */
export const episodeActs = {
  open: (threadId: string, subject: string, follows_id?: string): Promise<Episode> =>
    take(
      api.POST('/api/v1/threads/{id}/episodes', {
        ...at(threadId),
        body: { subject, ...(follows_id ? { follows_id } : {}) },
      }),
    ),
  resolve: (id: string): Promise<Episode> => take(api.POST('/api/v1/episodes/{id}/resolve', at(id))),
  close: (id: string): Promise<Episode> => take(api.POST('/api/v1/episodes/{id}/close', at(id))),
  reopen: (id: string): Promise<Episode> => take(api.POST('/api/v1/episodes/{id}/reopen', at(id))),
  resume: (id: string): Promise<Episode> => take(api.POST('/api/v1/episodes/{id}/resume', at(id))),
  park: (id: string): Promise<Episode> => take(api.POST('/api/v1/episodes/{id}/park', { ...at(id), body: {} })),
  snooze: (id: string, until: number): Promise<Episode> =>
    take(api.POST('/api/v1/episodes/{id}/snooze', { ...at(id), body: { until: new Date(until).toISOString() } })),
  hold: (id: string, reason: string, until: number | undefined): Promise<Episode> =>
    take(
      api.POST('/api/v1/episodes/{id}/hold', {
        ...at(id),
        body: { reason, ...(until ? { until: new Date(until).toISOString() } : {}) },
      }),
    ),
  assign: (id: string, agent_id: string | null): Promise<Episode> =>
    take(api.POST('/api/v1/episodes/{id}/assign', { ...at(id), body: { agent_id } })),
  label: (id: string, label_id: string, carried: boolean): Promise<Episode> => {
    const place = { params: { path: { id, label_id } } }
    return take(
      carried
        ? api.PUT('/api/v1/episodes/{id}/labels/{label_id}', place)
        : api.DELETE('/api/v1/episodes/{id}/labels/{label_id}', place),
    )
  },
  describe: (id: string, subject: string, topic: string): Promise<Episode> =>
    take(api.PATCH('/api/v1/episodes/{id}', { ...at(id), body: { subject, topic } })),
  link: (id: string, follows_id: string): Promise<Episode> =>
    take(api.POST('/api/v1/episodes/{id}/link', { ...at(id), body: { follows_id } })),
  split: (id: string, message_ids: string[], subject: string): Promise<Episode> =>
    take(
      api.POST('/api/v1/episodes/{id}/split', { ...at(id), body: { message_ids, ...(subject ? { subject } : {}) } }),
    ),
  promise: async (id: string, due: number, text: string): Promise<Episode> => {
    await take(
      api.POST('/api/v1/episodes/{id}/promises', {
        params: { path: { id }, header: { 'Idempotency-Key': newKey() } },
        body: { due_at: new Date(due).toISOString(), text },
      }),
    )
    return take(api.GET('/api/v1/episodes/{id}', at(id)))
  },
}

/** Puts a message under another matter. */
export const moveMessage = (id: string, episode_id: string): Promise<Entry> =>
  take(api.POST('/api/v1/messages/{id}/move', { ...at(id), body: { episode_id } }))
