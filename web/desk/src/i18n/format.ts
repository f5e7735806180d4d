import { useTranslation } from 'react-i18next'
import { PSEUDO } from './languages.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Making a formatter costs far more than using one, and a list asks for many. */
const kept = new Map<string, Intl.DateTimeFormat>()
function dates(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options)
  let format = kept.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat(language, options)
    kept.set(key, format)
  }
  return format
}

/** Midnight of the day that holds `at`, in the zone of this device. */
export function dayOf(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0)
}

/** Whole days between the days of two moments; a day of 23 or 25 hours counts as one. */
export function daysBetween(earlier: number, later: number): number {
  return Math.round((dayOf(later) - dayOf(earlier)) / DAY)
}

export type Formats = ReturnType<typeof formats>

/** Dates and spans in one language. `today` and `yesterday` come from the locale files. */
export function formats(tag: string, words: { today: (date: string) => string; yesterday: (date: string) => string }) {
  // English as it is written outside the United States: 24 hours and the day first, unless the device says otherwise.
  const device = globalThis.navigator?.languages?.find((wanted) => wanted.toLowerCase().startsWith('en-'))
  const language = tag === PSEUDO || tag === 'en' ? (device ?? 'en-GB') : tag
  // Han readers write 06:16 and not 上午06:16; with am and pm a leading zero is one too many, and has no room.
  const clock: Intl.DateTimeFormatOptions = tag.startsWith('zh') ? { hourCycle: 'h23' } : {}
  const { hour12 } = dates(language, { hour: '2-digit', ...clock }).resolvedOptions()
  const time = (at: number) =>
    dates(language, { hour: hour12 ? 'numeric' : '2-digit', minute: '2-digit', ...clock }).format(at)
  const date = (at: number) => dates(language, { day: 'numeric', month: 'short', year: 'numeric' }).format(at)
  return {
    time,
    date,
    number: (value: number) => new Intl.NumberFormat(language, { maximumFractionDigits: 20 }).format(value),
    /** The name of a day of the week, 0 for Monday. */
    weekday: (place: number) =>
      // 1 January 2024 was a Monday.
      dates(language, { weekday: 'long', timeZone: 'UTC' }).format(Date.UTC(2024, 0, 1 + place)),
    /** A day of the calendar, given as `2026-12-24`. */
    calendarDay: (day: string) =>
      dates(language, { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' }).format(Date.parse(day)),
    /** The clock of another time zone. */
    timeIn: (at: number, zone: string) =>
      dates(language, { hour: hour12 ? 'numeric' : '2-digit', minute: '2-digit', timeZone: zone, ...clock }).format(at),
    /** Day and clock of another time zone. */
    momentIn: (at: number, zone: string) =>
      dates(language, {
        weekday: 'short',
        day: 'numeric',
        month: 'short',
        hour: hour12 ? 'numeric' : '2-digit',
        minute: '2-digit',
        timeZone: zone,
        ...clock,
      }).format(at),
    dateTime: (at: number) => dates(language, { dateStyle: 'medium', timeStyle: 'short', ...clock }).format(at),
    /** For a row of a list: the time today, the weekday this week, the date before. */
    brief: (at: number, now = Date.now()) => {
      const days = daysBetween(at, now)
      if (days <= 0) return time(at)
      if (days < 7) return dates(language, { weekday: 'short' }).format(at)
      const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear()
      return dates(language, { day: 'numeric', month: 'short', ...(sameYear ? {} : { year: '2-digit' }) }).format(at)
    },
    /** For the mark between two days of a thread. */
    day: (at: number, now = Date.now()) => {
      const days = daysBetween(at, now)
      const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear()
      const text = dates(language, {
        weekday: 'short',
        day: 'numeric',
        month: 'short',
        ...(sameYear ? {} : { year: 'numeric' }),
      }).format(at)
      if (days === 0) return words.today(text)
      if (days === 1) return words.yesterday(text)
      return text
    },
    /** The size of a file: the largest unit that leaves at least one of it, from kilobytes on ("0.3 kB", "1.2 MB"). */
    bytes: (size: number) => {
      const units = ['kilobyte', 'megabyte', 'gigabyte']
      const place = Math.min(Math.floor(Math.log(Math.max(size, 1000)) / Math.log(1000)) - 1, units.length - 1)
      // Something is never told as nothing.
      const value = Math.max(size / 1000 ** (place + 1), size > 0 ? 0.1 : 0)
      return new Intl.NumberFormat(language, {
        style: 'unit',
        unit: units[place] ?? 'kilobyte',
        maximumFractionDigits: value < 10 ? 1 : 0,
      }).format(value)
    },
    /** What is left of a span: whole minutes, at most two units ("23 h 55 min", "6 d 4 h"). */
    span: (millis: number) => {
      const unit = (value: number, name: string) =>
        new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: 'narrow' }).format(value)
      const minutes = Math.max(1, Math.floor(millis / MINUTE))
      if (minutes < 60) return unit(minutes, 'minute')
      const hours = Math.floor(minutes / 60)
      if (hours < 48) {
        const rest = minutes % 60
        return rest ? `${unit(hours, 'hour')} ${unit(rest, 'minute')}` : unit(hours, 'hour')
      }
      const rest = hours % 24
      const days = unit(Math.floor(hours / 24), 'day')
      return rest ? `${days} ${unit(rest, 'hour')}` : days
    },
  }
}

export function useFormats(): Formats {
  const { t, i18n } = useTranslation()
  return formats(i18n.language, {
    today: (date) => t('time.day', { day: t('time.today'), date }),
    yesterday: (date) => t('time.day', { day: t('time.yesterday'), date }),
  })
}
