import type { Calendar, CalendarPreview } from '@onethread/client'
import { useState } from 'react'
import { HoursForm } from './HoursForm.tsx'
import { HoursPreview } from './HoursPreview.tsx'
import { type EditedHours, editedHours, newHours } from './hours.ts'

const ZONE = 'Europe/Vilnius'
const day = [
  { from: '09:00', to: '12:00' },
  { from: '13:00', to: '18:00' },
]
const calendar: Calendar = {
  id: 'cal_1',
  name: 'Support',
  zone: ZONE,
  weekly: { monday: day, tuesday: day, wednesday: day, thursday: day, friday: [{ from: '22:00', to: '24:00' }] },
  exceptions: [
    { date: '2026-12-24', spans: [{ from: '09:00', to: '12:00' }], note: 'Christmas Eve' },
    { date: '2026-12-25', spans: [], note: '' },
  ],
  created_at: '2026-11-22T08:00:00Z',
}

function Form({ start, faults = {} }: { start: EditedHours; faults?: Record<string, string> }) {
  const [hours, setHours] = useState(start)
  return <HoursForm hours={hours} faults={new Map(Object.entries(faults))} onChange={setHours} />
}

const preview = (more: Partial<CalendarPreview>): CalendarPreview => ({
  at: '2026-12-23T08:00:00Z',
  open: true,
  open_until: '2026-12-23T10:00:00Z',
  opens_at: null,
  days: [
    {
      date: '2026-12-23',
      exception: false,
      spans: [
        { from: '2026-12-23T07:00:00Z', to: '2026-12-23T10:00:00Z' },
        { from: '2026-12-23T11:00:00Z', to: '2026-12-23T16:00:00Z' },
      ],
    },
    { date: '2026-12-24', exception: true, spans: [{ from: '2026-12-24T07:00:00Z', to: '2026-12-24T10:00:00Z' }] },
    { date: '2026-12-25', exception: true, spans: [] },
    { date: '2026-12-26', exception: false, spans: [] },
  ],
  ...more,
})
const shown = (what: CalendarPreview | undefined, faulty = false) => (
  <HoursPreview preview={what} zone={ZONE} error={null} faulty={faulty} />
)

export default {
  new: () => <Form start={newHours(ZONE)} />,
  'several spans, exceptions': () => <Form start={editedHours(calendar)} />,
  faults: () => (
    <Form
      start={editedHours(calendar)}
      faults={{
        name: 'another calendar has this name',
        'weekly.monday[1].from': 'overlaps 09:00 to 13:30',
        'weekly.tuesday[0].to': 'must be another time than the beginning; a whole day is 00:00 to 24:00',
        'exceptions[1].date': '2026-12-24 is there twice',
      }}
    />
  ),
  'preview, open': () => shown(preview({})),
  'preview, closed': () => shown(preview({ open: false, open_until: null, opens_at: '2026-12-28T07:00:00Z' })),
  'preview, always': () => shown(preview({ open_until: null })),
  'preview, never': () => shown(preview({ open: false, open_until: null })),
  'preview, faulty': () => shown(undefined, true),
  'preview, loading': () => shown(undefined),
}
