import { Button } from '@mantine/core'
import { ProblemError } from '@onethread/client'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { CopyButton } from './Copy.tsx'
import { Icon } from './Glyphs.tsx'
import styles from './parts.module.css'

const CODES = [
  'already_connected',
  'conflict',
  'forbidden',
  'internal',
  'invalid',
  'not_found',
  'too_large',
  'too_many_requests',
  'unauthenticated',
  'unavailable',
  'unreachable',
] as const

/** What went wrong in one sentence of the reader's language. */
export function problemText(t: TFunction, error: unknown): string {
  if (!(error instanceof ProblemError)) return t('problem.internal')
  // Why a message may not be sent is a conflict with a code of its own, told in the words of a failed delivery.
  if (error.code === 'window_closed') return t('failure.outside_window')
  if (error.code === 'blocked') return t('failure.blocked')
  if (error.code === 'account_disabled') return t('failure.account_disabled')
  if (error.code === 'still_unreadable' || error.code === 'account_not_connected') return t(`problem.${error.code}`)
  const code = error.code === 'idempotency_conflict' ? 'conflict' : error.code
  const known = CODES.find((one) => one === code)
  return known ? t(`problem.${known}`) : t('problem.internal')
}

/** The technical side, for whoever looks closer: the server's own words are English and stay behind this. */
export function problemDetails(error: unknown): string {
  if (!(error instanceof ProblemError)) return String(error)
  const { code, status, detail, request_id, faults } = error.problem
  return [
    `${code} · ${status}`,
    detail,
    ...(faults ?? []).map((fault) => `${fault.field}: ${fault.message}`),
    request_id && `req ${request_id}`,
  ]
    .filter(Boolean)
    .join('\n')
}

/** Fields for which we say in the reader's language what would be right. */
const FIELDS = [
  'api_base',
  'app_secret',
  'description',
  'email',
  'key',
  'kinds',
  'name',
  'note',
  'options',
  'page_access_token',
  'page_id',
  'password',
  'persona_picture_url',
  'url',
  'verify_token',
  'workspace_name',
  'zone',
] as const

/** What would be right in a field; undefined for a field that we have no words for. */
export function fieldText(t: TFunction, field: string): string | undefined {
  const known = FIELDS.find((one) => one === field)
  return known && t(`fault.${known}`)
}

const TAKEN = /^another \w+ has this (name|key)/

/** Whether the server says that a name or a key belongs to something else already. */
export const isTaken = (message: string): boolean => TAKEN.test(message)

/**
 * The fault of one field of a form, in the reader's language; undefined when there is none. The server's own words are
 * English and for programs. `right` says what would be right where the name of the field does not tell.
 */
export function faultOf(t: TFunction, error: unknown, field: string, right?: string): string | undefined {
  if (!(error instanceof ProblemError)) return undefined
  const fault = error.problem.faults?.find((one) => one.field === field || one.field.endsWith(`.${field}`))
  if (!fault) return undefined
  if (isTaken(fault.message)) return t('fault.taken')
  return right ?? fieldText(t, field) ?? t('fault.other')
}

/** A fault of ours inside a form or a section, with the details at hand. */
export function ProblemNote({ error }: { error: unknown }) {
  const { t } = useTranslation()
  if (!error) return null
  return (
    <div className={styles.note} role="alert">
      <Icon name="alert" />
      <div className="grow">
        <b>{problemText(t, error)}</b>
        <details className={styles.details}>
          <summary>{t('app.details')}</summary>
          <pre lang="en">{problemDetails(error)}</pre>
        </details>
      </div>
    </div>
  )
}

/** A whole region that could not be read: what happened, what still works, one way on. */
export function ProblemRegion({
  title,
  body,
  error,
  onAgain,
}: {
  title: string
  body?: string
  error: unknown
  onAgain: () => void
}) {
  const { t } = useTranslation()
  const details = problemDetails(error)
  return (
    <div className={styles.region} role="alert">
      <h2>{title}</h2>
      <p className="mut">
        {problemText(t, error)}
        {body ? ` ${body}` : ''}
      </p>
      <div className="row">
        <Button onClick={onAgain}>{t('app.try_again')}</Button>
        <CopyButton text={details} label={t('app.copy_details')} bare />
      </div>
      <pre className={styles.code} lang="en">
        {details}
      </pre>
    </div>
  )
}
