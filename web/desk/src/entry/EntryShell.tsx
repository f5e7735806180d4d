import { Select } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { chooseLanguage } from '../i18n/index.ts'
import { LANGUAGES } from '../i18n/languages.ts'
import { Mark } from '../parts/Glyphs.tsx'
import styles from './EntryShell.module.css'

/** The frame of what is seen before signing in: the mark, one task, the language. */
export function EntryShell({
  title,
  intro,
  side,
  children,
}: {
  title: string
  intro?: string
  side?: ReactNode
  children: ReactNode
}) {
  return (
    <div className={styles.page} data-side={side ? '' : undefined}>
      {side ? (
        <aside className={styles.side}>
          <Brand />
          {side}
        </aside>
      ) : null}
      <main className={styles.main} id="main">
        <div className={styles.column}>
          {side ? <div className={styles.phoneBrand}>{<Brand />}</div> : <Brand />}
          <h1>{title}</h1>
          {intro ? <p className={styles.intro}>{intro}</p> : null}
          {children}
        </div>
        <footer className={styles.foot}>
          <LanguageSelect />
        </footer>
      </main>
    </div>
  )
}

function Brand() {
  return (
    <div className={styles.brand}>
      <Mark />
      <b>{'onethread'}</b>
    </div>
  )
}

export function LanguageSelect() {
  const { t, i18n } = useTranslation()
  return (
    <Select
      size="sm"
      w={220}
      label={t('prefs.language')}
      allowDeselect={false}
      value={i18n.language}
      data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
      renderOption={({ option }) => <span lang={option.value}>{option.label}</span>}
      onChange={(value) => value && void chooseLanguage(value)}
    />
  )
}

/** The steps of a longer way: what is done, where one is, what follows. */
export function Steps({
  steps,
  label,
}: {
  steps: { title: string; text: string; state: 'done' | 'now' | 'next' }[]
  label: string
}) {
  const { t } = useTranslation()
  return (
    <ol className={styles.steps} aria-label={label}>
      {steps.map((step) => (
        <li key={step.title} data-state={step.state} aria-current={step.state === 'now' ? 'step' : undefined}>
          <b>{step.title}</b>
          {step.state === 'done' ? <span className="vh">{t('connect.step_done')}</span> : null}
          <p>{step.text}</p>
        </li>
      ))}
    </ol>
  )
}
