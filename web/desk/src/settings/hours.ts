/** Opening hours as they are edited: every field a text, so that what is wrong can be typed, shown and mended. */
import type { Calendar, HoursDraft } from '@onethread/client'

export const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
export type Weekday = (typeof WEEKDAYS)[number]

/** `key` names the row while it is edited. */
export type EditedSpan = { key: number; from: string; to: string }
export type EditedException = { key: number; date: string; note: string; spans: EditedSpan[] }
export type EditedHours = {
  name: string
  zone: string
  weekly: Record<Weekday, EditedSpan[]>
  exceptions: EditedException[]
}

let keys = 0
export const newKey = (): number => ++keys

/** Fields of the browser know no 24:00; as an end, midnight is the end of the day. */
const shownEnd = (to: string): string => (to === '24:00' ? '00:00' : to)
const keptEnd = (to: string): string => (to === '00:00' ? '24:00' : to)

const edited = (spans: { from: string; to: string }[] | undefined): EditedSpan[] =>
  (spans ?? []).map(({ from, to }) => ({ key: newKey(), from, to: shownEnd(to) }))
const kept = (spans: EditedSpan[]) => spans.map(({ from, to }) => ({ from, to: keptEnd(to) }))

export function editedHours(calendar: Calendar): EditedHours {
  return {
    name: calendar.name,
    zone: calendar.zone,
    weekly: Object.fromEntries(WEEKDAYS.map((day) => [day, edited(calendar.weekly[day])])) as EditedHours['weekly'],
    exceptions: calendar.exceptions.map(({ date, note, spans }) => ({
      key: newKey(),
      date,
      note: note ?? '',
      spans: edited(spans),
    })),
  }
}

/** Monday to Friday, nine to five, in the zone of this device: most teams change little. */
export function newHours(zone: string): EditedHours {
  const office = () => [{ key: newKey(), from: '09:00', to: '17:00' }]
  return {
    name: '',
    zone,
    weekly: {
      monday: office(),
      tuesday: office(),
      wednesday: office(),
      thursday: office(),
      friday: office(),
      saturday: [],
      sunday: [],
    },
    exceptions: [],
  }
}

export function hoursDraft(hours: EditedHours): HoursDraft & { exceptions: NonNullable<HoursDraft['exceptions']> } {
  return {
    zone: hours.zone,
    weekly: Object.fromEntries(WEEKDAYS.map((day) => [day, kept(hours.weekly[day])])),
    exceptions: hours.exceptions.map(({ date, note, spans }) => ({ date, note, spans: kept(spans) })),
  }
}

const minutes = (time: string): number => {
  const [hours = '', rest = ''] = time.split(':')
  return Number(hours) * 60 + Number(rest)
}
const time = (of: number): string =>
  `${String(Math.floor(of / 60)).padStart(2, '0')}:${String(of % 60).padStart(2, '0')}`

/** A span that fits behind those of the day: an hour's pause, then up to four hours; the office hours for an empty day. */
export function nextSpan(spans: EditedSpan[]): EditedSpan {
  const end = Math.max(...spans.map((span) => minutes(keptEnd(span.to))).filter(Number.isFinite))
  if (spans.length === 0 || !Number.isFinite(end)) return { key: newKey(), from: '09:00', to: '17:00' }
  const from = Math.min(end + 60, 23 * 60)
  return { key: newKey(), from: time(from), to: time(Math.min(from + 240, 24 * 60) % (24 * 60)) }
}

/** The next day that is no exception yet. */
export function nextDate(exceptions: EditedException[], today: Date): string {
  const taken = new Set(exceptions.map((one) => one.date))
  const day = new Date(Date.UTC(today.getFullYear(), today.getMonth(), today.getDate()))
  do day.setUTCDate(day.getUTCDate() + 1)
  while (taken.has(day.toISOString().slice(0, 10)))
  return day.toISOString().slice(0, 10)
}

/** The time zones that this browser knows, UTC among them. */
export function zones(): string[] {
  const known = Intl.supportedValuesOf('timeZone')
  return known.includes('UTC') ? known : [...known, 'UTC']
}
