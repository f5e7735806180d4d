import { Button, TextInput } from '@mantine/core'
import type { AppliedLabel, Episode, Label } from '@onethread/client'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../parts/Glyphs.tsx'
import { LabelChip, LabelDot } from '../parts/LabelChip.tsx'
import styles from './MatterBar.module.css'
import { matches, type Offer } from './offer.ts'

/** From so many labels on, the list can be narrowed by typing. */
const MANY = 8

/** The labels of a matter, beside its name. */
export function MatterLabels({ labels }: { labels: AppliedLabel[] }) {
  const { t } = useTranslation()
  if (labels.length === 0) return null
  return (
    <ul className={styles.labels} aria-label={t('labels.title')}>
      {labels.map((label) => (
        <li key={label.id}>
          <LabelChip label={label} />
        </li>
      ))}
    </ul>
  )
}

/** Puts labels on a matter and takes them off, one press each. Archived ones are offered only where they are carried. */
export function ChooseLabels({
  episode,
  offer,
  mayDefine,
  busy,
  onLabel,
}: {
  episode: Episode
  offer: Offer<Label>
  mayDefine: boolean
  busy: boolean
  onLabel: (labelId: string, carried: boolean) => void
}) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const carried = new Set(episode.labels.map((label) => label.id))
  if (offer.error && !offer.items) {
    return (
      <div className={styles.form}>
        <p className="sm mut">{t('list.error_title')}</p>
        <Button onClick={offer.onAgain}>{t('app.try_again')}</Button>
      </div>
    )
  }
  if (!offer.items) return <p className="sm mut">{t('app.loading')}</p>
  const offered = offer.items.filter((label) => !label.archived || carried.has(label.id))
  if (offered.length === 0) {
    return (
      <div className={styles.form}>
        <p className="sm mut">{t('labels.empty_title')}</p>
        {mayDefine ? <Link to="/settings/labels">{t('context.define_labels')}</Link> : null}
      </div>
    )
  }
  const shown = offered.filter((label) => matches(label.name, typed))
  return (
    <div className={styles.form}>
      {offered.length >= MANY ? (
        <TextInput
          aria-label={t('context.find_label')}
          placeholder={t('context.find_label')}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      ) : null}
      <ul className={styles.choices}>
        {shown.map((label) => (
          <li key={label.id}>
            <button
              type="button"
              aria-pressed={carried.has(label.id)}
              aria-disabled={busy || undefined}
              onClick={() => {
                if (!busy) onLabel(label.id, !carried.has(label.id))
              }}
            >
              <LabelDot colour={label.colour} />
              <span className="grow cut" dir="auto">
                {label.name}
              </span>
              {carried.has(label.id) ? <Icon name="check" size="s" /> : null}
            </button>
          </li>
        ))}
      </ul>
      {shown.length === 0 ? <p className="sm mut">{t('context.no_match')}</p> : null}
    </div>
  )
}
