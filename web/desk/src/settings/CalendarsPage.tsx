import { Button } from '@mantine/core'
import type { Calendar } from '@onethread/client'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { calendarPreviewQuery, calendarsQuery, may, useMe } from '../api/queries.ts'
import { Empty } from '../parts/Empty.tsx'
import { useLater, useNow } from '../parts/later.ts'
import { ProblemRegion } from '../parts/Problem.tsx'
import { OpenNow } from './HoursPreview.tsx'
import { ListSkeleton } from './ListSkeleton.tsx'
import styles from './Settings.module.css'

export function CalendarsPage() {
  const { t } = useTranslation()
  const me = useMe()
  const query = useQuery(calendarsQuery)
  const slow = useLater(query.isPending)
  if (query.isError) {
    return <ProblemRegion title={t('list.error_title')} error={query.error} onAgain={() => void query.refetch()} />
  }
  const add = may(me, 'manage_channels') ? (
    <Button component={Link} to="/settings/hours/new" variant="filled" size="sm">
      {t('hours.add')}
    </Button>
  ) : null
  if (query.data?.length === 0) {
    return (
      <Empty title={t('hours.empty_title')} body={t('hours.empty_body')} page>
        {add}
      </Empty>
    )
  }
  return (
    <>
      <div className={styles.head}>
        <div>
          <h1>{t('hours.title')}</h1>
          <p className={styles.lead}>{t('hours.intro')}</p>
        </div>
        {query.data ? add : null}
      </div>
      {query.data ? (
        <ul className={styles.options}>
          {query.data.map((calendar) => (
            <CalendarRow key={calendar.id} calendar={calendar} />
          ))}
        </ul>
      ) : slow ? (
        <ListSkeleton />
      ) : null}
    </>
  )
}

function CalendarRow({ calendar }: { calendar: Calendar }) {
  const { t } = useTranslation()
  const query = useQuery(calendarPreviewQuery(calendar.id))
  const { data, refetch } = query
  const now = useNow()
  const turns = data?.open ? data.open_until : data?.opens_at
  // Its hour has come: what it says is another thing now.
  useEffect(() => {
    if (turns && Date.parse(turns) <= now) void refetch()
  }, [turns, now, refetch])
  return (
    <li className={`${styles.option} ${styles.plain}`}>
      <div>
        <b dir="auto">{calendar.name}</b>
        <p>{calendar.zone.replaceAll('_', ' ')}</p>
      </div>
      <div className={styles.acts}>
        {data ? <OpenNow preview={data} zone={calendar.zone} /> : null}
        <Button
          component={Link}
          to={`/settings/hours/${calendar.id}`}
          aria-label={t('account.edit_named', { name: calendar.name })}
        >
          {t('account.edit')}
        </Button>
      </div>
    </li>
  )
}
