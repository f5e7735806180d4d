import { Button, Select, TextInput } from '@mantine/core'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { Icon } from '../parts/Glyphs.tsx'
import styles from './Hours.module.css'
import { type EditedException, type EditedHours, newKey, nextDate, WEEKDAYS, zones } from './hours.ts'
import { SpansEditor } from './SpansEditor.tsx'

type Props = {
  hours: EditedHours
  /** What the server finds wrong, by the place it names. */
  faults: ReadonlyMap<string, string>
  onChange: (hours: EditedHours) => void
}

/** Name, zone, the ordinary week and the days that differ. */
export function HoursForm({ hours, faults, onChange }: Props) {
  const { t } = useTranslation()
  const zone = useMemo(() => {
    const known = zones()
    const all = known.includes(hours.zone) || !hours.zone ? known : [hours.zone, ...known]
    return all.map((value) => ({ value, label: value.replaceAll('_', ' ') }))
  }, [hours.zone])
  return (
    <>
      <TextInput
        name="name"
        label={t('hours.name')}
        description={t('hours.name_hint')}
        required
        withAsterisk={false}
        maxLength={60}
        maw={480}
        dir="auto"
        autoComplete="off"
        value={hours.name}
        error={faults.get('name')}
        onChange={(event) => onChange({ ...hours, name: event.currentTarget.value })}
      />
      <Select
        label={t('hours.zone')}
        description={t('hours.zone_hint')}
        searchable
        allowDeselect={false}
        limit={60}
        maw={480}
        data={zone}
        value={hours.zone}
        nothingFoundMessage={t('hours.no_zone')}
        error={faults.get('zone')}
        onChange={(value) => value && onChange({ ...hours, zone: value })}
      />
      <WeekEditor hours={hours} faults={faults} onChange={onChange} />
      <ExceptionsEditor hours={hours} faults={faults} onChange={onChange} />
    </>
  )
}

function WeekEditor({ hours, faults, onChange }: Props) {
  const { t } = useTranslation()
  const { weekday } = useFormats()
  const copyMonday = () => {
    const copy = () => hours.weekly.monday.map((span) => ({ ...span, key: newKey() }))
    const [, ...others] = WEEKDAYS.slice(0, 5)
    onChange({ ...hours, weekly: { ...hours.weekly, ...Object.fromEntries(others.map((day) => [day, copy()])) } })
  }
  return (
    <fieldset className={styles.part}>
      <legend>{t('hours.week')}</legend>
      <p className="sm mut">{t('hours.week_hint')}</p>
      <ul className={styles.week}>
        {WEEKDAYS.map((day, place) => (
          <li key={day}>
            <span className={styles.dayName}>{weekday(place)}</span>
            <SpansEditor
              day={weekday(place)}
              spans={hours.weekly[day]}
              place={`weekly.${day}`}
              faults={faults}
              onChange={(spans) => onChange({ ...hours, weekly: { ...hours.weekly, [day]: spans } })}
            />
          </li>
        ))}
      </ul>
      <Button onClick={copyMonday}>{t('hours.copy', { from: weekday(0), first: weekday(1), last: weekday(4) })}</Button>
    </fieldset>
  )
}

function ExceptionsEditor({ hours, faults, onChange }: Props) {
  const { t } = useTranslation()
  const { calendarDay } = useFormats()
  const set = (exceptions: EditedException[]) => onChange({ ...hours, exceptions })
  return (
    <fieldset className={styles.part}>
      <legend>{t('hours.exceptions')}</legend>
      <p className="sm mut">{t('hours.exceptions_hint')}</p>
      {faults.has('exceptions') ? <span className={styles.fault}>{faults.get('exceptions')}</span> : null}
      <ul className={styles.exceptions}>
        {hours.exceptions.map((exception, number) => {
          const place = `exceptions[${number}]`
          const change = (part: Partial<EditedException>) =>
            set(hours.exceptions.map((one) => (one.key === exception.key ? { ...one, ...part } : one)))
          const day = Number.isNaN(Date.parse(exception.date)) ? t('hours.exception') : calendarDay(exception.date)
          return (
            <li key={exception.key}>
              <div className={styles.when}>
                <TextInput
                  type="date"
                  size="xs"
                  aria-label={t('hours.date', { number: number + 1 })}
                  value={exception.date}
                  error={faults.get(`${place}.date`)}
                  onChange={(event) => change({ date: event.currentTarget.value })}
                />
                <TextInput
                  size="xs"
                  aria-label={t('hours.note', { day })}
                  placeholder={t('hours.note_example')}
                  maxLength={100}
                  dir="auto"
                  autoComplete="off"
                  value={exception.note}
                  error={faults.get(`${place}.note`)}
                  onChange={(event) => change({ note: event.currentTarget.value })}
                />
                <Button
                  variant="subtle"
                  color="gray"
                  aria-label={t('hours.remove_exception', { day })}
                  onClick={() => set(hours.exceptions.filter((one) => one.key !== exception.key))}
                >
                  {t('hours.remove')}
                </Button>
              </div>
              <SpansEditor
                day={day}
                spans={exception.spans}
                place={`${place}.spans`}
                faults={faults}
                onChange={(spans) => change({ spans })}
              />
            </li>
          )
        })}
      </ul>
      <Button
        leftSection={<Icon name="plus" size="s" />}
        onClick={() =>
          set([
            ...hours.exceptions,
            { key: newKey(), date: nextDate(hours.exceptions, new Date()), note: '', spans: [] },
          ])
        }
      >
        {t('hours.add_exception')}
      </Button>
    </fieldset>
  )
}
