import { ActionIcon, Button, NativeSelect, TextInput } from '@mantine/core'
import type { Agent, Episode, Label, MessageEntry } from '@onethread/client'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { Icon } from '../parts/Glyphs.tsx'
import { episodeActs } from './episodeActs.ts'
import { fromLocalInput, laterTimes, localInput } from './laterTimes.ts'
import styles from './MatterBar.module.css'
import { ChooseLabels } from './MatterLabels.tsx'
import type { Offer } from './offer.ts'
import { episodeName } from './words.ts'

/** What is being asked about a matter. */
export type SheetName =
  | 'later'
  | 'hold'
  | 'promise'
  | 'assign'
  | 'describe'
  | 'labels'
  | 'link'
  | 'split'
  | 'move'
  | 'new'

type Props = {
  name: SheetName
  threadId: string
  episode: Episode | undefined
  episodes: readonly Episode[]
  agents: readonly Agent[]
  me: string
  /** The messages that become a matter of their own. */
  selection: ReadonlySet<string>
  moving: MessageEntry | undefined
  busy: boolean
  labels: Offer<Label>
  /** Labels may be defined, so the way there is shown. */
  mayDefine: boolean
  now: number
  onLabel: (labelId: string, carried: boolean) => void
  onAct: (act: () => Promise<Episode>) => void
  onMove: (entry: MessageEntry, episodeId: string) => void
  onClose: () => void
}

const HOUR = 3_600_000

/** Hangs below the line of the matter and covers nothing that is being answered. */
export function MatterSheet(props: Props) {
  const { t } = useTranslation()
  const { name, onClose } = props
  const sheet = useRef<HTMLDivElement>(null)
  const back = useRef<Element | null>(null)
  useEffect(() => {
    back.current = document.activeElement
    const [first] = sheet.current?.querySelectorAll<HTMLElement>('input, select, button:not([data-close])') ?? []
    first?.focus()
    return () => {
      const { activeElement } = document
      if (activeElement && activeElement !== document.body) return
      const connected = back.current instanceof HTMLElement && back.current.isConnected ? back.current : undefined
      const place = connected ?? document.querySelector<HTMLElement>('[data-region=thread]')
      place?.focus()
    }
  }, [])
  return (
    <div
      ref={sheet}
      className={styles.sheet}
      role="dialog"
      aria-label={t(`sheet.${name}`)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.preventDefault()
        event.stopPropagation()
        onClose()
      }}
    >
      <header className={styles.sheetHead}>
        <h2 className="grow">{t(`sheet.${name}`)}</h2>
        <ActionIcon data-close="" aria-label={t('app.close')} onClick={onClose}>
          <Icon name="x" />
        </ActionIcon>
      </header>
      <Body {...props} />
    </div>
  )
}

function Body(props: Props) {
  const { name, threadId, episode, selection, moving, onAct } = props
  if (name === 'new') {
    return <Subject {...props} onSave={(subject) => onAct(() => episodeActs.open(threadId, subject))} />
  }
  if (!episode) return null
  switch (name) {
    case 'later':
      return <Later {...props} episode={episode} />
    case 'hold':
      return <Hold {...props} episode={episode} />
    case 'promise':
      return <MakePromise {...props} episode={episode} />
    case 'assign':
      return <Assign {...props} episode={episode} />
    case 'describe':
      return <Describe {...props} episode={episode} />
    case 'labels':
      return (
        <ChooseLabels
          episode={episode}
          offer={props.labels}
          mayDefine={props.mayDefine}
          busy={props.busy}
          onLabel={props.onLabel}
        />
      )
    case 'split':
      return selection.size === 0 ? (
        <Hint {...props} />
      ) : (
        <Subject {...props} onSave={(subject) => onAct(() => episodeActs.split(episode.id, [...selection], subject))} />
      )
    case 'link':
      return (
        <Others
          {...props}
          without={episode.id}
          onChoose={(other) => onAct(() => episodeActs.link(episode.id, other))}
        />
      )
    case 'move':
      return moving ? (
        <Others {...props} without={moving.episode_id ?? ''} onChoose={(other) => props.onMove(moving, other)} />
      ) : null
  }
}

function Form({
  children,
  save,
  ready,
  busy,
  onSave,
  onClose,
}: {
  children: ReactNode
  save: string
  ready: boolean
  busy: boolean
  onSave: () => void
  onClose: () => void
}) {
  const { t } = useTranslation()
  return (
    <form
      className={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (ready && !busy) onSave()
      }}
    >
      {children}
      <div className={styles.formActs}>
        <Button onClick={onClose}>{t('app.cancel')}</Button>
        <Button type="submit" variant="filled" disabled={!ready} loading={busy}>
          {save}
        </Button>
      </div>
    </form>
  )
}

type Of = Props & { episode: Episode }

function WhenInput({
  value,
  onChange,
  label,
  now,
}: {
  value: string
  onChange: (value: string) => void
  label: string
  now: number
}) {
  return (
    <TextInput
      type="datetime-local"
      label={label}
      value={value}
      min={localInput(now)}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

function Later({ episode, busy, now, onAct, onClose }: Of) {
  const { t } = useTranslation()
  const { dateTime } = useFormats()
  const [own, setOwn] = useState('')
  const until = fromLocalInput(own)
  return (
    <>
      <ul className={styles.choices}>
        <li>
          <button type="button" onClick={() => onAct(() => episodeActs.park(episode.id))}>
            <span className="grow">{t('later.parked')}</span>
          </button>
        </li>
        {laterTimes(now).map(({ preset, at }) => (
          <li key={preset}>
            <button type="button" onClick={() => onAct(() => episodeActs.snooze(episode.id, at))}>
              <span className="grow">{t(`later.${preset}`)}</span>
              <span className="xs fnt num">{dateTime(at)}</span>
            </button>
          </li>
        ))}
      </ul>
      <Form
        save={t('later.save')}
        ready={until !== undefined && until > now}
        busy={busy}
        onSave={() => until !== undefined && onAct(() => episodeActs.snooze(episode.id, until))}
        onClose={onClose}
      >
        <WhenInput label={t('later.own')} value={own} onChange={setOwn} now={now} />
      </Form>
    </>
  )
}

function Hold({ episode, busy, now, onAct, onClose }: Of) {
  const { t } = useTranslation()
  const [reason, setReason] = useState('')
  const [own, setOwn] = useState('')
  return (
    <Form
      save={t('matter.hold')}
      ready={reason.trim() !== ''}
      busy={busy}
      onSave={() => onAct(() => episodeActs.hold(episode.id, reason.trim(), fromLocalInput(own)))}
      onClose={onClose}
    >
      <TextInput label={t('hold.reason')} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      <WhenInput label={t('hold.until')} value={own} onChange={setOwn} now={now} />
    </Form>
  )
}

function MakePromise({ episode, busy, now, onAct, onClose }: Of) {
  const { t } = useTranslation()
  const [due, setDue] = useState(() => localInput(now + HOUR))
  const [text, setText] = useState('')
  const at = fromLocalInput(due)
  return (
    <Form
      save={t('promise.make')}
      ready={at !== undefined && at > now && text.trim() !== ''}
      busy={busy}
      onSave={() => at !== undefined && onAct(() => episodeActs.promise(episode.id, at, text.trim()))}
      onClose={onClose}
    >
      <p className="sm mut">{t('promise.hint')}</p>
      <WhenInput label={t('promise.by')} value={due} onChange={setDue} now={now} />
      <TextInput label={t('promise.text')} value={text} onChange={(event) => setText(event.currentTarget.value)} />
    </Form>
  )
}

function Assign({ episode, agents, me, onAct }: Of) {
  const { t } = useTranslation()
  const able = agents.filter((agent) => !agent.disabled)
  const mine = able.filter((agent) => agent.id === me)
  return (
    <ul className={styles.choices}>
      {[...mine, ...able.filter((agent) => agent.id !== me)].map((agent) => (
        <li key={agent.id}>
          <button
            type="button"
            aria-pressed={episode.assignee?.id === agent.id}
            onClick={() => onAct(() => episodeActs.assign(episode.id, agent.id))}
          >
            <span className="grow" dir="auto">
              {agent.name}
            </span>
            {agent.id === me ? <span className="xs fnt">{t('author.you')}</span> : null}
          </button>
        </li>
      ))}
      {episode.assignee ? (
        <li>
          <button type="button" onClick={() => onAct(() => episodeActs.assign(episode.id, null))}>
            {t('matter.nobody')}
          </button>
        </li>
      ) : null}
    </ul>
  )
}

function Describe({ episode, busy, onAct, onClose }: Of) {
  const { t } = useTranslation()
  const [subject, setSubject] = useState(episode.subject)
  const [topic, setTopic] = useState(episode.topic)
  return (
    <Form
      save={t('app.save')}
      ready
      busy={busy}
      onSave={() => onAct(() => episodeActs.describe(episode.id, subject.trim(), topic.trim()))}
      onClose={onClose}
    >
      <TextInput
        label={t('matter.subject')}
        value={subject}
        onChange={(event) => setSubject(event.currentTarget.value)}
      />
      <TextInput label={t('matter.topic')} value={topic} onChange={(event) => setTopic(event.currentTarget.value)} />
    </Form>
  )
}

function Subject({ name, busy, selection, onSave, onClose }: Props & { onSave: (subject: string) => void }) {
  const { t } = useTranslation()
  const [subject, setSubject] = useState('')
  return (
    <Form
      save={t(`sheet.${name}`)}
      ready={name === 'split' || subject.trim() !== ''}
      busy={busy}
      onSave={() => onSave(subject.trim())}
      onClose={onClose}
    >
      {name === 'split' ? <p className="sm mut">{t('split.chosen', { count: selection.size })}</p> : null}
      <TextInput
        label={t('matter.subject')}
        value={subject}
        onChange={(event) => setSubject(event.currentTarget.value)}
      />
    </Form>
  )
}

function Hint({ onClose }: Props) {
  const { t } = useTranslation()
  return (
    <div className={styles.form}>
      <p className="sm mut">{t('split.hint')}</p>
      <div className={styles.formActs}>
        <Button onClick={onClose}>{t('app.cancel')}</Button>
      </div>
    </div>
  )
}

function Others({
  name,
  episodes,
  without,
  busy,
  onChoose,
  onClose,
}: Props & { without: string; onChoose: (episodeId: string) => void }) {
  const { t } = useTranslation()
  const { date } = useFormats()
  const others = episodes.filter((one) => one.id !== without)
  const [chosen, setChosen] = useState(others[0]?.id ?? '')
  return (
    <Form save={t(`sheet.${name}`)} ready={chosen !== ''} busy={busy} onSave={() => onChoose(chosen)} onClose={onClose}>
      <NativeSelect
        label={t('matter.which')}
        value={chosen}
        onChange={(event) => setChosen(event.currentTarget.value)}
        data={others.map((one) => ({
          value: one.id,
          label: `${episodeName(t, one)} · ${date(Date.parse(one.opened_at))}`,
        }))}
      />
    </Form>
  )
}
