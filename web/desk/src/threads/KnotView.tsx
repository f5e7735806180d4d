import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { ChannelGlyph, Icon } from '../parts/Glyphs.tsx'
import type { KnotRow, PromiseRow } from './shape.ts'
import styles from './Timeline.module.css'
import { episodeName } from './words.ts'

/** The beginning of a matter. Its row is a button that folds the matter to name, span, count, channels and outcome. */
export function KnotView({ row, onToggle }: { row: KnotRow; onToggle: () => void }) {
  const { t } = useTranslation()
  const { date } = useFormats()
  const { episode, folded, count, kinds } = row
  const from = date(Date.parse(episode.opened_at))
  const ended = episode.closed_at ?? episode.resolved_at
  const to = ended ? date(Date.parse(ended)) : undefined
  const outcome = episode.state === 'closed' || episode.state === 'resolved' ? t(`matter.state_${episode.state}`) : ''
  return (
    <div className={styles.knot} data-entry={`knot-${episode.id}`}>
      <button
        type="button"
        className={styles.knotButton}
        aria-expanded={!folded}
        data-knot={episode.id}
        onClick={onToggle}
      >
        <Icon name={folded ? 'right' : 'down'} size="s" />
        <b dir="auto">{episodeName(t, episode)}</b>
        <span className={styles.knotFacts}>
          {folded ? (
            <>
              <span>{to && to !== from ? `${from} – ${to}` : from}</span>
              {count === undefined ? null : <span>{t('matter.entries', { count })}</span>}
              {kinds.length ? (
                <span>
                  {kinds.map((kind) => (
                    <ChannelGlyph key={kind} kind={kind} size="s" named />
                  ))}
                </span>
              ) : null}
              {outcome ? <span>{outcome}</span> : null}
            </>
          ) : (
            <>
              <span>{t('matter.opened', { date: from })}</span>
              {episode.follows_id ? <span>{t('matter.follows')}</span> : null}
            </>
          )}
        </span>
      </button>
    </div>
  )
}

/** A promise where it was made, and where it was kept or broken. */
export function PromiseView({ row }: { row: PromiseRow }) {
  const { t } = useTranslation()
  const { time, dateTime, brief } = useFormats()
  const { promise, phase, at } = row
  const due = brief(Date.parse(promise.due_at), at)
  return (
    <div className={styles.entry} data-entry={row.key} data-promise={phase}>
      <time dateTime={new Date(at).toISOString()} title={dateTime(at)}>
        {time(at)}
      </time>
      <p className={styles.system} data-promised="">
        <span className={`clock ${phase === 'kept' ? 'kept' : phase === 'broken' ? 'over' : 'promise'}`}>
          {t(`promise.${phase}`, { due })}
        </span>
        <span dir="auto">{[promise.made_by.name, promise.text].filter(Boolean).join(': ')}</span>
      </p>
    </div>
  )
}
