import { Button } from '@mantine/core'
import { ProblemError } from '@onethread/client'
import { useTranslation } from 'react-i18next'
import { Icon } from '../parts/Glyphs.tsx'
import { problemText } from '../parts/Problem.tsx'
import type { Pending } from './outbox.ts'
import styles from './Timeline.module.css'
import { Words } from './Words.tsx'
import { partOf } from './words.ts'

/** A reply that the server does not have yet: on its way, waiting for the connection, or refused. */
export function PendingView({ pending, offline, onEdit }: { pending: Pending; offline: boolean; onEdit: () => void }) {
  const { t } = useTranslation()
  const refused = pending.state === 'refused'
  const waits = pending.state === 'waiting' && offline
  return (
    <article
      className={pending.extra?.note ? styles.entry : `${styles.entry} ${styles.ours}`}
      aria-label={`${t('author.you')}, ${refused ? t('delivery.failed') : t('delivery.sending')}`}
    >
      {pending.text ? (
        <div
          className={pending.extra?.note ? styles.note : styles.say}
          data-who="agent"
          data-lost={refused || undefined}
          data-pending={refused ? undefined : ''}
        >
          <Words text={pending.text} />
        </div>
      ) : null}
      {pending.extra?.blocks?.map((block, place) => {
        const part = partOf(t, block)
        return part ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a message never change their order
          <p key={place} className={styles.part} dir="auto">
            {part}
          </p>
        ) : null
      })}
      {refused ? (
        <div className={styles.fail} role="alert">
          <Icon name="alert" />
          <div className="grow">
            <b>{t('failure.not_accepted')}</b>{' '}
            {pending.problem ? problemText(t, new ProblemError(pending.problem)) : t('problem.internal')}
            <div className={styles.acts}>
              <Button onClick={onEdit}>{t('failure.edit')}</Button>
              {pending.problem?.detail ? (
                <details>
                  <summary>{t('app.details')}</summary>
                  <pre lang="en">{pending.problem.detail}</pre>
                </details>
              ) : null}
            </div>
          </div>
        </div>
      ) : waits ? (
        <p className={styles.fate}>
          <Icon name="wait" size="s" />
          {t('delivery.waits_offline')}
        </p>
      ) : null}
    </article>
  )
}
