import { Button, SegmentedControl } from '@mantine/core'
import type { Webhook, WebhookDelivery, WebhookState } from '@onethread/client'
import type { TFunction } from 'i18next'
import { useState, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { CopyLine } from '../parts/Copy.tsx'
import { Icon } from '../parts/Glyphs.tsx'
import styles from './Settings.module.css'

/** Secrets that this page was told just now. They are in no answer afterwards, and in no storage. */
const told = new Map<string, string>()
const listeners = new Set<() => void>()
const tell = () => {
  for (const listener of listeners) listener()
}
export function keepSecret(webhookId: string, secret: string): void {
  told.set(webhookId, secret)
  tell()
}
function forgetSecret(webhookId: string): void {
  told.delete(webhookId)
  tell()
}
function useSecret(webhookId: string): string | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => told.get(webhookId),
  )
}

const TONES: Record<WebhookState, string> = {
  healthy: 'chip good',
  retrying: 'chip warn',
  failing: 'chip bad',
  disabled: 'chip',
  gone: 'chip bad',
}

export function WebhookChip({ state }: { state: WebhookState }) {
  const { t } = useTranslation()
  return <span className={TONES[state] ?? 'chip'}>{t(`webhooks.state_${state}`)}</span>
}

/** How a webhook goes, in one sentence. */
export function Standing({ webhook }: { webhook: Webhook }) {
  const { t } = useTranslation()
  const { dateTime } = useFormats()
  const when = (text: string | null | undefined) => (text ? dateTime(Date.parse(text)) : '')
  if (webhook.state === 'gone') return t('webhooks.standing_gone')
  if (webhook.state === 'disabled') return t('webhooks.standing_disabled')
  if (webhook.state === 'failing') return t('webhooks.standing_failing', { when: when(webhook.failing_since) })
  if (webhook.state === 'retrying') return t('webhooks.standing_retrying', { when: when(webhook.failing_since) })
  return webhook.last_success_at
    ? t('webhooks.standing_healthy', { when: when(webhook.last_success_at) })
    : t('webhooks.standing_new')
}

/** Why a try failed, in words for whoever set it up. */
function errorText(t: TFunction, delivery: Pick<WebhookDelivery, 'error' | 'status'>): string {
  if (!delivery.error) return ''
  return delivery.error === 'not_accepted'
    ? t('webhooks.error_not_accepted', { status: delivery.status ?? '' })
    : t(`webhooks.error_${delivery.error}`)
}

/** The secret, as long as this page knows it. */
export function SecretPanel({ webhookId }: { webhookId: string }) {
  const secret = useSecret(webhookId)
  return secret ? <SecretOnce secret={secret} onStored={() => forgetSecret(webhookId)} /> : null
}

export function SecretOnce({ secret, onStored }: { secret: string; onStored: () => void }) {
  const { t } = useTranslation()
  return (
    <section className={styles.panel}>
      <h2>{t('webhooks.secret')}</h2>
      <p>{t('webhooks.secret_once')}</p>
      <div className={styles.panelBody}>
        <CopyLine name={t('webhooks.secret')} value={secret} />
        <div>
          <Button onClick={onStored}>{t('webhooks.secret_stored')}</Button>
        </div>
      </div>
    </section>
  )
}

/** How it goes now, and what can be done about it. */
export function StandingPanel({
  webhook,
  onReplay,
  replaying,
}: {
  webhook: Webhook
  onReplay: () => void
  replaying: boolean
}) {
  const { t } = useTranslation()
  const { dateTime } = useFormats()
  const { next_try_at, last_error, failed_events, former_secret_until } = webhook
  const overlaps = former_secret_until && Date.parse(former_secret_until) > Date.now()
  return (
    <section className={styles.panel}>
      <h2>{t('webhooks.standing')}</h2>
      <p>
        <Standing webhook={webhook} />
        {last_error && last_error !== 'not_accepted' ? ` ${t(`webhooks.error_${last_error}`)}` : ''}
        {next_try_at ? ` ${t('webhooks.next_try', { when: dateTime(Date.parse(next_try_at)) })}` : ''}
        {overlaps ? ` ${t('webhooks.secret_overlap', { when: dateTime(Date.parse(former_secret_until)) })}` : ''}
      </p>
      {failed_events > 0 ? (
        <div className={styles.panelBody}>
          <div className={styles.check} data-failed="">
            <Icon name="alert" />
            <div className="grow">
              <b>{t('webhooks.given_up', { count: failed_events })}</b>
              <p>{t('webhooks.given_up_hint')}</p>
            </div>
            {webhook.enabled ? (
              <Button onClick={onReplay} loading={replaying}>
                {t('webhooks.replay_failed')}
              </Button>
            ) : null}
          </div>
        </div>
      ) : null}
    </section>
  )
}

/** What came of a test. */
export function TestResult({ delivery }: { delivery: WebhookDelivery }) {
  const { t } = useTranslation()
  const arrived = delivery.outcome === 'delivered'
  return (
    <div role="status">
      <div className={styles.check} data-failed={arrived ? undefined : ''}>
        <Icon name={arrived ? 'check' : 'x'} />
        <div>
          <b>
            {arrived
              ? t('webhooks.test_arrived', { status: delivery.status ?? '', millis: delivery.duration_ms })
              : errorText(t, delivery)}
          </b>
          {delivery.detail ? (
            <p lang="en" dir="auto">
              {delivery.detail}
            </p>
          ) : null}
        </div>
      </div>
    </div>
  )
}

/** Which tries are shown, and how old the list is. */
export function DeliveriesHead({
  failed,
  onFailed,
  asOf,
  reading,
  onAgain,
}: {
  failed: boolean
  onFailed: (failed: boolean) => void
  asOf: number
  reading: boolean
  onAgain: () => void
}) {
  const { t } = useTranslation()
  const { time } = useFormats()
  return (
    <div className={styles.bar}>
      <SegmentedControl
        aria-label={t('webhooks.deliveries')}
        value={failed ? 'failed' : 'all'}
        onChange={(value) => onFailed(value === 'failed')}
        data={[
          { value: 'all', label: t('webhooks.deliveries_all') },
          { value: 'failed', label: t('webhooks.deliveries_failed') },
        ]}
      />
      <span className="xs fnt grow">{asOf ? t('operations.as_of', { time: time(asOf) }) : ''}</span>
      <Button onClick={onAgain} loading={reading}>
        {t('app.refresh')}
      </Button>
    </div>
  )
}

const OUTCOMES: Record<WebhookDelivery['outcome'], string> = {
  delivered: 'chip good',
  retrying: 'chip warn',
  failed: 'chip bad',
  gone: 'chip bad',
}

export function Deliveries({
  deliveries,
  failed,
  onReplay,
}: {
  deliveries: WebhookDelivery[]
  failed: boolean
  /** Absent while the webhook is off: nothing can be sent then. */
  onReplay?: ((deliveryId: string) => Promise<unknown>) | undefined
}) {
  const { t } = useTranslation()
  const { dateTime } = useFormats()
  if (deliveries.length === 0) {
    return <p className="mut">{failed ? t('webhooks.deliveries_failed_none') : t('webhooks.deliveries_none')}</p>
  }
  return (
    <ul className={styles.deliveries}>
      {deliveries.map((delivery) => (
        <li key={delivery.id} className={styles.delivery}>
          <div>
            <div className="row wrap">
              <span className={OUTCOMES[delivery.outcome] ?? 'chip'}>{t(`webhooks.outcome_${delivery.outcome}`)}</span>
              <code className="mono">{delivery.kind}</code>
              <span className="xs fnt num">
                {dateTime(Date.parse(delivery.at))}
                {delivery.attempt > 1 ? ` · ${t('webhooks.attempt', { attempt: delivery.attempt })}` : ''}
              </span>
            </div>
            <p className="num">
              {delivery.error
                ? errorText(t, delivery)
                : t('webhooks.answered', { status: delivery.status ?? '', millis: delivery.duration_ms })}
            </p>
            {delivery.error && delivery.detail ? (
              <p className="xs fnt" lang="en" dir="auto">
                {delivery.detail}
              </p>
            ) : null}
          </div>
          {onReplay && delivery.cursor ? <ReplayOne onReplay={() => onReplay(delivery.id)} /> : null}
        </li>
      ))}
    </ul>
  )
}

function ReplayOne({ onReplay }: { onReplay: () => Promise<unknown> }) {
  const { t } = useTranslation()
  const [state, setState] = useState<'rest' | 'asking' | 'done'>('rest')
  return (
    <Button
      loading={state === 'asking'}
      disabled={state === 'done'}
      aria-live="polite"
      onClick={() => {
        setState('asking')
        onReplay().then(
          () => setState('done'),
          () => setState('rest'),
        )
      }}
    >
      {state === 'done' ? t('webhooks.replay_asked') : t('webhooks.replay_one')}
    </Button>
  )
}
