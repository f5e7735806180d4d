import { Button } from '@mantine/core'
import { Link, useLocation } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { Icon } from '../parts/Glyphs.tsx'
import { useLater, useNow } from '../parts/later.ts'

/** Says that the connection is gone, since when, and what happens next. Short breaks pass unseen. */
export function ConnectionBanner() {
  const { t } = useTranslation()
  const { state, retryNow } = useLive()
  const lost = useLater(state.phase === 'waiting', 1200)
  const { href } = useLocation()
  if (state.phase === 'ended') {
    return (
      <div className="banner bad" role="alert">
        <Icon name="alert" />
        <div className="grow">
          <b>{t('live.ended_title')}</b> {t('live.ended_body')}{' '}
          <Link to="/login" search={{ next: href }}>
            {t('login.submit')}
          </Link>
        </div>
      </div>
    )
  }
  if (!lost || state.phase !== 'waiting') return null
  return <Lost since={state.since} retryAt={state.retryAt} onRetry={retryNow} />
}

function Lost({ since, retryAt, onRetry }: { since: number; retryAt: number; onRetry: () => void }) {
  const { t } = useTranslation()
  const { time } = useFormats()
  const now = useNow(1000)
  const seconds = Math.max(0, Math.ceil((retryAt - now) / 1000))
  return (
    <div className="banner">
      <Icon name="alert" />
      <div className="grow" role="status">
        <b>{t('live.lost', { time: time(since) })}</b> {t('live.lost_body')}
      </div>
      <span className="fnt num">{seconds > 0 ? t('live.next_try', { count: seconds }) : t('live.now')}</span>
      <Button onClick={onRetry}>{t('live.try_now')}</Button>
    </div>
  )
}
