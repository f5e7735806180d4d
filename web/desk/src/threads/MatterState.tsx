import type { Episode } from '@onethread/client'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'

const MINUTE = 60_000
/** Amber under this, or under a fifth of the whole. */
const SOON = 5 * MINUTE

/** A promise told to the customer: a solid ring whose arc is what is left; a filled block when it is over. */
export function PromiseClock({ due, from, now }: { due: number; from: number | undefined; now: number }) {
  const { t } = useTranslation()
  const { brief, span } = useFormats()
  const left = due - now
  if (left <= 0) return <span className="clock over">{t('promise.over', { span: span(-left) })}</span>
  const whole = from !== undefined && due > from ? due - from : undefined
  const part = whole ? Math.min(left / whole, 1) : 1
  const soon = left < SOON || (whole !== undefined && part < 0.2)
  return (
    <span
      className={soon ? 'clock soon told' : 'clock promise'}
      style={{ '--p': part.toFixed(2) } as React.CSSProperties}
    >
      {t('promise.due', { time: brief(due, now), left: span(left) })}
    </span>
  )
}

/** Who has to act next, in words: the state of a matter in one phrase. */
export function MatterState({ episode, now }: { episode: Episode; now: number }) {
  const { t } = useTranslation()
  const { brief, span } = useFormats()
  if (episode.state === 'resolved' || episode.state === 'closed')
    return <span>{t(`matter.state_${episode.state}`)}</span>
  if (episode.ball === 'human') {
    const since = episode.unanswered_since ? Date.parse(episode.unanswered_since) : undefined
    return (
      <span>
        {since === undefined ? t('ball.human') : t('ball.human_for', { span: span(Math.max(now - since, 0)) })}
      </span>
    )
  }
  if (episode.until)
    return <span className="clock asleep">{t('matter.asleep', { time: brief(Date.parse(episode.until), now) })}</span>
  if (episode.state === 'parked') return <span className="clock asleep">{t('matter.parked')}</span>
  if (episode.ball === 'third_party') return <span>{t('ball.third_party', { reason: episode.hold_reason ?? '' })}</span>
  return <span>{t(`ball.${episode.ball}`)}</span>
}
