import type { TFunction } from 'i18next'

/** What the desk must know of a channel to draw it; the server decides all else. */
const CHANNELS: Record<string, { textLimit: number }> = {
  messenger: { textLimit: 2000 },
}
/** For a kind that this desk does not know yet: what one text block may hold at most. */
const ANY_LIMIT = 20_000

export const textLimit = (kind: string): number => CHANNELS[kind]?.textLimit ?? ANY_LIMIT

export function channelName(t: TFunction, kind: string): string {
  return kind === 'messenger' ? t('channel.messenger') : kind
}
