import { Button, Modal } from '@mantine/core'
import { type ChannelAccount, take } from '@onethread/client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { keys } from '../api/keys.ts'
import { accountQuery } from '../api/queries.ts'
import { Steps } from '../entry/EntryShell.tsx'
import { channelName } from '../parts/channels.ts'
import { ChannelGlyph } from '../parts/Glyphs.tsx'
import { ProblemNote, ProblemRegion } from '../parts/Problem.tsx'
import { CallbackPanel, keepVerifyToken, PauseNote, TestPanel } from './AccountPanels.tsx'
import { AccountFields, type AccountForm, filled, formOf, wrongFields } from './accountForm.tsx'
import { useConnectSteps } from './ConnectPage.tsx'
import styles from './Settings.module.css'

type Change = {
  name?: string
  enabled?: boolean
  settings?: Record<string, string | boolean | null>
  secrets?: Record<string, string>
}

function useChange(account: ChannelAccount) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Change) =>
      take(api.PATCH('/api/v1/channel-accounts/{id}', { params: { path: { id: account.id } }, body })),
    onSuccess: (changed) => {
      client.setQueryData(keys.account(account.id), changed)
      void client.invalidateQueries({ queryKey: keys.accounts })
    },
  })
}

export function AccountPage() {
  const { t } = useTranslation()
  const { accountId = '' } = useParams({ strict: false })
  const query = useQuery(accountQuery(accountId))
  if (query.isError) {
    return <ProblemRegion title={t('app.not_found_title')} error={query.error} onAgain={() => void query.refetch()} />
  }
  if (!query.data) return null
  return <Account key={accountId} account={query.data} />
}

function Account({ account }: { account: ChannelAccount }) {
  const { t } = useTranslation()
  const [editing, setEditing] = useState(false)
  const [asking, setAsking] = useState(false)
  const [tested, setTested] = useState(false)
  const change = useChange(account)
  const steps = useConnectSteps(account.last_callback_at ? 4 : tested ? 2 : 1)
  return (
    <div className={styles.withSteps}>
      <div>
        <div className={styles.head}>
          <div>
            <h1 dir="auto">{account.name}</h1>
            <p className={styles.lead}>
              <ChannelGlyph kind={account.kind} /> {channelName(t, account.kind)}{' '}
              <span className={account.enabled ? 'chip good' : 'chip'}>
                {account.enabled ? t('account.on') : t('account.off')}
              </span>{' '}
              {account.pause ? <span className="chip bad">{t('pause.chip')}</span> : null}
            </p>
          </div>
          <div className="row">
            {editing ? null : <Button onClick={() => setEditing(true)}>{t('account.edit')}</Button>}
            {account.enabled ? (
              <Button onClick={() => setAsking(true)}>{t('account.disable')}</Button>
            ) : (
              <Button variant="filled" loading={change.isPending} onClick={() => change.mutate({ enabled: true })}>
                {t('account.enable')}
              </Button>
            )}
          </div>
        </div>
        {account.pause ? <PauseNote account={account} pause={account.pause} /> : null}
        <div className={styles.fields}>
          {editing ? (
            <EditForm account={account} onDone={() => setEditing(false)} />
          ) : (
            <div>
              <TestPanel accountId={account.id} onPassed={() => setTested(true)} />
              <CallbackPanel account={account} />
            </div>
          )}
        </div>
      </div>
      <div className={styles.stepsColumn}>
        <Steps steps={steps} label={t('connect.steps')} />
      </div>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('account.disable_title', { name: account.name })}
      >
        <p>{t('account.disable_body')}</p>
        <ProblemNote error={change.error} />
        <div className="row" style={{ marginTop: 16 }}>
          <Button
            variant="filled"
            loading={change.isPending}
            onClick={() => change.mutate({ enabled: false }, { onSuccess: () => setAsking(false) })}
          >
            {t('account.disable')}
          </Button>
          <Button variant="subtle" color="gray" onClick={() => setAsking(false)}>
            {t('app.cancel')}
          </Button>
        </div>
      </Modal>
    </div>
  )
}

function EditForm({ account, onDone }: { account: ChannelAccount; onDone: () => void }) {
  const { t } = useTranslation()
  const [form, setForm] = useState<AccountForm>(formOf(account.name, account.settings as Record<string, unknown>))
  const [wrong, setWrong] = useState<ReadonlySet<string>>(new Set())
  const change = useChange(account)
  const save = () =>
    change.mutate(
      { name: form.name.trim(), ...filled(form, true) },
      {
        onSuccess: () => {
          if (form.verify_token) keepVerifyToken(account.id, form.verify_token.trim())
          onDone()
        },
      },
    )
  return (
    <form
      className={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        const found = wrongFields(form, true)
        setWrong(found)
        if (found.size === 0) save()
      }}
    >
      <ProblemNote error={change.error} />
      <AccountFields form={form} onChange={setForm} error={change.error} wrong={wrong} editing />
      <p className="sm mut">{t('account.secrets_stored', { names: account.secret_names.join(', ') })}</p>
      <div className="row">
        <Button type="submit" variant="filled" size="sm" loading={change.isPending}>
          {t('app.save')}
        </Button>
        <Button variant="subtle" color="gray" size="sm" onClick={onDone}>
          {t('app.cancel')}
        </Button>
      </div>
    </form>
  )
}
