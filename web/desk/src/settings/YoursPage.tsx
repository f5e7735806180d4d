import { Button, type MantineColorScheme, SegmentedControl, Switch, useMantineColorScheme } from '@mantine/core'
import { take } from '@onethread/client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { useMe } from '../api/queries.ts'
import { usePref, writePref } from '../app/prefs.ts'
import { LanguageSelect } from '../entry/EntryShell.tsx'
import { Avatar } from '../parts/Glyphs.tsx'
import { ProblemNote } from '../parts/Problem.tsx'
import styles from './Settings.module.css'

/** Who is signed in here, and what this device remembers of their taste. */
export function YoursPage() {
  const { t } = useTranslation()
  const me = useMe()
  const client = useQueryClient()
  const navigate = useNavigate()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const keysOn = usePref('keys') !== 'off'
  const signOut = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/session')),
    onSuccess: async () => {
      await navigate({ to: '/login' })
      client.clear()
    },
  })
  return (
    <>
      <h1>{t('prefs.title')}</h1>
      <div className={styles.panelBody}>
        <div className="row">
          <Avatar name={me.caller.name} who="agent" size="l" />
          <div>
            <h2 dir="auto">{me.caller.name}</h2>
            <p className="mut">
              {[me.caller.email, t(`role.${me.role}`), me.workspace.name].filter(Boolean).join(' · ')}
            </p>
          </div>
        </div>
        <div>
          <Button loading={signOut.isPending} onClick={() => signOut.mutate()}>
            {t('prefs.sign_out')}
          </Button>
        </div>
        <ProblemNote error={signOut.error} />
        <p className="fnt">{t('prefs.intro')}</p>
        <LanguageSelect />
        <div>
          <div className={styles.label} id="scheme-label">
            {t('prefs.scheme')}
          </div>
          <SegmentedControl
            aria-labelledby="scheme-label"
            value={colorScheme}
            onChange={(value) => setColorScheme(value as MantineColorScheme)}
            data={[
              { value: 'auto', label: t('prefs.scheme_auto') },
              { value: 'light', label: t('prefs.scheme_light') },
              { value: 'dark', label: t('prefs.scheme_dark') },
            ]}
          />
        </div>
        <Switch
          checked={keysOn}
          onChange={(event) => writePref('keys', event.currentTarget.checked ? null : 'off')}
          label={t('keys.single')}
          description={t('keys.single_hint')}
        />
      </div>
    </>
  )
}
