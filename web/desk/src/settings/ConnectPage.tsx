import { Button } from '@mantine/core'
import { ProblemError, take } from '@onethread/client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { keys } from '../api/keys.ts'
import { Steps } from '../entry/EntryShell.tsx'
import { PAGE_KIND } from '../parts/channels.ts'
import { newKey } from '../parts/key.ts'
import { ProblemNote } from '../parts/Problem.tsx'
import { keepVerifyToken } from './AccountPanels.tsx'
import { AccountFields, emptyForm, filled, wrongFields } from './accountForm.tsx'
import styles from './Settings.module.css'

export function useConnectSteps(now: 0 | 1 | 2 | 4) {
  const { t } = useTranslation()
  const steps = [
    { title: t('connect.step_form'), text: t('connect.step_form_text') },
    { title: t('connect.step_test'), text: t('connect.step_test_text') },
    { title: t('connect.step_callback'), text: t('connect.step_callback_text') },
    { title: t('connect.step_first'), text: t('connect.step_first_text') },
  ]
  return steps.map((step, place) => ({
    ...step,
    state: place < now ? ('done' as const) : place === now ? ('now' as const) : ('next' as const),
  }))
}

export function ConnectPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [form, setForm] = useState(emptyForm)
  const [wrong, setWrong] = useState<ReadonlySet<string>>(new Set())
  // One key for one form: pressing again after a lost answer does not connect the page twice.
  const key = useRef(newKey())
  const steps = useConnectSteps(0)
  const connect = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/channel-accounts', {
          params: { header: { 'Idempotency-Key': key.current } },
          body: { kind: PAGE_KIND, name: form.name.trim(), ...filled(form, false) },
        }),
      ),
    onError: (error) => {
      if (error instanceof ProblemError && !error.temporary) key.current = newKey()
    },
    onSuccess: (account) => {
      if (account.verify_token) keepVerifyToken(account.id, account.verify_token)
      else if (form.verify_token) keepVerifyToken(account.id, form.verify_token.trim())
      client.setQueryData(keys.account(account.id), account)
      void client.invalidateQueries({ queryKey: keys.accounts })
      void navigate({ to: '/settings/accounts/$accountId', params: { accountId: account.id } })
    },
  })
  const faults = connect.error instanceof ProblemError ? (connect.error.problem.faults ?? []) : []
  const shown = faults.filter((fault) =>
    Object.keys(form).some((name) => fault.field === name || fault.field.endsWith(`.${name}`)),
  )
  return (
    <div className={styles.withSteps}>
      <div>
        <h1>{t('connect.title')}</h1>
        <p className={styles.lead}>{t('connect.intro')}</p>
        <form
          className={styles.fields}
          // The browser's own words would be in the browser's language.
          noValidate
          onSubmit={(event) => {
            event.preventDefault()
            const found = wrongFields(form, false)
            setWrong(found)
            if (found.size === 0) connect.mutate()
          }}
        >
          <div className={styles.form}>
            {connect.error && (faults.length === 0 || shown.length < faults.length) ? (
              <ProblemNote error={connect.error} />
            ) : null}
            <AccountFields form={form} onChange={setForm} error={connect.error} wrong={wrong} editing={false} />
            <div className="row">
              <Button type="submit" variant="filled" size="sm" loading={connect.isPending}>
                {t('connect.save')}
              </Button>
              <Button component={Link} to="/settings/accounts" variant="subtle" color="gray" size="sm">
                {t('app.cancel')}
              </Button>
            </div>
          </div>
        </form>
      </div>
      <div className={styles.stepsColumn}>
        <Steps steps={steps} label={t('connect.steps')} />
      </div>
    </div>
  )
}
