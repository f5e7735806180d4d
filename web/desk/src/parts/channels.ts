import type { TFunction } from 'i18next'

/** The channel of a Facebook Page, for the form that connects one. */
export const PAGE_KIND = 'messenger'

export function channelName(t: TFunction, kind: string): string {
  return kind === PAGE_KIND ? t('channel.messenger') : kind
}
