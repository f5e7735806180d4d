import { Button } from '@mantine/core'
import type { Delivery } from '@onethread/client'
import { useTranslation } from 'react-i18next'
import { Icon } from '../parts/Glyphs.tsx'
import styles from './Timeline.module.css'

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

/** Failed or uncertain: what happened, the next step, and the technical side behind Details. */
export function Lost({
  delivery,
  maySend,
  busy,
  onAgain,
}: {
  delivery: Delivery
  maySend: boolean
  busy: boolean
  onAgain: () => void
}) {
  const { t } = useTranslation()
  const failed = delivery.state === 'failed'
  const reason = delivery.error?.reason ?? (failed ? 'rejected' : 'no_answer')
  const details = [delivery.error?.code, delivery.error?.detail].filter(Boolean).join('\n')
  return (
    <div className={failed ? styles.fail : styles.doubt}>
      <Icon name="alert" />
      <div className="grow">
        <b>{failed ? t('failure.head_failed') : t('failure.head_uncertain')}</b> {t(`failure.${reason}`)}{' '}
        {t(`failure.${reason}_next`)}
        <div className={styles.acts}>
          {maySend ? (
            <Button onClick={onAgain} loading={busy}>
              {t('failure.send_again')}
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
