import { Checkbox, Switch, TextInput } from '@mantine/core'
import { ProblemError } from '@onethread/client'
import { useQuery } from '@tanstack/react-query'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { webhookKindsQuery } from '../api/queries.ts'
import { faultOf } from '../parts/Problem.tsx'
import styles from './Settings.module.css'

export type WebhookForm = {
  name: string
  url: string
  enabled: boolean
  /** Everything, also what is added later; otherwise `kinds`. */
  everything: boolean
  kinds: string[]
}

export const emptyWebhook: WebhookForm = { name: '', url: '', enabled: true, everything: true, kinds: [] }

/** What the server is told: no kinds are all kinds. */
export function filledWebhook(form: WebhookForm) {
  const { name, url, enabled, everything, kinds } = form
  return { name: name.trim(), url: url.trim(), enabled, kinds: everything ? [] : kinds }
}

/** Nothing chosen would be sent as no kinds, which means everything. */
export const isComplete = (form: WebhookForm): boolean => form.everything || form.kinds.length > 0

/** What went wrong, unless every fault of it stands beside its field. */
export function besideFields(error: unknown): unknown {
  const faults = error instanceof ProblemError ? (error.problem.faults ?? []) : []
  const shown = faults.every((fault) => ['name', 'url', 'kinds'].includes(fault.field))
  return faults.length > 0 && shown ? undefined : error
}

/** The families of kinds, in the order of the server's list. */
export function familiesOf(kinds: readonly string[]): string[] {
  return [...new Set(kinds.map((kind) => kind.split('.')[0] ?? kind))]
}

const KNOWN = [
  'agent',
  'channel_account',
  'customer',
  'episode',
  'event',
  'message',
  'note',
  'promise',
  'sign_in',
  'token',
  'webhook',
] as const

/** A family in words; one that this desk does not know yet keeps the server's word. */
export function familyName(t: TFunction, family: string): string {
  const known = KNOWN.find((one) => one === family)
  return known ? t(`webhooks.family_${known}`) : family
}

export function WebhookFields({
  form,
  onChange,
  error,
  fault,
}: {
  form: WebhookForm
  onChange: (form: WebhookForm) => void
  error: unknown
  /** What the desk finds wrong in a field before it is sent. */
  fault: (name: string) => string | undefined
}) {
  const { t } = useTranslation()
  const kinds = useQuery(webhookKindsQuery)
  return (
    <>
      <TextInput
        name="name"
        label={t('webhooks.name')}
        description={t('webhooks.name_hint')}
        autoComplete="off"
        required
        withAsterisk={false}
        maxLength={200}
        value={form.name}
        error={fault('name') ?? faultOf(t, error, 'name')}
        onChange={(event) => onChange({ ...form, name: event.currentTarget.value })}
      />
      <TextInput
        name="url"
        label={t('webhooks.url')}
        description={t('webhooks.url_hint')}
        placeholder="https://crm.example.com/onethread"
        autoComplete="off"
        inputMode="url"
        dir="ltr"
        required
        withAsterisk={false}
        maxLength={2000}
        value={form.url}
        error={fault('url') ?? faultOf(t, error, 'url')}
        onChange={(event) => onChange({ ...form, url: event.currentTarget.value })}
      />
      <KindFields
        families={familiesOf(kinds.data?.items ?? [])}
        form={form}
        onChange={onChange}
        error={faultOf(t, error, 'kinds')}
      />
      <Switch
        checked={form.enabled}
        onChange={(event) => onChange({ ...form, enabled: event.currentTarget.checked })}
        label={t('webhooks.enabled')}
        description={t('webhooks.enabled_hint')}
      />
    </>
  )
}

/** Families as checkboxes; a single kind that was chosen through the API stands below and can be taken away. */
export function KindFields({
  families,
  form,
  onChange,
  error,
}: {
  families: string[]
  form: WebhookForm
  onChange: (form: WebhookForm) => void
  error?: string | undefined
}) {
  const { t } = useTranslation()
  const toggle = (pattern: string) =>
    onChange({
      ...form,
      kinds: form.kinds.includes(pattern)
        ? form.kinds.filter((one) => one !== pattern)
        : [...form.kinds, pattern].sort(),
    })
  const whole = families.map((family) => `${family}.*`)
  const single = form.kinds.filter((pattern) => !whole.includes(pattern))
  return (
    <fieldset className={styles.choices}>
      <legend className={styles.label}>{t('webhooks.kinds')}</legend>
      <Checkbox
        checked={form.everything}
        onChange={(event) => onChange({ ...form, everything: event.currentTarget.checked })}
        label={t('webhooks.everything')}
        description={t('webhooks.everything_hint')}
      />
      {form.everything ? null : (
        <div className={styles.inner}>
          {families.map((family) => (
            <Checkbox
              key={family}
              checked={form.kinds.includes(`${family}.*`)}
              onChange={() => toggle(`${family}.*`)}
              label={familyName(t, family)}
            />
          ))}
          {single.map((kind) => (
            <Checkbox key={kind} checked onChange={() => toggle(kind)} label={<code className="mono">{kind}</code>} />
          ))}
          {form.kinds.length === 0 ? <p className="sm mut">{t('webhooks.kinds_none')}</p> : null}
        </div>
      )}
      {error ? (
        <p className={styles.fault} role="alert">
          {error}
        </p>
      ) : null}
    </fieldset>
  )
}
