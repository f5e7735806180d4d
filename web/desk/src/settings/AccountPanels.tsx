import { Button } from '@mantine/core'
import { type AccountPause, type ChannelAccount, type TestReport, take } from '@onethread/client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { keys } from '../api/keys.ts'
import { useFormats } from '../i18n/format.ts'
import { CopyLine } from '../parts/Copy.tsx'
import { Icon } from '../parts/Glyphs.tsx'
import { ProblemNote } from '../parts/Problem.tsx'
import { MESSENGER_FIELDS } from './messengerFields.ts'
import styles from './Settings.module.css'

/** Verify tokens that this page was told just now. They are in no answer afterwards, and in no storage. */
const told = new Map<string, string>()
export const keepVerifyToken = (accountId: string, token: string) => void told.set(accountId, token)

/** Why the account does not send for now, and what lets it go on. */
export function PauseNote({ account, pause }: { account: ChannelAccount; pause: AccountPause }) {
  const { t } = useTranslation()
  const { dateTime } = useFormats()
  const client = useQueryClient()
  const resume = useMutation({
    mutationFn: () => take(api.POST('/api/v1/channel-accounts/{id}/resume', { params: { path: { id: account.id } } })),
    onSuccess: (changed) => client.setQueryData(keys.account(account.id), changed),
  })
  const details = [pause.code, pause.detail].filter(Boolean).join('\n')
  return (
    <div className={styles.warning} role="status">
      {pause.until ? (
        <p>{t('pause.rate_limited', { time: dateTime(Date.parse(pause.until)) })}</p>
      ) : pause.reason === 'unauthorized' ? (
        <p>
          <b>{t('pause.unauthorized')}</b> {t('pause.unauthorized_next')}
        </p>
      ) : (
        <p>
          <b>{t('pause.policy_blocked')}</b> {t('pause.policy_blocked_next')}
        </p>
      )}
      <div className="row">
        <Button loading={resume.isPending} onClick={() => resume.mutate()}>
          {t('pause.resume')}
        </Button>
        {details ? (
          <details>
            <summary>{t('app.details')}</summary>
            <pre lang="en">{details}</pre>
          </details>
        ) : null}
      </div>
      <ProblemNote error={resume.error} />
    </div>
  )
}

/** What to carry to Meta, and whether it worked. */
export function CallbackPanel({ account }: { account: ChannelAccount }) {
  const { t } = useTranslation()
  const { dateTime } = useFormats()
  const token = told.get(account.id)
  return (
    <section className={styles.panel}>
      <h2>{t('connect.step_callback')}</h2>
      <p>{t('connect.callback_hint')}</p>
      <div className={styles.panelBody}>
        <CopyLine name={t('connect.callback_url')} value={`${globalThis.location.origin}${account.callback_path}`} />
        {token ? (
          <CopyLine name={t('connect.verify_token')} value={token} />
        ) : (
          <p className="sm mut">
            <b>{t('connect.verify_token')}</b> {t('connect.verify_token_lost')}
          </p>
        )}
        <div className="sm mut">
          <p>{t('connect.fields_hint')}</p>
          <ul className={styles.subscribed} translate="no">
            {MESSENGER_FIELDS.map((field) => (
              <li key={field}>
                <code className="mono">{field}</code>
              </li>
            ))}
          </ul>
        </div>
        <div role="status">
          {account.last_callback_at ? (
            <div className={styles.check}>
              <Icon name="check" />
              <div className="grow">
                <b>{t('connect.arrived', { when: dateTime(Date.parse(account.last_callback_at)) })}</b>
              </div>
              <Button component={Link} to="/threads">
                {t('app.to_threads')}
              </Button>
            </div>
          ) : (
            <div className={styles.check}>
              <span className={styles.waitDot} />
              <div>
                <b>{t('connect.waiting')}</b> {t('connect.waiting_next')}
                <p>{t('connect.waiting_why')}</p>
              </div>
            </div>
          )}
        </div>
      </div>
    </section>
  )
}

/** Asks the provider with the stored credentials, and shows each step of the answer. */
export function TestPanel({ accountId, onPassed }: { accountId: string; onPassed?: () => void }) {
  const { t } = useTranslation()
  const test = useMutation({
    mutationFn: () => take(api.POST('/api/v1/channel-accounts/{id}/test', { params: { path: { id: accountId } } })),
    onSuccess: (report) => {
      if (report.passed) onPassed?.()
    },
  })
  return (
    <section className={styles.panel}>
      <h2>{t('test.title')}</h2>
      <p>{t('test.intro')}</p>
      <div className={styles.panelBody}>
        <div>
          <Button onClick={() => test.mutate()} loading={test.isPending}>
            {test.data ? t('test.again') : t('test.run')}
          </Button>
        </div>
        <ProblemNote error={test.error} />
        {test.data ? <Report report={test.data} /> : null}
      </div>
    </section>
  )
}

function stepName(t: TFunction, name: string): string {
  if (name === 'token' || name === 'page' || name === 'subscribed') return t(`test.step_${name}`)
  return name
}

const CODES = [
  'accepted',
  'found',
  'subscribed',
  'not_refused',
  'token_refused',
  'no_answer',
  'page_not_found',
  'other_page',
  'not_subscribed',
  'fields_missing',
  'subscription_hidden',
] as const

/** What a step found; nothing for a word that a newer server may have. */
function codeText(t: TFunction, code: string): string | null {
  const known = CODES.find((one) => one === code)
  return known ? t(`test.code_${known}`) : null
}

export function Report({ report }: { report: TestReport }) {
  const { t } = useTranslation()
  return (
    <div role="status">
      <p>
        <span className={report.passed ? 'chip good' : 'chip bad'}>
          {report.passed ? t('test.passed') : t('test.failed')}
        </span>
      </p>
      <ul className={styles.checks}>
        {report.steps.map((step) => (
          <li key={step.name} className={styles.check} data-failed={step.passed ? undefined : ''}>
            <Icon name={step.passed ? 'check' : 'x'} />
            <div>
              <b>{stepName(t, step.name)}</b>
              <span className="vh">{step.passed ? t('test.step_passed') : t('test.step_failed')}</span>
              <p>{codeText(t, step.code)}</p>
              {/* The provider's own words, or names of its own. */}
              {step.detail ? <p translate="no">{step.detail}</p> : null}
            </div>
          </li>
        ))}
      </ul>
    </div>
  )
}
