import { Menu } from '@mantine/core'
import type { Identity } from '@onethread/client'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { channelName } from '../parts/channels.ts'
import { ChannelGlyph, Icon } from '../parts/Glyphs.tsx'
import styles from './Composer.module.css'
import { answerUntil, closedBecause, type Way, wayName } from './words.ts'

type Props = {
  ways: readonly Way[]
  chosen: Identity | undefined
  maySend: boolean
  now: number
  opened: boolean
  onOpened: (opened: boolean) => void
  onChoose: (identityId: string) => void
}

/** The ways in which a customer with several addresses can be answered; one that is closed says why and cannot be chosen. */
export function WayMenu({ ways, chosen, maySend, now, opened, onOpened, onChoose }: Props) {
  const { t } = useTranslation()
  const { dateTime, span } = useFormats()
  const state = (identity: Identity): string => {
    const closed = closedBecause(maySend, identity, now)
    if (closed === 'closed') return t('window.closed')
    if (closed === 'blocked') return t('context.blocked')
    if (closed === 'suppressed') return t('identity.suppressed')
    const until = answerUntil(identity, now)
    if (!until) return ''
    return until.human
      ? t('window.human_long', { until: dateTime(until.at) })
      : t('window.open_long', { left: span(until.at - now) })
  }
  return (
    <Menu opened={opened} onChange={onOpened} position="top-start" width={320} returnFocus>
      <Menu.Target>
        <button type="button" className={styles.ways} aria-label={t('composer.ways')} title={t('composer.ways')}>
          <Icon name="down" size="s" />
        </button>
      </Menu.Target>
      <Menu.Dropdown aria-label={t('composer.ways')}>
        <Menu.RadioGroup value={chosen?.id ?? ''} onChange={onChoose}>
          {ways.map((way) => {
            const { identity } = way
            const current = identity.id === chosen?.id
            return (
              <Menu.RadioItem
                key={identity.id}
                value={identity.id}
                closeMenuOnClick
                disabled={!current && closedBecause(maySend, identity, now) !== undefined}
                rightSection={<ChannelGlyph kind={identity.kind} />}
              >
                <span className={styles.wayItem}>
                  <span dir="auto">{wayName(t, way)}</span>
                  <small>{[channelName(t, identity.kind), state(identity)].filter(Boolean).join(' · ')}</small>
                </span>
              </Menu.RadioItem>
            )
          })}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  )
}
