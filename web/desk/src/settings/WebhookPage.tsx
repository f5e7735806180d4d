import { Button, Modal } from '@mantine/core'
import { take, type Webhook, type WebhookReplay } from '@onethread/client'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { keys } from '../api/keys.ts'
import { webhookDeliveriesQuery, webhookQuery } from '../api/queries.ts'
import { flat } from '../live/reduce.ts'
import { ProblemNote, ProblemRegion } from '../parts/Problem.tsx'
import { useValidity } from '../parts/validity.ts'
import styles from './Settings.module.css'
import {
  Deliveries,
  DeliveriesHead,
  keepSecret,
  SecretPanel,
  StandingPanel,
  TestResult,
  WebhookChip,
} from './WebhookPanels.tsx'
import { besideFields, familyName, filledWebhook, isComplete, WebhookFields, type WebhookForm } from './webhookForm.tsx'

/** Takes what the server says a webhook is now. */
function useNews(id: string) {
  const client = useQueryClient()
  return (webhook: Webhook) => {
    client.setQueryData(keys.webhook(id), webhook)
    void client.invalidateQueries({ queryKey: keys.webhooks })
  }
}

function useChange(id: string) {
  const news = useNews(id)
  return useMutation({
    mutationFn: (body: Partial<ReturnType<typeof filledWebhook>>) =>
      take(api.PATCH('/api/v1/webhooks/{id}', { params: { path: { id } }, body })),
    onSuccess: news,
  })
}

function useReplay(id: string) {
  const news = useNews(id)
  return useMutation({
    mutationFn: (body: WebhookReplay) =>
      take(api.POST('/api/v1/webhooks/{id}/replay', { params: { path: { id } }, body })),
    onSuccess: news,
  })
}

export function WebhookPage() {
  const { t } = useTranslation()
  const { webhookId = '' } = useParams({ strict: false })
  const query = useQuery({ ...webhookQuery(webhookId), staleTime: 0 })
  if (query.isError && !query.data) {
    return <ProblemRegion title={t('app.not_found_title')} error={query.error} onAgain={() => void query.refetch()} />
  }
  if (!query.data) return null
  return <One key={webhookId} webhook={query.data} onAgain={() => void query.refetch()} />
}

function One({ webhook, onAgain }: { webhook: Webhook; onAgain: () => void }) {
  const { t } = useTranslation()
  const [editing, setEditing] = useState(false)
  const change = useChange(webhook.id)
  const replay = useReplay(webhook.id)
  const kinds = webhook.kinds.map((kind) => (kind.endsWith('.*') ? familyName(t, kind.slice(0, -2)) : kind))
  return (
    <>
      <div className={styles.head}>
        <div>
          <h1 dir="auto">{webhook.name}</h1>
          <p className={styles.lead}>
            <code className="mono" dir="ltr">
              {webhook.url}
            </code>{' '}
            <WebhookChip state={webhook.state} />
          </p>
          <p className="sm mut">{kinds.length === 0 ? t('webhooks.everything') : kinds.join(' · ')}</p>
        </div>
        <div className="row">
          {editing ? null : <Button onClick={() => setEditing(true)}>{t('account.edit')}</Button>}
          <Button
            variant={webhook.enabled ? 'default' : 'filled'}
            loading={change.isPending}
            onClick={() => change.mutate({ enabled: !webhook.enabled })}
          >
            {webhook.enabled ? t('account.disable') : t('account.enable')}
          </Button>
        </div>
      </div>
      <ProblemNote error={change.error ?? replay.error} />
      <div className={styles.fields}>
        {editing ? (
          <EditForm webhook={webhook} onDone={() => setEditing(false)} />
        ) : (
          <div>
            <SecretPanel webhookId={webhook.id} />
            <StandingPanel
              webhook={webhook}
              replaying={replay.isPending}
              onReplay={() => replay.mutate({ failed: true })}
            />
            <TestPanel webhook={webhook} onDone={onAgain} />
            <DeliveriesPanel
              webhook={webhook}
              onReplay={webhook.enabled ? (delivery_id) => replay.mutateAsync({ delivery_id }) : undefined}
            />
            <EndPanel webhook={webhook} />
          </div>
        )}
      </div>
    </>
  )
}

function EditForm({ webhook, onDone }: { webhook: Webhook; onDone: () => void }) {
  const { t } = useTranslation()
  const { name, url, enabled, kinds } = webhook
  const [form, setForm] = useState<WebhookForm>({ name, url, enabled, kinds, everything: kinds.length === 0 })
  const change = useChange(webhook.id)
  const validity = useValidity(() => change.mutate(filledWebhook(form), { onSuccess: onDone }))
  return (
    <form className={styles.form} {...validity.form}>
      <ProblemNote error={besideFields(change.error)} />
      <WebhookFields form={form} onChange={setForm} error={change.error} fault={validity.fault} />
      <div className="row">
        <Button type="submit" variant="filled" size="sm" loading={change.isPending} disabled={!isComplete(form)}>
          {t('app.save')}
        </Button>
        <Button variant="subtle" color="gray" size="sm" onClick={onDone}>
          {t('app.cancel')}
        </Button>
      </div>
    </form>
  )
}

function TestPanel({ webhook, onDone }: { webhook: Webhook; onDone: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const test = useMutation({
    mutationFn: () => take(api.POST('/api/v1/webhooks/{id}/test', { params: { path: { id: webhook.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['webhook-deliveries', webhook.id] })
      onDone()
    },
  })
  return (
    <section className={styles.panel}>
      <h2>{t('webhooks.test')}</h2>
      <p>{t('webhooks.test_intro')}</p>
      <div className={styles.panelBody}>
        <div>
          <Button onClick={() => test.mutate()} loading={test.isPending}>
            {test.data ? t('test.again') : t('test.run')}
          </Button>
        </div>
        <ProblemNote error={test.error} />
        {test.data ? <TestResult delivery={test.data} /> : null}
      </div>
    </section>
  )
}

function DeliveriesPanel({
  webhook,
  onReplay,
}: {
  webhook: Webhook
  onReplay?: ((deliveryId: string) => Promise<unknown>) | undefined
}) {
  const { t } = useTranslation()
  const [failed, setFailed] = useState(false)
  const query = useInfiniteQuery({ ...webhookDeliveriesQuery(webhook.id, failed), staleTime: 0 })
  return (
    <section className={styles.panel}>
      <h2>{t('webhooks.deliveries')}</h2>
      <p>{t('webhooks.deliveries_intro')}</p>
      <div className={styles.panelBody}>
        <DeliveriesHead
          failed={failed}
          onFailed={setFailed}
          asOf={query.dataUpdatedAt}
          reading={query.isFetching && !query.isFetchingNextPage}
          onAgain={() => void query.refetch()}
        />
        {query.isError ? (
          <ProblemNote error={query.error} />
        ) : query.isPending ? (
          <div className="sk" style={{ height: 72 }} aria-busy="true" />
        ) : (
          <Deliveries deliveries={flat(query.data)} failed={failed} onReplay={onReplay} />
        )}
        {query.hasNextPage ? (
          <div>
            <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              {t('app.load_more')}
            </Button>
          </div>
        ) : null}
      </div>
    </section>
  )
}

/** What cannot be taken back: another secret, and the end. */
function EndPanel({ webhook }: { webhook: Webhook }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const news = useNews(webhook.id)
  const [asking, setAsking] = useState<'secret' | 'remove'>()
  const rotate = useMutation({
    mutationFn: () => take(api.POST('/api/v1/webhooks/{id}/rotate-secret', { params: { path: { id: webhook.id } } })),
    onSuccess: ({ secret, ...changed }) => {
      keepSecret(webhook.id, secret)
      news(changed)
      setAsking(undefined)
      // The secret is shown at the top.
      document.getElementById('main')?.scrollTo?.({ top: 0 })
    },
  })
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/webhooks/{id}', { params: { path: { id: webhook.id } } })),
    onSuccess: async () => {
      await navigate({ to: '/settings/webhooks' })
      client.removeQueries({ queryKey: keys.webhook(webhook.id) })
      void client.invalidateQueries({ queryKey: keys.webhooks })
    },
  })
  const removing = asking === 'remove'
  return (
    <section className={styles.panel}>
      <h2>{t('webhooks.end')}</h2>
      <div className={styles.panelBody}>
        <div className="row wrap">
          <Button onClick={() => setAsking('secret')}>{t('webhooks.rotate')}</Button>
          <Button onClick={() => setAsking('remove')}>{t('webhooks.remove')}</Button>
        </div>
      </div>
      <Modal
        opened={asking !== undefined}
        onClose={() => setAsking(undefined)}
        title={removing ? t('webhooks.remove_title', { name: webhook.name }) : t('webhooks.rotate_title')}
      >
        <p>{removing ? t('webhooks.remove_body') : t('webhooks.rotate_body')}</p>
        <ProblemNote error={removing ? remove.error : rotate.error} />
        <div className="row" style={{ marginTop: 16 }}>
          <Button
            variant="filled"
            loading={rotate.isPending || remove.isPending}
            onClick={() => (removing ? remove.mutate() : rotate.mutate())}
          >
            {removing ? t('webhooks.remove') : t('webhooks.rotate')}
          </Button>
          <Button variant="subtle" color="gray" onClick={() => setAsking(undefined)}>
            {t('app.cancel')}
          </Button>
        </div>
      </Modal>
    </section>
  )
}
