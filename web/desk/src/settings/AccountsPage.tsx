import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { accountsQuery } from '../api/queries.ts'
import { useFormats } from '../i18n/format.ts'
import { channelName } from '../parts/channels.ts'
import { Empty } from '../parts/Empty.tsx'
import { ChannelGlyph } from '../parts/Glyphs.tsx'
import { useLater } from '../parts/later.ts'
import { ProblemRegion } from '../parts/Problem.tsx'
import styles from './Settings.module.css'

export function AccountsPage() {
  const { t } = useTranslation()
  const { dateTime } = useFormats()
  const query = useQuery(accountsQuery)
  const slow = useLater(query.isPending)
  const connect = (
    <Button component={Link} to="/settings/accounts/new" variant="filled" size="sm">
      {t('accounts.connect')}
    </Button>
  )
  if (query.isError) {
    return <ProblemRegion title={t('list.error_title')} error={query.error} onAgain={() => void query.refetch()} />
  }
  const accounts = query.data?.items
  if (accounts?.length === 0) {
    return (
      <Empty title={t('accounts.empty_title')} body={t('accounts.empty_body')}>
        {connect}
      </Empty>
    )
  }
  return (
    <>
      <div className={styles.head}>
        <div>
          <h1>{t('accounts.title')}</h1>
          <p className={styles.lead}>{t('accounts.intro')}</p>
        </div>
        {accounts ? connect : null}
      </div>
      {accounts ? (
        <ul className={styles.options}>
          {accounts.map((account) => (
            <li key={account.id} className={styles.option}>
              <ChannelGlyph kind={account.kind} size="l" />
              <div>
                <b dir="auto">{account.name}</b>
                <p>
                  {channelName(t, account.kind)}
                  {' · '}
                  {account.last_callback_at
                    ? t('account.callback_at', { when: dateTime(Date.parse(account.last_callback_at)) })
                    : t('account.callback_never')}
                </p>
              </div>
              <div className={styles.acts}>
                <span className={account.enabled ? 'chip good' : 'chip'}>
                  {account.enabled ? t('account.on') : t('account.off')}
                </span>
                <Button
                  component={Link}
                  to={`/settings/accounts/${account.id}`}
                  aria-label={t('account.edit_named', { name: account.name })}
                >
                  {t('account.edit')}
                </Button>
              </div>
            </li>
          ))}
        </ul>
      ) : slow ? (
        <div className={styles.options} aria-busy="true">
          <div className={styles.option}>
            <span />
            <div className="sk" style={{ height: 34 }} />
          </div>
        </div>
      ) : null}
    </>
  )
}
