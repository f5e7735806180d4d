/** Times that people mean by "later", in the zone of this device. */
export type LaterPreset = 'hour' | 'evening' | 'tomorrow' | 'monday'

const HOUR = 3_600_000
const EVENING = 18
const MORNING = 9

function atHour(now: number, days: number, hour: number): number {
  const day = new Date(now)
  day.setDate(day.getDate() + days)
  return day.setHours(hour, 0, 0, 0)
}

/** What there is to choose now; what is past or twice the same is left out. */
export function laterTimes(now: number): { preset: LaterPreset; at: number }[] {
  const toMonday = (8 - new Date(now).getDay()) % 7 || 7
  const evening = atHour(now, 0, EVENING)
  return [
    { preset: 'hour', at: now + HOUR },
    ...(evening - now > HOUR ? [{ preset: 'evening' as const, at: evening }] : []),
    { preset: 'tomorrow', at: atHour(now, 1, MORNING) },
    ...(toMonday > 1 ? [{ preset: 'monday' as const, at: atHour(now, toMonday, MORNING) }] : []),
  ]
}

/** A moment as an input for local date and time writes it. */
export function localInput(at: number): string {
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}

/** What such an input says; undefined when it says nothing. */
export function fromLocalInput(value: string): number | undefined {
  const at = new Date(value).getTime()
  return Number.isNaN(at) ? undefined : at
}
