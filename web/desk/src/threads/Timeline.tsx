import { Button } from '@mantine/core'
import type { Customer, Entry, Episode, MessageEntry, Promised } from '@onethread/client'
import { useCallback, useEffect, useImperativeHandle, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useKeys } from '../app/keys.ts'
import { useFormats } from '../i18n/format.ts'
import { channelName } from '../parts/channels.ts'
import { ChannelGlyph, Icon } from '../parts/Glyphs.tsx'
import { EntryView } from './EntryView.tsx'
import { KnotView, PromiseView } from './KnotView.tsx'
import type { Pending } from './outbox.ts'
import { PendingView } from './PendingView.tsx'
import { inboundAfter, type Row, type Stretch, shape } from './shape.ts'
import styles from './Timeline.module.css'
import { type TimelineActs, TimelineContext, useTimelineActs } from './timelineContext.ts'
import { useScroll } from './useScroll.ts'
import { customerName, lineOf } from './words.ts'

type Props = {
  customer: Customer | undefined
  /** Newest first, as they are read. */
  entries: readonly Entry[]
  pending: readonly Pending[]
  /** The entry that a search led to, and which visit of the page it was: it is brought into view once for each. */
  target?: { id: string; visit: string | undefined } | undefined
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
  episodes?: readonly Episode[]
  promises?: readonly Promised[]
  /** What the entries may ask of the thread, beyond looking at each other. */
  acts?: Omit<TimelineActs, 'find' | 'jump' | 'chosen'>
  ref?: React.Ref<TimelineHandle>
}

export type TimelineHandle = { jump: (id: string) => void }

const NO_EPISODES: readonly Episode[] = []
const NO_PROMISES: readonly Promised[] = []
const NOBODY: NonNullable<Props['acts']> = { colleague: () => undefined }

/** Matters that had ended when the thread was opened are folded, but for the newest; the person decides about each. */
function useFolds(episodes: readonly Episode[]) {
  const began = useRef<ReadonlySet<string> | undefined>(undefined)
  if (!began.current && episodes.length > 0) {
    began.current = new Set(episodes.filter((one, place) => place > 0 && one.state === 'closed').map((one) => one.id))
  }
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(new Map())
  const folded = useCallback(
    (episode: Episode) => chosen.get(episode.id) ?? began.current?.has(episode.id) ?? false,
    [chosen],
  )
  const toggle = (episode: Episode) => setChosen(new Map(chosen).set(episode.id, !folded(episode)))
  return { folded, toggle, chosen }
}

/** From this far to the beginning, the page before is asked for. */
const AHEAD_PX = 600

/** The thread as one line: its colour is the channel, a new glyph is a switch of channel. */
export function Timeline(props: Props) {
  const { t } = useTranslation()
  const { date } = useFormats()
  const { customer, entries, pending, target, older, loadingOlder, olderFailed, onOlder } = props
  const scroller = useRef<HTMLDivElement>(null)
  const { episodes = NO_EPISODES, promises = NO_PROMISES, acts = NOBODY } = props
  const { folded, toggle, chosen: folds } = useFolds(episodes)
  const stretches = useMemo(
    () => shape(entries.toReversed(), customer, { episodes, promises, folded, complete: !older }),
    [entries, customer, episodes, promises, folded, older],
  )
  const { away, onScroll, toEnd, toEntry } = useScroll(
    scroller,
    `${entries.length}:${entries[0]?.id}:${pending.length}:${loadingOlder}:${promises.length}:${episodes.length}:${folds.size}`,
  )
  const name = customer ? customerName(t, customer) : ''

  const jump = useCallback((id: string) => {
    const entry = scroller.current?.querySelector<HTMLElement>(`[data-entry="${CSS.escape(id)}"]`)
    entry?.scrollIntoView({ block: 'center' })
    entry?.focus({ preventScroll: true })
  }, [])
  useImperativeHandle(props.ref, () => ({ jump }), [jump])
  const context = useMemo<TimelineActs>(() => {
    const byId = new Map(entries.map((entry) => [entry.id, entry]))
    const taken = new Map<string, string>()
    for (const entry of entries) {
      if (entry.type !== 'message' || !entry.choice?.message_id || !entry.choice.option_id) continue
      if (!taken.has(entry.choice.message_id)) taken.set(entry.choice.message_id, entry.choice.option_id)
    }
    return { ...acts, find: (id) => byId.get(id), jump, chosen: (id) => taken.get(id) }
  }, [entries, acts, jump])

  /** Roving focus: arrows walk through entries, brackets through matters. */
  const walk = (selector: string, step: number): boolean => {
    const all = Array.from(scroller.current?.querySelectorAll<HTMLElement>(selector) ?? [])
    if (all.length === 0) return false
    const here = document.activeElement
    const place = all.findIndex((one) => one === here || one.contains(here))
    const behind = all.findIndex((one) => here && one.compareDocumentPosition(here) & Node.DOCUMENT_POSITION_PRECEDING)
    const from =
      place >= 0
        ? place
        : here === scroller.current
          ? all.length
          : behind < 0
            ? all.length
            : behind - (step > 0 ? 1 : 0)
    const target = all[Math.min(Math.max(from + step, 0), all.length - 1)]
    target?.scrollIntoView({ block: 'nearest' })
    target?.focus({ preventScroll: true })
    return true
  }
  useKeys({ '[': () => walk('[data-knot]:is(button)', -1), ']': () => walk('[data-knot]:is(button)', 1) })

  // A reply of one's own is always worth seeing.
  const sent = pending.length
  const before = useRef(sent)
  useEffect(() => {
    if (sent > before.current) toEnd()
    before.current = sent
  }, [sent, toEnd])

  // Shown once for each search: afterwards the reader scrolls as they like. A folded matter is opened for it.
  const [shown, setShown] = useState<Props['target']>()
  const wanted = target === shown ? undefined : entries.find((entry) => entry.id === target?.id)
  const about = wanted && episodes.find((episode) => episode.id === wanted.episode_id)
  const hidden = about !== undefined && folded(about)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the entry is there once the stretches are drawn with it
  useEffect(() => {
    if (!wanted) return
    if (hidden) toggle(about)
    else if (toEntry(wanted.id)) setShown(target)
  }, [wanted, hidden, stretches, toEntry])

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
        data-target={shown?.id}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a log that scrolls must be reachable by keyboard
        tabIndex={0}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return
          if (event.ctrlKey || event.metaKey || event.altKey) return
          if (event.target instanceof Element && event.target.closest('video, audio, input')) return
          if (walk('article[data-entry], button[data-knot]', event.key === 'ArrowUp' ? -1 : 1)) event.preventDefault()
        }}
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
          <TimelineContext value={context}>
            {stretches.map((stretch) => (
              <StretchView
                key={stretch.key}
                stretch={stretch}
                draw={(row) => (
                  <RowView
                    key={row.key}
                    row={row}
                    kind={stretch.kind}
                    customer={name}
                    props={props}
                    onToggle={toggle}
                  />
                )}
              >
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
              </StretchView>
            ))}
          </TimelineContext>
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

/** A part of the line that runs through one channel. Knots at its head stand before the channel's glyph. */
function StretchView({
  stretch,
  draw,
  children,
}: {
  stretch: Stretch
  draw: (row: Row) => React.ReactNode
  children: React.ReactNode
}) {
  const { t } = useTranslation()
  const other = stretch.rows.findIndex((row) => row.type !== 'knot')
  const heads = other < 0 ? stretch.rows : stretch.rows.slice(0, other)
  const rest = other < 0 ? [] : stretch.rows.slice(other)
  const { ways = [] } = useTimelineActs()
  // Two pages of one channel look alike: the account tells them apart.
  const account =
    ways.length > 1 ? ways.find(({ identity }) => identity.address === stretch.address)?.account : undefined
  const spoken = rest.length > 0 || Boolean(children && (children as unknown[]).length)
  return (
    <div className={styles.stretch} data-ch={stretch.kind}>
      {heads.map(draw)}
      {spoken ? (
        <div className={styles.node}>
          <ChannelGlyph kind={stretch.kind} />
          <b className="mut">{channelName(t, stretch.kind)}</b>
          {account ? (
            <span className="fnt cut" dir="auto">
              {account}
            </span>
          ) : null}
        </div>
      ) : null}
      {rest.map(draw)}
      {children}
    </div>
  )
}

function RowView({
  row,
  kind,
  customer,
  props,
  onToggle,
}: {
  row: Row
  kind: string
  customer: string
  props: Props
  onToggle: (episode: Episode) => void
}) {
  const { day } = useFormats()
  if (row.type === 'knot') return <KnotView row={row} onToggle={() => onToggle(row.episode)} />
  if (row.type === 'promise') return <PromiseView row={row} />
  if (row.type === 'day') {
    return (
      <div className={styles.day}>
        <span>{day(row.at)}</span>
      </div>
    )
  }
  return (
    <EntryView
      entry={row.entry}
      at={row.at}
      first={row.first}
      timed={row.timed}
      fate={row.fate}
      kind={kind}
      customer={customer}
      mine={row.entry.type !== 'event' && row.entry.author.id === props.me}
      maySend={props.maySend}
      onAgain={props.onAgain}
      busy={props.again === row.entry.id}
      found={row.entry.id === props.target?.id}
    />
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
