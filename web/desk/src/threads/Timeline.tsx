import { Button } from '@mantine/core'
import type { Customer, Entry, MessageEntry } from '@onethread/client'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { channelName } from '../parts/channels.ts'
import { ChannelGlyph, Icon } from '../parts/Glyphs.tsx'
import { EntryView } from './EntryView.tsx'
import type { Pending } from './outbox.ts'
import { PendingView } from './PendingView.tsx'
import { inboundAfter, shape } from './shape.ts'
import styles from './Timeline.module.css'
import { useScroll } from './useScroll.ts'
import { customerName, lineOf } from './words.ts'

type Props = {
  customer: Customer | undefined
  /** Newest first, as they are read. */
  entries: readonly Entry[]
  pending: readonly Pending[]
  /** The entry that somebody wants to see, from a search. */
  target?: string | undefined
  offline: boolean
  older: boolean
  loadingOlder: boolean
  olderFailed: boolean
  onOlder: () => void
  me: string
  maySend: boolean
  again: string | undefined
  onAgain: (entry: MessageEntry) => void
  onEdit: (pending: Pending) => void
}

/** From this far to the beginning, the page before is asked for. */
const AHEAD_PX = 600

/** The thread as one line: its colour is the channel, a new glyph is a switch of channel. */
export function Timeline(props: Props) {
  const { t } = useTranslation()
  const { day, date } = useFormats()
  const { customer, entries, pending, target, older, loadingOlder, olderFailed, onOlder } = props
  const scroller = useRef<HTMLDivElement>(null)
  const stretches = useMemo(() => shape(entries.toReversed(), customer), [entries, customer])
  const { away, onScroll, toEnd, toEntry } = useScroll(
    scroller,
    `${entries.length}:${entries[0]?.id}:${pending.length}:${loadingOlder}`,
  )
  const name = customer ? customerName(t, customer) : ''

  // A reply of one's own is always worth seeing.
  const sent = pending.length
  const before = useRef(sent)
  useEffect(() => {
    if (sent > before.current) toEnd()
    before.current = sent
  }, [sent, toEnd])

  // Shown once for each search: afterwards the reader scrolls as they like.
  const [shown, setShown] = useState<string>()
  const there = target !== undefined && target !== shown && entries.some((entry) => entry.id === target)
  useEffect(() => {
    if (there && target !== undefined && toEntry(target)) setShown(target)
  }, [there, target, toEntry])

  const newest = entries[0]?.seq ?? -1
  const [looked, setLooked] = useState(newest)
  useEffect(() => {
    if (!away) setLooked(newest)
  }, [away, newest])
  const below = away ? inboundAfter(entries, looked).length : 0
  const spoken = useAnnouncement(entries, customer)

  const nearTop = () => {
    const box = scroller.current
    if (box && older && !loadingOlder && !olderFailed && box.scrollTop < AHEAD_PX) onOlder()
  }
  // A first page that does not fill the screen leaves nothing to scroll: the next one is read at once.
  useEffect(nearTop)

  return (
    <div className={styles.frame}>
      <div
        ref={scroller}
        className={styles.scroller}
        role="log"
        aria-live="off"
        aria-label={t('thread.log', { name })}
        data-region="thread"
        data-target={shown}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a log that scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={() => {
          onScroll()
          nearTop()
        }}
      >
        <div className={styles.thread}>
          {olderFailed ? (
            <div className={styles.beginning}>
              <Button onClick={onOlder}>{t('app.try_again')}</Button>
            </div>
          ) : older ? (
            <OlderSkeleton label={loadingOlder ? t('thread.loading_older') : ''} />
          ) : customer ? (
            <div className={styles.knot}>
              <b>{t('thread.beginning')}</b>
              <span className="fnt">{date(Date.parse(customer.created_at))}</span>
            </div>
          ) : null}
          {stretches.map((stretch) => (
            <div key={stretch.key} className={styles.stretch} data-ch={stretch.kind}>
              <div className={styles.node}>
                <ChannelGlyph kind={stretch.kind} />
                <b className="mut">{channelName(t, stretch.kind)}</b>
              </div>
              {stretch.rows.map((row) =>
                row.type === 'day' ? (
                  <div key={row.key} className={styles.day}>
                    <span>{day(row.at)}</span>
                  </div>
                ) : (
                  <EntryView
                    key={row.key}
                    entry={row.entry}
                    at={row.at}
                    first={row.first}
                    timed={row.timed}
                    fate={row.fate}
                    kind={stretch.kind}
                    found={row.entry.id === target}
                    customer={name}
                    mine={row.entry.type === 'message' && row.entry.author.id === props.me}
                    maySend={props.maySend}
                    onAgain={props.onAgain}
                    busy={props.again === row.entry.id}
                  />
                ),
              )}
              {stretch === stretches.at(-1)
                ? pending.map((item) => (
                    <PendingView
                      key={item.key}
                      pending={item}
                      offline={props.offline}
                      onEdit={() => props.onEdit(item)}
                    />
                  ))
                : null}
            </div>
          ))}
        </div>
      </div>
      {below > 0 ? (
        <Button className={styles.newBelow ?? ''} onClick={toEnd} rightSection={<Icon name="down" size="s" />}>
          {t('thread.new_below', { count: below })}
        </Button>
      ) : null}
      <div className="vh" aria-live="polite">
        {spoken}
      </div>
    </div>
  )
}

/** Only what comes in while the thread is open is spoken: "Maya, Messenger, the words". */
function useAnnouncement(entries: readonly Entry[], customer: Customer | undefined): string {
  const { t } = useTranslation()
  const newest = entries[0]
  const heard = useRef<number | undefined>(undefined)
  const [spoken, setSpoken] = useState('')
  useEffect(() => {
    if (!newest) return
    const since = heard.current
    heard.current = Math.max(newest.seq, since ?? 0)
    if (since === undefined || newest.seq <= since) return
    const [fresh] = inboundAfter([newest], since)
    if (!fresh || !customer) return
    const kind = customer.identities.find((one) => one.id === fresh.identity_id)?.kind ?? ''
    setSpoken([customerName(t, customer), channelName(t, kind), lineOf(t, fresh)].filter(Boolean).join(', '))
  }, [newest, customer, t])
  return spoken
}

/** Where older entries will stand. It keeps its height, so that nothing jumps when they come. */
export function OlderSkeleton({ label }: { label: string }) {
  return (
    <div className={styles.stretch} aria-busy="true">
      <div className={styles.node}>{label}</div>
      <div className={`${styles.entry} ${styles.theirs}`} aria-hidden="true">
        <div className="sk" style={{ height: 44, borderRadius: 10 }} />
      </div>
      <div className={`${styles.entry} ${styles.ours}`} aria-hidden="true">
        <div className="sk" style={{ height: 62, borderRadius: 10 }} />
      </div>
    </div>
  )
}
