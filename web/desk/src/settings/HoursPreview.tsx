import type { CalendarPreview } from '@onethread/client'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { useNow } from '../parts/later.ts'
import { problemText } from '../parts/Problem.tsx'
import styles from './Hours.module.css'

/** Whether somebody is there now, and what comes next, in the calendar's own time. */
export function OpenNow({ preview, zone }: { preview: CalendarPreview; zone: string }) {
  const { t } = useTranslation()
  const { momentIn, timeIn } = useFormats()
  if (preview.open) {
    const until = preview.open_until ? Date.parse(preview.open_until) : undefined
    // Within a day the clock says enough.
    const soon = until !== undefined && until - Date.parse(preview.at) < 20 * 3_600_000
    return (
      <span className="chip good">
        {until === undefined
          ? t('hours.always_open')
          : t('hours.open_until', { time: soon ? timeIn(until, zone) : momentIn(until, zone) })}
      </span>
    )
  }
  return (
    <span className="clock asleep">
      {preview.opens_at
        ? t('hours.opens_at', { time: momentIn(Date.parse(preview.opens_at), zone) })
        : t('hours.never_opens')}
    </span>
  )
}

/** What hours would say: now, and day by day. */
export function HoursPreview({
  preview,
  zone,
  error,
  faulty,
}: {
  preview: CalendarPreview | undefined
  zone: string
  error: unknown
  /** The hours do not hold together; what is wrong stands beside the fields. */
  faulty: boolean
}) {
  const { t } = useTranslation()
  const { calendarDay, timeIn } = useFormats()
  const now = useNow()
  return (
    <section className={styles.preview} aria-label={t('hours.preview')}>
      <h2>{t('hours.preview')}</h2>
      {faulty ? (
        <p className="mut">{t('hours.preview_faulty')}</p>
      ) : error ? (
        <p className="mut">{problemText(t, error)}</p>
      ) : preview ? (
        <>
          <p className={styles.now}>
            <OpenNow preview={preview} zone={zone} />
          </p>
          <p className="xs fnt">
            {t('hours.local_time', { zone: zone.replaceAll('_', ' '), time: timeIn(now, zone) })}
          </p>
          <dl className={styles.days}>
            {preview.days.map((day) => (
              <div key={day.date} data-exception={day.exception || undefined}>
                <dt>
                  {calendarDay(day.date)}
                  {day.exception ? <span className="chip acc">{t('hours.exception')}</span> : null}
                </dt>
                <dd className="num">
                  {day.spans.length === 0 ? <span className="fnt">{t('hours.closed')}</span> : null}
                  {day.spans.map((span) => (
                    <span key={span.from}>
                      {`${timeIn(Date.parse(span.from), zone)}–${timeIn(Date.parse(span.to), zone)}`}
                    </span>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </>
      ) : (
        <div className="sk" style={{ height: 120 }} aria-busy="true" />
      )}
    </section>
  )
}
