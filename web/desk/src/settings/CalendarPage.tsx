import { Button, Modal } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { type Calendar, ProblemError, take } from '@onethread/client'
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import type { TFunction } from 'i18next'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { keys } from '../api/keys.ts'
import { calendarQuery, hoursPreviewQuery } from '../api/queries.ts'
import { fieldText, isTaken, ProblemNote, ProblemRegion } from '../parts/Problem.tsx'
import { useValidity } from '../parts/validity.ts'
import styles from './Hours.module.css'
import { HoursForm } from './HoursForm.tsx'
import { HoursPreview } from './HoursPreview.tsx'
import { type EditedHours, editedHours, hoursDraft, newHours } from './hours.ts'
import settings from './Settings.module.css'

/** What is wrong, by the place that the server names. */
export function faultsOf(t: TFunction, ...errors: unknown[]): Map<string, string> {
  const faults = errors.flatMap((error) => (error instanceof ProblemError ? (error.problem.faults ?? []) : []))
  return new Map(faults.map(({ field, message }) => [field, hoursFault(t, field, message)]))
}

/** A fault of opening hours in the reader's language, by its place and, where that says too little, its shape. */
function hoursFault(t: TFunction, field: string, message: string): string {
  if (isTaken(message)) return t('fault.taken')
  if (message.endsWith('is there twice')) return t('fault.twice')
  const part = field.replace(/^.*\./, '')
  if (part === 'from' || part === 'to')
    return message.startsWith('overlaps') ? t('fault.hours_overlap') : t('fault.hours_span')
  if (part === 'date') return t('fault.value_date')
  return fieldText(t, part) ?? t('fault.too_many')
}

export function NewCalendarPage() {
  const { t } = useTranslation()
  return (
    <>
      <h1>{t('hours.add')}</h1>
      <p className={settings.lead}>{t('hours.intro')}</p>
      <Editor calendar={undefined} />
    </>
  )
}

export function CalendarPage() {
  const { t } = useTranslation()
  const { calendarId = '' } = useParams({ strict: false })
  const query = useQuery(calendarQuery(calendarId))
  if (query.isError) {
    return <ProblemRegion title={t('app.not_found_title')} error={query.error} onAgain={() => void query.refetch()} />
  }
  if (!query.data) return null
  return <Loaded key={calendarId} calendar={query.data} />
}

/** Edits what was read first, and says when somebody else has changed it since. */
function Loaded({ calendar }: { calendar: Calendar }) {
  const { t } = useTranslation()
  const [base, setBase] = useState(calendar)
  const moved = JSON.stringify(base) !== JSON.stringify(calendar)
  return (
    <>
      <h1 dir="auto">{calendar.name}</h1>
      {moved ? (
        <p className={styles.meanwhile} role="status">
          <span className="grow">{t('hours.meanwhile')}</span>
          <Button onClick={() => setBase(calendar)}>{t('hours.show_theirs')}</Button>
        </p>
      ) : null}
      <Editor key={JSON.stringify(base)} calendar={base} onSaved={setBase} />
    </>
  )
}

function Editor({ calendar, onSaved }: { calendar: Calendar | undefined; onSaved?: (calendar: Calendar) => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [hours, setHours] = useState(() =>
    calendar ? editedHours(calendar) : newHours(Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'),
  )
  const [asking, setAsking] = useState(false)
  const draft = useMemo(() => hoursDraft(hours), [hours])
  const [asked] = useDebouncedValue(draft, 250)
  const preview = useQuery({ ...hoursPreviewQuery(asked), placeholderData: keepPreviousData })

  const save = useMutation({
    mutationFn: () => {
      const body = { name: hours.name, ...draft }
      return calendar
        ? take(api.PATCH('/api/v1/calendars/{id}', { params: { path: { id: calendar.id } }, body }))
        : take(api.POST('/api/v1/calendars', { body }))
    },
    onSuccess: async (saved) => {
      client.setQueryData(keys.calendar(saved.id), saved)
      void client.invalidateQueries({ queryKey: keys.calendars })
      void client.invalidateQueries({ queryKey: keys.calendarPreview(saved.id) })
      onSaved?.(saved)
      await navigate({ to: '/settings/hours' })
    },
  })
  const remove = useMutation({
    mutationFn: (id: string) => take(api.DELETE('/api/v1/calendars/{id}', { params: { path: { id } } })),
    onSuccess: async () => {
      void client.invalidateQueries({ queryKey: keys.calendars })
      await navigate({ to: '/settings/hours' })
    },
  })
  // Faults of the hours come with the preview, as they are typed; those of the name when it is saved.
  const faults = faultsOf(t, preview.error, save.error)
  const faulty = preview.error instanceof ProblemError && preview.error.code === 'invalid'
  const told = save.error instanceof ProblemError && save.error.code === 'invalid'
  const validity = useValidity(() => save.mutate())
  const unnamed = validity.fault('name')
  const shown = unnamed ? new Map([...faults, ['name', unnamed]]) : faults
  const change = (next: EditedHours) => {
    // What was wrong with the hours as they were says nothing about these.
    save.reset()
    setHours(next)
  }
  return (
    <div className={styles.columns}>
      <form className={styles.form} {...validity.form}>
        <HoursForm hours={hours} faults={shown} onChange={change} />
        <ProblemNote error={told ? undefined : save.error} />
        {told ? (
          <p className={settings.warning} role="alert">
            {t('hours.mend')}
          </p>
        ) : null}
        <div className="row wrap">
          <Button type="submit" variant="filled" size="sm" loading={save.isPending}>
            {t('app.save')}
          </Button>
          <Button variant="subtle" color="gray" size="sm" onClick={() => void navigate({ to: '/settings/hours' })}>
            {t('app.cancel')}
          </Button>
          <span className="grow" />
          {calendar ? (
            <Button size="sm" onClick={() => setAsking(true)}>
              {t('app.delete')}
            </Button>
          ) : null}
        </div>
      </form>
      <HoursPreview
        preview={preview.isError ? undefined : preview.data}
        zone={asked.zone}
        error={preview.error}
        faulty={faulty}
      />
      {calendar ? (
        <Modal
          opened={asking}
          onClose={() => setAsking(false)}
          title={t('hours.delete_title', { name: calendar.name })}
        >
          <p>{t('hours.delete_body')}</p>
          <ProblemNote error={remove.error} />
          <div className="row" style={{ marginTop: 16 }}>
            <Button variant="filled" loading={remove.isPending} onClick={() => remove.mutate(calendar.id)}>
              {t('app.delete')}
            </Button>
            <Button variant="subtle" color="gray" onClick={() => setAsking(false)}>
              {t('app.cancel')}
            </Button>
          </div>
        </Modal>
      ) : null}
    </div>
  )
}
