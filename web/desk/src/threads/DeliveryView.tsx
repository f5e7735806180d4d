import { Button, Menu } from '@mantine/core'
import type { Delivery, Identity, MessageEntry } from '@onethread/client'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { ChannelGlyph, Icon } from '../parts/Glyphs.tsx'
import styles from './Timeline.module.css'
import { useTimelineActs } from './timelineContext.ts'
import { wayName } from './words.ts'

/** Reasons for which a message waits until the account sends again. */
const HELD: readonly string[] = ['unauthorized', 'policy_blocked', 'rate_limited']
/** Steps that are taken at the account's own page. */
export const AT_THE_ACCOUNT: readonly string[] = [
  'reconnect_account',
  'enable_account',
  'contact_provider',
  'check_page',
]

/** Whether it waits because its account does not send for now. */
export function isHeld({ state, error }: Delivery): boolean {
  return state === 'queued' && error !== null && error !== undefined && HELD.includes(error.reason)
}

/** What became of it, or what it waits for, in one line. */
export function Fate({ delivery }: { delivery: Delivery }) {
  const { t } = useTranslation()
  const { state, error, tries } = delivery
  const trying = state === 'queued' && error && tries > 0
  const icon = state === 'queued' || state === 'sending' ? (trying ? 'undo' : 'wait') : 'check'
  return (
    <p className={styles.fate} data-read={state === 'read' || undefined}>
      <Icon name={icon} size="s" />
      {trying ? t('delivery.trying', { count: tries }) : t(`delivery.${state}`)}
    </p>
  )
}

type Props = {
  entry: MessageEntry
  delivery: Delivery
  maySend: boolean
  busy: boolean
  onAgain: () => void
}

/** Failed, uncertain or held: what happened, what helps with its button, and the technical side behind Details. */
export function Lost({ entry, delivery, maySend, busy, onAgain }: Props) {
  const { t } = useTranslation()
  const { onCancel, mayManage, find, jump } = useTimelineActs()
  const failed = delivery.state === 'failed'
  const held = isHeld(delivery)
  const { error } = delivery
  const reason = error?.reason ?? (failed ? 'rejected' : 'no_answer')
  const details = [error?.code, error?.detail].filter(Boolean).join('\n')
  const head = held
    ? t('failure.head_held')
    : failed
      ? reason === 'cancelled' || reason === 'customer_replied'
        ? t('failure.head_cancelled')
        : t('failure.head_failed')
      : t('failure.head_uncertain')
  const successor = entry.resent_as && find(entry.resent_as) ? entry.resent_as : undefined
  const gone = entry.resent_as !== undefined
  return (
    <div className={failed ? styles.fail : styles.doubt}>
      <Icon name={held ? 'wait' : 'alert'} />
      <div className="grow">
        <b>{head}</b> {t(`failure.${reason}`)} {gone ? t('failure.resent') : t(`failure.${reason}_next`)}
        <div className={styles.acts}>
          {successor ? <Button onClick={() => jump(successor)}>{t('failure.to_resent')}</Button> : null}
          {maySend && !held && !gone ? (
            <Button onClick={onAgain} loading={busy}>
              {t('failure.send_again')}
            </Button>
          ) : null}
          {maySend && !held && !gone ? <OtherWays entry={entry} delivery={delivery} /> : null}
          {maySend && held && onCancel ? <Button onClick={() => onCancel(entry)}>{t('waiting.cancel')}</Button> : null}
          {mayManage && error && AT_THE_ACCOUNT.includes(error.next_step) ? (
            <Button
              renderRoot={(props) => (
                <Link {...props} to="/settings/accounts/$accountId" params={{ accountId: entry.channel_account_id }} />
              )}
            >
              {t('failure.open_account')}
            </Button>
          ) : null}
          {details ? (
            <details>
              <summary>{t('app.details')}</summary>
              <pre lang="en">{details}</pre>
            </details>
          ) : null}
        </div>
      </div>
    </div>
  )
}

/** The customer's other addresses, those that the server named first; absent where there is none. */
function OtherWays({ entry, delivery }: { entry: MessageEntry; delivery: Delivery }) {
  const { t } = useTranslation()
  const { ways = [], onSendBy } = useTimelineActs()
  const named = delivery.error?.alternatives?.map((way) => way.identity_id) ?? []
  const open = (identity: Identity) => !identity.blocked && !identity.suppression
  const others = ways
    .filter(({ identity }) => identity.id !== entry.identity_id && open(identity))
    .sort((one, two) => Number(named.includes(two.identity.id)) - Number(named.includes(one.identity.id)))
  if (!onSendBy || others.length === 0) return null
  return (
    <Menu position="bottom-start" width={280} returnFocus>
      <Menu.Target>
        <Button rightSection={<Icon name="down" size="s" />}>{t('failure.send_by')}</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {others.map((way) => (
          <Menu.Item
            key={way.identity.id}
            leftSection={<ChannelGlyph kind={way.identity.kind} />}
            onClick={() => onSendBy(entry, way.identity.id)}
          >
            <span dir="auto">{wayName(t, way)}</span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
