import type { Entry, EventEntry, MessageEntry, NoteEntry } from '@onethread/client'
import { memo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { channelName } from '../parts/channels.ts'
import { MessageView } from './MessageView.tsx'
import styles from './Timeline.module.css'
import { useTimelineActs } from './timelineContext.ts'
import { Words } from './Words.tsx'
import { eventSubject, eventText } from './words.ts'

export type EntryProps = {
  entry: Entry
  at: number
  first: boolean
  timed: boolean
  fate: boolean
  /** The channel that the stretch runs through. */
  kind: string
  /** The person's name, or address, for words without a name. */
  customer: string
  /** Ours: this person wrote it. */
  mine: boolean
  maySend: boolean
  onAgain: (entry: MessageEntry) => void
  busy: boolean
  /** A search led here. */
  found?: boolean
}

/** One entry of the timeline. It reads as who, what kind, channel, time, state. */
export const EntryView = memo(function EntryView(props: EntryProps) {
  const { time, dateTime } = useFormats()
  const { entry, at, timed } = props
  const stamp = timed ? (
    <time dateTime={entry.at} title={dateTime(at)}>
      {time(at)}
    </time>
  ) : null
  if (entry.type === 'event') return <EventView {...props} entry={entry} stamp={stamp} />
  if (entry.type === 'note') return <NoteView {...props} entry={entry} stamp={stamp} />
  return <MessageView {...props} entry={entry} stamp={stamp} />
})

/** What happened: one muted line on the spine, with a knot where a matter ends or begins anew. */
function EventView({ entry, at, kind, found, stamp }: EntryProps & { entry: EventEntry; stamp: ReactNode }) {
  const { t } = useTranslation()
  const { time } = useFormats()
  const { find, jump } = useTimelineActs()
  const subject = eventSubject(t, entry)
  const words = eventText(t, entry)
  const spoken = [subject, words, entry.by, channelName(t, kind), time(at)].filter(Boolean).join(', ')
  const related = entry.related_id && find(entry.related_id) ? entry.related_id : undefined
  return (
    <article
      className={styles.entry}
      data-entry={entry.id}
      data-event={entry.name}
      data-found={found || undefined}
      tabIndex={-1}
      aria-label={spoken}
    >
      {stamp}
      <p className={styles.system} data-knot={entry.name.startsWith('episode.') || undefined}>
        {subject ? <b dir="auto">{subject}</b> : null} <span>{words}</span>
        {entry.by ? <span dir="auto">{` · ${entry.by}`}</span> : null}
        {related ? (
          <button type="button" className={styles.more} onClick={() => jump(related)}>
            {t('entry.jump')}
          </button>
        ) : null}
      </p>
    </article>
  )
}

/** A yellow sheet between colleagues. */
function NoteView({ entry, at, mine, found, stamp }: EntryProps & { entry: NoteEntry; stamp: ReactNode }) {
  const { t } = useTranslation()
  const { time } = useFormats()
  const { colleague } = useTimelineActs()
  const called = entry.mentions.map(colleague).filter((name) => name !== undefined)
  return (
    <article
      className={styles.entry}
      data-entry={entry.id}
      data-found={found || undefined}
      tabIndex={-1}
      aria-label={[entry.author.name, t('note.kind'), time(at)].join(', ')}
    >
      {stamp}
      <div className={styles.note}>
        <div className={styles.by} data-who="note">
          <b>{t('note.kind')}</b>
          <span className={styles.noteAuthor} dir="auto">
            {entry.author.name}
          </span>
          {mine ? <span>{t('author.you')}</span> : null}
          <span>{t('note.only_team')}</span>
          <span className={styles.byTime}>{time(at)}</span>
        </div>
        <Words text={entry.text} names={called} />
      </div>
    </article>
  )
}
