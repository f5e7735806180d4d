import { Button } from '@mantine/core'
import type { Webhook } from '@onethread/client'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { webhooksQuery } from '../api/queries.ts'
import { Empty } from '../parts/Empty.tsx'
import { useLater } from '../parts/later.ts'
import { ProblemRegion } from '../parts/Problem.tsx'
import styles from './Settings.module.css'
import { Standing, WebhookChip } from './WebhookPanels.tsx'

/** Other programs that are told what happens, and how it goes. */
export function WebhooksPage() {
  const { t } = useTranslation()
  // A state that passes by itself is in no frame: read anew when the page is opened.
  const query = useQuery({ ...webhooksQuery, staleTime: 0 })
  const slow = useLater(query.isPending)
  if (query.isError) {
    return <ProblemRegion title={t('list.error_title')} error={query.error} onAgain={() => void query.refetch()} />
  }
  const webhooks = query.data?.items
  if (webhooks?.length === 0) return <NoWebhooks />
  return (
    <>
      <div className={styles.head}>
        <div>
          <h1>{t('webhooks.title')}</h1>
          <p className={styles.lead}>{t('webhooks.intro')}</p>
        </div>
        {webhooks ? <NewButton /> : null}
      </div>
      {webhooks ? <WebhookList webhooks={webhooks} /> : slow ? <WebhookSkeleton /> : null}
    </>
  )
}

function NewButton() {
  const { t } = useTranslation()
  return (
    <Button component={Link} to="/settings/webhooks/new" variant="filled" size="sm">
      {t('webhooks.new')}
    </Button>
  )
}

export function NoWebhooks() {
  const { t } = useTranslation()
  return (
    <Empty title={t('webhooks.empty_title')} body={t('webhooks.empty_body')}>
      <NewButton />
    </Empty>
  )
}

export function WebhookSkeleton() {
  return (
    <div className={styles.options} aria-busy="true">
      <div className={styles.option} data-plain="">
        <div className="sk" style={{ height: 34 }} />
      </div>
    </div>
  )
}

export function WebhookList({ webhooks }: { webhooks: Webhook[] }) {
  const { t } = useTranslation()
  return (
    <ul className={styles.options}>
      {webhooks.map((webhook) => (
        <li key={webhook.id} className={styles.option} data-plain="">
          <div>
            <b dir="auto">{webhook.name}</b>
            <p className="cut mono" dir="ltr">
              {webhook.url}
            </p>
            <p>
              <Standing webhook={webhook} />
            </p>
          </div>
          <div className={styles.acts}>
            <WebhookChip state={webhook.state} />
            <Button
              component={Link}
              to={`/settings/webhooks/${webhook.id}`}
              aria-label={t('webhooks.open_named', { name: webhook.name })}
            >
              {t('webhooks.open')}
            </Button>
          </div>
        </li>
      ))}
    </ul>
  )
}
