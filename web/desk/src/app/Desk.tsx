import { Link, Outlet, useMatchRoute } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { may, useMe } from '../api/queries.ts'
import { LiveProvider, useLive } from '../live/LiveProvider.tsx'
import { Avatar, Icon, Mark } from '../parts/Glyphs.tsx'
import { ConnectionBanner } from './ConnectionBanner.tsx'
import styles from './Desk.module.css'
import { KeySheet } from './KeySheet.tsx'
import { nextRegion, useKeys } from './keys.ts'

/** The frame around every screen of somebody who is signed in. */
export function Desk() {
  const { t } = useTranslation()
  const [sheet, setSheet] = useState(false)
  useKeys({
    '?': () => setSheet(true),
    F6: (event) => {
      event.preventDefault()
      nextRegion(event.shiftKey)
    },
  })
  return (
    <LiveProvider>
      <div className={styles.app}>
        <a className={styles.skip} href="#main">
          {t('app.skip')}
        </a>
        <Rail />
        <div className={styles.content}>
          <ConnectionBanner />
          <div className={styles.screen}>
            <Screen />
          </div>
        </div>
      </div>
      <KeySheet opened={sheet} onClose={() => setSheet(false)} />
    </LiveProvider>
  )
}

/** Nothing is shown any more once nobody is signed in here: somebody may have signed out elsewhere and left. */
function Screen() {
  const { state } = useLive()
  return state.phase === 'ended' ? <main id="main" tabIndex={-1} /> : <Outlet />
}

function Rail() {
  const { t } = useTranslation()
  const me = useMe()
  const matches = useMatchRoute()
  const inThread = matches({ to: '/threads/$threadId' }) !== false
  const yours = matches({ to: '/settings/yours' }) !== false
  return (
    <nav className={styles.rail} aria-label={t('nav.main')} data-away={inThread || undefined}>
      <Link className={styles.mark} to="/threads" aria-label={t('app.to_threads')}>
        <Mark />
      </Link>
      <Link to="/threads" activeProps={{ className: styles.on ?? '' }}>
        <Icon name="inbox" size="l" />
        <span>{t('nav.threads')}</span>
      </Link>
      {may(me, 'read_operations') ? (
        <Link to="/operations" activeProps={{ className: styles.on ?? '' }}>
          <Icon name="live" size="l" />
          <span>{t('nav.operations')}</span>
        </Link>
      ) : null}
      <span className={styles.gap} />
      <Link to="/settings" activeProps={{ className: yours ? '' : (styles.on ?? '') }}>
        <Icon name="gear" size="l" />
        <span>{t('nav.settings')}</span>
      </Link>
      <Link to="/settings/yours" activeProps={{ className: styles.on ?? '' }} title={me.caller.name}>
        <Avatar name={me.caller.name} who="agent" />
        <span className={styles.you}>{t('nav.you')}</span>
      </Link>
    </nav>
  )
}
