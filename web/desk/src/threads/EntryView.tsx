import { Button } from '@mantine/core'
import type { Delivery, Entry, MessageEntry } from '@onethread/client'
import { memo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { channelName } from '../parts/channels.ts'
import { Avatar, Icon } from '../parts/Glyphs.tsx'
import styles from './Timeline.module.css'
import { textOf, whatText } from './words.ts'

/** Beyond either, a text is folded. */
const LONG_CHARS = 900
const LONG_LINES = 14

type Props = {
  entry: Entry
  at: number
  first: boolean
  timed: boolean
  fate: boolean
  /** The channel that the stretch runs through. */
  kind: string
  /** A search led here. */
  found?: boolean
  /** The person's name, or address, for words without a name. */
  customer: string
  /** Ours: this person wrote it. */
  mine: boolean
  maySend: boolean
  onAgain: (entry: MessageEntry) => void
  busy: boolean
}

/** One entry of the timeline. It reads as who, channel, time, state. */
export const EntryView = memo(function EntryView(props: Props) {
  const { t } = useTranslation()
  const { time, dateTime } = useFormats()
  const { entry, at, timed, kind } = props
  const stamp = timed ? (
    <time dateTime={entry.at} title={dateTime(at)}>
      {time(at)}
    </time>
  ) : null
  if (entry.type === 'event') {
    return (
      <article className={styles.entry} data-entry={entry.id} aria-label={`${channelName(t, kind)}, ${time(at)}`}>
        {stamp}
        <p className={styles.system}>{t('entry.event_not_shown', { what: whatText(t, entry.what) })}</p>
      </article>
    )
  }
  return <MessageView {...props} entry={entry} stamp={stamp} />
})

function useAuthorName(entry: MessageEntry, customer: string): string {
  const { t } = useTranslation()
  const { type, name } = entry.author
  if (type === 'bot') return name ? t('author.bot', { name }) : t('author.bot_unnamed')
  if (type === 'system') return name ? t('author.system', { name }) : t('author.system_unnamed')
  if (type === 'customer') return name || customer
  return name || t('author.person')
}

function MessageView({
  entry,
  at,
  first,
  fate,
  kind,
  customer,
  mine,
  maySend,
  onAgain,
  busy,
  found,
  stamp,
}: Props & { entry: MessageEntry; stamp: React.ReactNode }) {
  const { t } = useTranslation()
  const { time } = useFormats()
  const name = useAuthorName(entry, customer)
  const inbound = entry.direction === 'inbound'
  const who = inbound ? 'customer' : entry.author.type === 'customer' ? 'agent' : entry.author.type
  const state = entry.delivery?.state
  const text = textOf(entry)
  const spoken = [name, channelName(t, kind), time(at), state ? t(`delivery.${state}`) : ''].filter(Boolean).join(', ')
  const lost = state === 'failed' || state === 'uncertain'
  return (
    <article
      className={`${styles.entry} ${inbound ? styles.theirs : styles.ours}`}
      data-entry={entry.id}
      data-state={state}
      data-found={found || undefined}
      aria-label={spoken}
    >
      {stamp}
      {first ? (
        <div className={styles.by} data-who={who}>
          {inbound ? null : <Avatar name={name} who={who === 'customer' ? 'agent' : who} size="s" />}
          <b dir="auto">{name}</b>
          {mine ? <span>{t('author.you')}</span> : null}
          <span className={styles.byTime}>{time(at)}</span>
        </div>
      ) : null}
      {text ? (
        <div
          className={styles.say}
          data-who={who}
          data-lost={state === 'failed' || undefined}
          data-waits={state === 'queued' || undefined}
        >
          <Words text={text} />
        </div>
      ) : null}
      {entry.not_shown?.map((what, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a message never change their order
        <p key={place} className={styles.part}>
          {t('entry.part_not_shown', { what: whatText(t, what) })}
        </p>
      ))}
      {entry.delivery && lost ? (
        <Lost delivery={entry.delivery} maySend={maySend} busy={busy} onAgain={() => onAgain(entry)} />
      ) : entry.delivery && fate ? (
        <Fate delivery={entry.delivery} />
      ) : null}
    </article>
  )
}

/** How much room a text takes: a Han character is twice as wide as a letter. */
const weight = (text: string): number => text.length + (text.match(/[\u3000-\u9fff\uff00-\uffef]/g)?.length ?? 0)

/** Somebody's own words, whole; a very long text is folded and opens. */
export function Words({ text }: { text: string }) {
  const { t } = useTranslation()
  const long = weight(text) > LONG_CHARS || text.split('\n').length > LONG_LINES
  const [open, setOpen] = useState(false)
  return (
    <>
      <div dir="auto" className={long && !open ? styles.folded : styles.words}>
        {text}
      </div>
      {long ? (
        <button type="button" className={styles.more} aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? t('entry.folded_less') : t('entry.folded_more')}
        </button>
      ) : null}
    </>
  )
}

/** What became of it, or what it waits for, in one line. */
function Fate({ delivery }: { delivery: Delivery }) {
  const { t } = useTranslation()
  const { state, error, tries } = delivery
  const trying = state === 'queued' && error && tries > 0
  const icon = state === 'queued' || state === 'sending' ? (trying ? 'undo' : 'wait') : 'check'
  return (
    <p className={styles.fate} data-read={state === 'read' || undefined}>
      <Icon name={icon} size="s" />
      {trying ? t('delivery.trying', { count: tries }) : t(`delivery.${state}`)}
    </p>
  )
}

/** Failed or uncertain: what happened, the next step, and the technical side behind Details. */
function Lost({
  delivery,
  maySend,
  busy,
  onAgain,
}: {
  delivery: Delivery
  maySend: boolean
  busy: boolean
  onAgain: () => void
}) {
  const { t } = useTranslation()
  const failed = delivery.state === 'failed'
  const reason = delivery.error?.reason ?? (failed ? 'rejected' : 'no_answer')
  const details = [delivery.error?.code, delivery.error?.detail].filter(Boolean).join('\n')
  return (
    <div className={failed ? styles.fail : styles.doubt}>
      <Icon name="alert" />
      <div className="grow">
        <b>{failed ? t('failure.head_failed') : t('failure.head_uncertain')}</b> {t(`failure.${reason}`)}{' '}
        {t(`failure.${reason}_next`)}
        <div className={styles.acts}>
          {maySend ? (
            <Button onClick={onAgain} loading={busy}>
              {t('failure.send_again')}
            </Button>
          ) : null}
          {details ? (
            <details>
              <summary>{t('app.details')}</summary>
              <pre lang="en">{details}</pre>
            </details>
          ) : null}
        </div>
      </div>
    </div>
  )
}
