import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { agentsQuery, may, useMe } from '../api/queries.ts'
import { flat } from '../live/reduce.ts'
import { CopyButton } from '../parts/Copy.tsx'
import { ProblemRegion } from '../parts/Problem.tsx'
import styles from './Settings.module.css'

const COMMAND = 'onethread user create --data ./data --email name@example.com --role agent'

export function PeoplePage() {
  const { t } = useTranslation()
  const me = useMe()
  const query = useInfiniteQuery(agentsQuery)
  if (query.isError) {
    return <ProblemRegion title={t('list.error_title')} error={query.error} onAgain={() => void query.refetch()} />
  }
  const people = flat(query.data)
  return (
    <>
      <h1>{t('people.title')}</h1>
      <p className={styles.lead}>{t('people.intro')}</p>
      <div className={styles.scroll}>
        <table className={`${styles.table} ${styles.people}`} aria-busy={query.isPending}>
          <thead>
            <tr>
              <th scope="col">{t('people.col_name')}</th>
              <th scope="col" className={styles.wide}>
                {t('people.col_email')}
              </th>
              <th scope="col">{t('people.col_role')}</th>
              <th scope="col">{t('people.col_state')}</th>
            </tr>
          </thead>
          <tbody>
            {people.map((person) => (
              <tr key={person.id}>
                <td dir="auto">
                  <b>{person.name}</b>{' '}
                  {person.id === me.caller.id ? <span className="fnt">{t('author.you')}</span> : null}
                  <span className={styles.narrow}>{person.email}</span>
                </td>
                <td dir="auto" className={styles.wide}>
                  {person.email}
                </td>
                <td>{t(`role.${person.role}`)}</td>
                <td>
                  <span className={person.disabled ? 'chip' : 'chip good'}>
                    {person.disabled ? t('people.disabled') : t('people.active')}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {query.hasNextPage ? (
        <Button mt="md" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t('app.load_more')}
        </Button>
      ) : null}
      {may(me, 'manage_people') ? (
        <div className={styles.how}>
          <p className="mut">{t('people.how')}</p>
          <div className={styles.command}>
            <code className="grow mono" dir="ltr">
              {COMMAND}
            </code>
            <CopyButton text={COMMAND} />
          </div>
        </div>
      ) : null}
    </>
  )
}
