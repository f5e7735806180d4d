import { ActionIcon, Checkbox } from '@mantine/core'
import type { MessageEntry, Reaction } from '@onethread/client'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { channelName } from '../parts/channels.ts'
import { Avatar, Icon } from '../parts/Glyphs.tsx'
import { BlockView } from './BlockView.tsx'
import { Fate, isHeld, Lost } from './DeliveryView.tsx'
import type { EntryProps } from './EntryView.tsx'
import { isWaiting } from './messageActs.ts'
import styles from './Timeline.module.css'
import { useTimelineActs } from './timelineContext.ts'
import { WaitingView } from './WaitingView.tsx'
import { Words } from './Words.tsx'
import { lineOf, partOf, textOf, whatText } from './words.ts'

export function useAuthorName(entry: MessageEntry, customer: string): string {
  const { t } = useTranslation()
  const { type, name } = entry.author
  if (type === 'bot') return name ? t('author.bot', { name }) : t('author.bot_unnamed')
  if (type === 'system') return name ? t('author.system', { name }) : t('author.system_unnamed')
  if (type === 'customer') return name || customer
  return name || t('author.person')
}

/** Something that was said, whole: who, the words, everything that came with them, and what became of it. */
export function MessageView({
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
}: EntryProps & { entry: MessageEntry; stamp: ReactNode }) {
  const { t } = useTranslation()
  const { time, dateTime } = useFormats()
  const acts = useTimelineActs()
  const name = useAuthorName(entry, customer)
  const inbound = entry.direction === 'inbound'
  const who = inbound ? 'customer' : entry.author.type === 'customer' ? 'agent' : entry.author.type
  const state = entry.delivery?.state
  const text = textOf(entry)
  const edited = entry.edited_at ? Date.parse(entry.edited_at) : undefined
  const sentLater = entry.send_at && !isWaiting(entry) ? Date.parse(entry.send_at) : undefined
  const spoken = [
    name,
    ...entry.blocks.filter((block) => block.type !== 'text').map((block) => partOf(t, block)),
    channelName(t, kind),
    time(at),
    edited ? t('entry.edited') : '',
    state ? t(`delivery.${state}`) : '',
  ]
  const lost = state === 'failed' || state === 'uncertain'
  const selected = acts.selection?.has(entry.id) ?? false
  return (
    <article
      className={`${styles.entry} ${inbound ? styles.theirs : styles.ours}`}
      data-entry={entry.id}
      data-state={state}
      data-selected={selected || undefined}
      data-found={found || undefined}
      tabIndex={-1}
      aria-label={spoken.filter(Boolean).join(', ')}
    >
      {stamp}
      {first ? (
        <div className={styles.by} data-who={who}>
          {inbound ? null : <Avatar name={name} who={who === 'customer' ? 'agent' : who} size="s" />}
          <b dir="auto">{name}</b>
          {mine ? <span>{t('author.you')}</span> : null}
          {entry.standby ? <span className="chip">{t('entry.other_app')}</span> : null}
          <span className={styles.byTime}>{time(at)}</span>
        </div>
      ) : null}
      {acts.selection ? (
        <Checkbox
          className={styles.select ?? ''}
          checked={selected}
          onChange={(event) => acts.onSelect?.(entry, event.currentTarget.checked)}
          aria-label={t('entry.select', { words: lineOf(t, entry) })}
        />
      ) : null}
      {entry.reply_to ? <Quote id={entry.reply_to.message_id} customer={customer} /> : null}
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
      {entry.blocks.map((block, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a message never change their order
        <BlockView key={place} block={block} chosen={acts.chosen(entry.id)} />
      ))}
      {entry.not_shown?.map((what, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a message never change their order
        <p key={place} className={styles.part}>
          {t('entry.part_not_shown', { what: whatText(t, what) })}
        </p>
      ))}
      {entry.reactions?.length ? <Reactions reactions={entry.reactions} /> : null}
      {edited || entry.choice || entry.reply_kind === 'holding' || sentLater || entry.resent_from ? (
        <p className={styles.marks}>
          {edited ? <span title={dateTime(edited)}>{t('entry.edited')}</span> : null}
          {sentLater ? <span>{t('entry.sent_later', { time: dateTime(sentLater) })}</span> : null}
          {entry.resent_from ? <span>{t('entry.resent')}</span> : null}
          {entry.choice ? <span>{t('entry.tapped')}</span> : null}
          {entry.reply_kind === 'holding' ? <span>{t('entry.holding')}</span> : null}
        </p>
      ) : null}
      {isWaiting(entry) ? (
        <WaitingView entry={entry} maySend={maySend} busy={busy} />
      ) : entry.delivery && (lost || isHeld(entry.delivery)) ? (
        <Lost entry={entry} delivery={entry.delivery} maySend={maySend} busy={busy} onAgain={() => onAgain(entry)} />
      ) : entry.delivery && fate ? (
        <Fate delivery={entry.delivery} />
      ) : null}
      {acts.onReply || acts.onMove ? <EntryActs entry={entry} /> : null}
    </article>
  )
}

/** What can be done with a message: shown under the pointer, and when the message has the focus. */
function EntryActs({ entry }: { entry: MessageEntry }) {
  const { t } = useTranslation()
  const { onReply, onMove } = useTimelineActs()
  const words = lineOf(t, entry).slice(0, 60)
  return (
    <div className={styles.entryActs}>
      {onReply ? (
        <ActionIcon
          aria-label={t('entry.reply_named', { words })}
          title={t('entry.reply')}
          onClick={() => onReply(entry)}
        >
          <Icon name="undo" />
        </ActionIcon>
      ) : null}
      {onMove ? (
        <ActionIcon aria-label={t('entry.move_named', { words })} title={t('entry.move')} onClick={() => onMove(entry)}>
          <Icon name="split" />
        </ActionIcon>
      ) : null}
    </div>
  )
}

/** What a message answers; a click goes there. */
function Quote({ id, customer }: { id: string | undefined; customer: string }) {
  const { t } = useTranslation()
  const { find, jump } = useTimelineActs()
  const entry = id ? find(id) : undefined
  if (entry?.type !== 'message' || !id) return <p className={styles.quote}>{t('entry.quote_earlier')}</p>
  return (
    <button type="button" className={styles.quote} onClick={() => jump(id)}>
      <QuoteWords entry={entry} customer={customer} />
    </button>
  )
}

/** Who said it and how it begins. */
export function QuoteWords({ entry, customer }: { entry: MessageEntry; customer: string }) {
  const { t } = useTranslation()
  const name = useAuthorName(entry, customer)
  return (
    <>
      <b dir="auto">{name}</b> <span dir="auto">{lineOf(t, entry).slice(0, 160)}</span>
    </>
  )
}

function Reactions({ reactions }: { reactions: readonly Reaction[] }) {
  const { t } = useTranslation()
  const counts = new Map<string, { emoji: string; theirs: boolean; count: number }>()
  for (const { emoji, from } of reactions) {
    const theirs = from === 'customer'
    const key = `${emoji}${theirs}`
    const have = counts.get(key)
    if (have) have.count += 1
    else counts.set(key, { emoji, theirs, count: 1 })
  }
  return (
    <ul className={styles.reactions} aria-label={t('entry.reactions')}>
      {[...counts.values()].map(({ emoji, theirs, count }) => (
        <li key={`${emoji}${theirs}`} className="chip">
          <span>{emoji}</span>
          {count > 1 ? <span className="num">{count}</span> : null}
          <span className={theirs ? 'vh' : ''}>{theirs ? t('entry.reaction_theirs') : t('entry.reaction_ours')}</span>
        </li>
      ))}
    </ul>
  )
}
