import { Button } from '@mantine/core'
import { ProblemError, take } from '@onethread/client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { keys } from '../api/keys.ts'
import { ProblemNote } from '../parts/Problem.tsx'
import { useValidity } from '../parts/validity.ts'
import styles from './Settings.module.css'
import { keepSecret } from './WebhookPanels.tsx'
import { besideFields, emptyWebhook, filledWebhook, isComplete, WebhookFields } from './webhookForm.tsx'

export function NewWebhookPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [form, setForm] = useState(emptyWebhook)
  // One key for one form: pressing again after a lost answer does not make two.
  const key = useRef(crypto.randomUUID())
  const create = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/webhooks', {
          params: { header: { 'Idempotency-Key': key.current } },
          body: filledWebhook(form),
        }),
      ),
    onError: (error) => {
      if (error instanceof ProblemError && !error.temporary) key.current = crypto.randomUUID()
    },
    onSuccess: ({ secret, ...webhook }) => {
      keepSecret(webhook.id, secret)
      client.setQueryData(keys.webhook(webhook.id), webhook)
      void client.invalidateQueries({ queryKey: keys.webhooks })
      void navigate({ to: '/settings/webhooks/$webhookId', params: { webhookId: webhook.id } })
    },
  })
  const validity = useValidity(() => create.mutate())
  return (
    <>
      <h1>{t('webhooks.new')}</h1>
      <p className={styles.lead}>{t('webhooks.new_intro')}</p>
      <form className={styles.fields} {...validity.form}>
        <div className={styles.form}>
          <ProblemNote error={besideFields(create.error)} />
          <WebhookFields form={form} onChange={setForm} error={create.error} fault={validity.fault} />
          <div className="row">
            <Button type="submit" variant="filled" size="sm" loading={create.isPending} disabled={!isComplete(form)}>
              {t('webhooks.create')}
            </Button>
            <Button component={Link} to="/settings/webhooks" variant="subtle" color="gray" size="sm">
              {t('app.cancel')}
            </Button>
          </div>
        </div>
      </form>
    </>
  )
}
