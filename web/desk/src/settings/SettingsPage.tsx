import { Link, Outlet } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { may, useMe } from '../api/queries.ts'
import { Icon } from '../parts/Glyphs.tsx'
import styles from './Settings.module.css'

export function SettingsPage() {
  const { t } = useTranslation()
  const me = useMe()
  const on = { className: styles.on ?? '' }
  return (
    <div className={styles.page}>
      <nav className={styles.nav} aria-label={t('settings.nav')} data-region="settings" tabIndex={-1}>
        <h1>{t('settings.nav')}</h1>
        <p className="xs fnt cut">{me.workspace.name}</p>
        <ul>
          {may(me, 'manage_channels') ? (
            <>
              <li>
                <Link to="/settings/accounts" activeProps={on}>
                  <Icon name="link" />
                  {t('accounts.title')}
                </Link>
              </li>
              <li>
                <Link to="/settings/hours" activeProps={on}>
                  <Icon name="clock" />
                  {t('hours.title')}
                </Link>
              </li>
              <li>
                <Link to="/settings/labels" activeProps={on}>
                  <Icon name="tag" />
                  {t('labels.title')}
                </Link>
              </li>
              <li>
                <Link to="/settings/fields" activeProps={on}>
                  <Icon name="list" />
                  {t('fields.title')}
                </Link>
              </li>
            </>
          ) : null}
          {may(me, 'manage_channels') ? (
            <li>
              <Link to="/settings/webhooks" activeProps={on}>
                <Icon name="bolt" />
                {t('webhooks.title')}
              </Link>
            </li>
          ) : null}
          <li>
            <Link to="/settings/people" activeProps={on}>
              <Icon name="people" />
              {t('people.title')}
            </Link>
          </li>
          <li>
            <Link to="/settings/yours" activeProps={on}>
              <Icon name="eye" />
              {t('prefs.title')}
            </Link>
          </li>
        </ul>
      </nav>
      <main className={styles.main} id="main" tabIndex={-1} data-region="main">
        <Outlet />
      </main>
    </div>
  )
}
