import { ActionIcon, Button, NativeSelect, Textarea } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import type { Agent, Block, ChoiceOption, Customer, Episode, Identity, MessageEntry } from '@onethread/client'
import { type Ref, useEffect, useId, useImperativeHandle, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { useTranslation } from 'react-i18next'
import { SEND_KEYS } from '../app/keys.ts'
import { useFormats } from '../i18n/format.ts'
import { Attachments, FileDropHint } from '../parts/Attachments.tsx'
import { channelName } from '../parts/channels.ts'
import { useFileDrop } from '../parts/fileDrop.ts'
import { ChannelGlyph, Icon } from '../parts/Glyphs.tsx'
import { Kbd } from '../parts/Kbd.tsx'
import { useNow } from '../parts/later.ts'
import { type Attachment, useUploads } from '../parts/uploads.ts'
import { ChoiceEditor, newOption } from './ChoiceEditor.tsx'
import styles from './Composer.module.css'
import { noteDraft, readDraft, writeDraft } from './drafts.ts'
import { QuoteWords } from './MessageView.tsx'
import { callAt, called, offered } from './mentions.ts'
import type { Extra } from './outbox.ts'
import { type Later, SendLater } from './SendLater.tsx'
import { WayMenu } from './WayMenu.tsx'
import { answerUntil, closedBecause, customerName, episodeName, type Way, wayName } from './words.ts'

/** From this many characters left, the count is shown. */
const COUNT_FROM = 200
/** Opens the editor of a choice when it is all that is written. */
const CHOICE_WORD = '/choice'

/** The most of a name that a placeholder holds: the field grows with what stands in it. */
const PLACEHOLDER_CHARS = 40
const cut = (name: string): string => {
  const letters = Array.from(name)
  return letters.length > PLACEHOLDER_CHARS
    ? `${letters
        .slice(0, PLACEHOLDER_CHARS - 1)
        .join('')
        .trimEnd()}…`
    : name
}

/** Something that can be seen: the server takes no message of white space and characters without width. */
const VISIBLE = /[^\s\p{Default_Ignorable_Code_Point}]/u

export type ComposerHandle = {
  /** Into the reply; what is written as a note stays. */
  focus: () => void
  note: () => void
  /** Opens the choice of ways to answer, where there are several. */
  ways: () => void
  put: (text: string, note?: boolean) => void
}

type Props = {
  threadId: string
  customer: Customer
  identity: Identity | undefined
  /** The ways in which the customer can be reached; with more than one, the person may choose. */
  ways?: readonly Way[]
  onWay?: (identityId: string) => void
  maySend: boolean
  /** The most characters that the channel takes; undefined while that is not known. */
  maxChars: number | undefined
  onSend: (text: string, extra?: Extra) => void
  /** Something is being written to the customer. */
  onTyping?: () => void
  /** Nothing is written any more. */
  onStill?: () => void
  /** The open matters; with more than one, the person says which one is meant. */
  episodes?: readonly Episode[]
  episodeId?: string | undefined
  onEpisode?: (id: string) => void
  agents?: readonly Agent[]
  replyTo?: MessageEntry | undefined
  onNoReplyTo?: () => void
  ref?: Ref<ComposerHandle>
}

function useDraft(name: string) {
  const [text, setText] = useState(() => readDraft(name))
  useEffect(() => {
    const timer = setTimeout(() => writeDraft(name, text), 300)
    // A reload, a closed tab and a phone that puts the page away run no clean-up: these are the last moments there are.
    const keep = () => writeDraft(name, text)
    window.addEventListener('pagehide', keep)
    document.addEventListener('visibilitychange', keep)
    return () => {
      clearTimeout(timer)
      window.removeEventListener('pagehide', keep)
      document.removeEventListener('visibilitychange', keep)
      keep()
    }
  }, [name, text])
  return [text, setText] as const
}

/** A file as the block that carries it. */
function blockOf({ file, name }: Attachment): Block[] {
  if (!file) return []
  const [family] = file.media_type.split('/')
  const type = family === 'image' || family === 'video' || family === 'audio' ? family : 'file'
  return [{ type, file_id: file.id, name }]
}

/** Where an answer or a note is written. It says through which channel it goes and, when it cannot, why and what helps. */
export function Composer(props: Props) {
  const { threadId, customer, identity, maySend, maxChars, onSend, ref } = props
  const { episodes = [], agents = [], ways = [], replyTo } = props
  const { t } = useTranslation()
  const { dateTime, span } = useFormats()
  const now = useNow()
  const phone = useMediaQuery('(max-width: 639px)', false, { getInitialValueInEffect: false })
  const [reply, setReply] = useDraft(threadId)
  const [noteText, setNoteText] = useDraft(noteDraft(threadId))
  const [note, setNote] = useState(false)
  const [holding, setHolding] = useState(false)
  const [choosingWay, setChoosingWay] = useState(false)
  const [options, setOptions] = useState<ChoiceOption[]>()
  const { items, uploads } = useUploads()
  const field = useRef<HTMLTextAreaElement>(null)
  const files = useRef<HTMLInputElement>(null)
  const [text, setText] = note ? ([noteText, setNoteText] as const) : ([reply, setReply] as const)
  const mention = useMentions(note ? agents : [], text, setText, field)

  const several = maySend && ways.length > 1
  const turn = (to: boolean) => {
    // At once: the next key that is pressed belongs into the field.
    flushSync(() => setNote(to))
    field.current?.focus()
  }
  useImperativeHandle(ref, () => ({
    focus: () => turn(false),
    note: () => turn(true),
    ways: () => setChoosingWay(several),
    put: (words, intoNote = false) => {
      const set = intoNote ? setNoteText : setReply
      set((have) => (have.trim() ? `${have}\n${words}` : words))
      turn(intoNote)
    },
  }))

  const kind = identity?.kind ?? ''
  const channel = channelName(t, kind)
  const closed = note && maySend ? undefined : closedBecause(maySend, identity, now)
  const drop = useFileDrop(uploads.add, !closed && !note)
  const name = customerName(t, customer)
  // Characters as people and providers count them, not UTF-16 units.
  const left = (note ? Number.POSITIVE_INFINITY : (maxChars ?? Number.POSITIVE_INFINITY)) - Array.from(text).length
  const over = left < 0
  const titled = options?.filter((option) => option.title.trim()) ?? []
  const whole = note
    ? VISIBLE.test(text)
    : options
      ? VISIBLE.test(text) && titled.length > 0
      : VISIBLE.test(text) || items.length > 0
  const ready = !closed && !over && whole && (note || items.every((item) => item.state === 'stored'))
  const until = identity ? answerUntil(identity, now) : undefined
  const way = ways.find((one) => one.identity.id === identity?.id)
  const openWay = ways.find((one) => one.identity.id !== identity?.id && !closedBecause(maySend, one.identity, now))
  const label = note ? t('note.label', { name }) : t('composer.label', { name, channel })

  const send = (later?: Later) => {
    if (!ready) return
    const words = text.trim()
    const matter = props.episodeId ? { episodeId: props.episodeId } : {}
    if (note) {
      onSend(words, { ...matter, note: { mentions: called(agents, words) } })
    } else {
      const said: Block[] = options
        ? [
            {
              type: 'choice',
              text: words,
              options: titled.map((option) => ({ ...option, title: option.title.trim() })),
            },
          ]
        : words
          ? [{ type: 'text', text: words }]
          : []
      const rich = options !== undefined || items.length > 0
      onSend(words, {
        ...matter,
        ...(rich ? { blocks: [...said, ...items.flatMap(blockOf)] } : {}),
        ...(replyTo ? { replyToId: replyTo.id } : {}),
        ...(holding ? { replyKind: 'holding' } : {}),
        ...(later ? { later } : {}),
      })
      uploads.clear()
      setOptions(undefined)
      setHolding(false)
      props.onNoReplyTo?.()
    }
    setText('')
    writeDraft(note ? noteDraft(threadId) : threadId, '')
  }

  return (
    <form
      className={styles.box}
      data-note={note || undefined}
      aria-label={label}
      {...drop.props}
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <FileDropHint over={drop.over} />
      <div className={styles.top}>
        {identity ? (
          <button type="button" className={styles.way} aria-pressed={!note} onClick={() => turn(false)}>
            <ChannelGlyph kind={kind} />
            <span className="cut" dir="auto">
              {several && way ? wayName(t, way) : channel}
            </span>
            {until === undefined || closed === 'blocked' ? null : (
              <small>
                {until.at <= now
                  ? t('window.closed')
                  : until.human
                    ? t('window.human_long', { until: dateTime(until.at) })
                    : t('window.open_long', { left: span(until.at - now) })}
              </small>
            )}
          </button>
        ) : null}
        {several ? (
          <WayMenu
            ways={ways}
            chosen={identity}
            maySend={maySend}
            now={now}
            opened={choosingWay}
            onOpened={setChoosingWay}
            onChoose={(id) => props.onWay?.(id)}
          />
        ) : null}
        <span className="grow" />
        {episodes.length > 1 ? (
          <NativeSelect
            className={styles.matter ?? ''}
            variant="unstyled"
            aria-label={t('composer.matter')}
            value={props.episodeId ?? ''}
            onChange={(event) => props.onEpisode?.(event.currentTarget.value)}
            data={episodes.map((episode) => ({ value: episode.id, label: episodeName(t, episode) }))}
          />
        ) : null}
        {maySend ? (
          <button type="button" className={styles.way} aria-pressed={note} onClick={() => turn(!note)}>
            <Icon name="lock" />
            {t('note.kind')} <Kbd keys="N" className={styles.sendKeys} />
          </button>
        ) : null}
      </div>
      {closed ? (
        <div className={styles.closed} role="note">
          <Icon name={closed === 'no_right' ? 'lock' : 'wait'} />
          <p>
            <b>{t(`composer.${closed}`, { channel })}</b>{' '}
            {closed === 'no_identity' ? null : <span>{t(`composer.${closed}_next`)}</span>}
          </p>
          {openWay ? (
            <Button onClick={() => props.onWay?.(openWay.identity.id)}>
              {t('composer.way_open', { way: wayName(t, openWay) })}
            </Button>
          ) : null}
        </div>
      ) : (
        <>
          {replyTo && !note ? (
            <div className={styles.replyTo}>
              <Icon name="undo" size="s" />
              <p className="cut grow">
                <QuoteWords entry={replyTo} customer={name} />
              </p>
              <ActionIcon size="sm" aria-label={t('composer.no_reply_to')} onClick={props.onNoReplyTo}>
                <Icon name="x" size="s" />
              </ActionIcon>
            </div>
          ) : null}
          <div className={styles.writing}>
            <Textarea
              ref={field}
              className={styles.field ?? ''}
              variant="unstyled"
              autosize
              minRows={phone ? 1 : 2}
              maxRows={10}
              value={text}
              dir="auto"
              data-region="composer"
              aria-label={label}
              aria-invalid={over}
              placeholder={note ? t('note.placeholder') : t('composer.placeholder', { name: cut(name) })}
              {...mention.field}
              onChange={(event) => {
                const { value } = event.currentTarget
                if (!note && value.trim() === CHOICE_WORD) {
                  setText('')
                  setOptions(options ?? [newOption(), newOption()])
                } else setText(value)
                if (!note) (VISIBLE.test(value) ? props.onTyping : props.onStill)?.()
                mention.look(event.currentTarget)
              }}
              onSelect={(event) => mention.look(event.currentTarget)}
              onKeyDown={(event) => {
                if (mention.onKey(event)) return
                if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) {
                  event.preventDefault()
                  send()
                } else if (event.key === 'Escape' && !event.nativeEvent.isComposing) {
                  event.preventDefault()
                  event.currentTarget.blur()
                  document.querySelector<HTMLElement>('[data-region=thread]')?.focus()
                }
              }}
            />
            {mention.list}
          </div>
          {options && !note ? <ChoiceEditor options={options} onChange={setOptions} /> : null}
          {note ? null : (
            <div className={styles.files}>
              <Attachments items={items} onRemove={uploads.remove} onRetry={uploads.retry} />
            </div>
          )}
          <div className={styles.bottom}>
            {note ? (
              <span className={styles.kept}>{t('note.only_team')}</span>
            ) : (
              <>
                <input
                  ref={files}
                  type="file"
                  multiple
                  hidden
                  onChange={(event) => {
                    uploads.add(Array.from(event.currentTarget.files ?? []))
                    event.currentTarget.value = ''
                  }}
                />
                <ActionIcon
                  aria-label={t('composer.attach')}
                  title={t('composer.attach')}
                  onClick={() => files.current?.click()}
                >
                  <Icon name="clip" />
                </ActionIcon>
                <ActionIcon
                  aria-label={t('composer.choice_add')}
                  title={t('composer.choice_add')}
                  aria-pressed={options !== undefined}
                  onClick={() => setOptions(options ? undefined : [newOption(), newOption()])}
                >
                  <Icon name="list" />
                </ActionIcon>
                <ActionIcon
                  className={styles.holding ?? ''}
                  aria-label={t('composer.holding')}
                  title={t('composer.holding_hint')}
                  aria-pressed={holding}
                  onClick={() => setHolding(!holding)}
                >
                  <Icon name="pause" />
                </ActionIcon>
                {holding ? <span className="chip acc">{t('composer.holding')}</span> : null}
              </>
            )}
            <span className={styles.count} data-over={over || undefined} aria-live="polite">
              {over
                ? t('composer.over', { count: -left, channel })
                : left <= COUNT_FROM
                  ? t('composer.left', { count: left })
                  : ''}
            </span>
            <span className="grow" />
            {text.trim() && left > COUNT_FROM ? <span className={styles.kept}>{t('composer.draft_kept')}</span> : null}
            {note ? null : <SendLater ready={ready} now={now} onSend={send} />}
            <Button
              type="submit"
              variant="filled"
              className={styles.send ?? ''}
              aria-disabled={!ready}
              data-quiet={!ready || undefined}
            >
              <span className={styles.sendWord}>{note ? t('note.add') : t('composer.send')}</span>
              <Kbd keys={SEND_KEYS} on className={styles.sendKeys} />
              <span className={styles.sendGlyph}>
                <Icon name="send" size="l" />
              </span>
            </Button>
          </div>
        </>
      )}
    </form>
  )
}

/** Offers colleagues after an `@`: arrows choose, Enter or Tab takes, Escape lets it be. */
function useMentions(
  agents: readonly Agent[],
  text: string,
  setText: (text: string) => void,
  field: React.RefObject<HTMLTextAreaElement | null>,
) {
  const { t } = useTranslation()
  const id = useId()
  const [call, setCall] = useState<{ from: number; typed: string }>()
  const [place, setPlace] = useState(0)
  const found = call ? offered(agents, call.typed) : []
  const current = found[Math.min(place, found.length - 1)]
  const take = (agent: Agent) => {
    if (!call) return
    const caret = call.from + agent.name.length + 2
    // At once: whoever types on must not find the caret elsewhere.
    flushSync(() => {
      setText(`${text.slice(0, call.from)}@${agent.name} ${text.slice(call.from + 1 + call.typed.length)}`)
      setCall(undefined)
    })
    field.current?.focus()
    field.current?.setSelectionRange(caret, caret)
  }
  return {
    look: (element: HTMLTextAreaElement) => {
      const next = agents.length > 0 ? callAt(element.value, element.selectionStart) : undefined
      if (next?.from !== call?.from || next?.typed !== call?.typed) setPlace(0)
      setCall(next)
    },
    onKey: (event: React.KeyboardEvent): boolean => {
      if (!current || event.nativeEvent.isComposing || event.ctrlKey || event.metaKey) return false
      const at = found.indexOf(current)
      if (event.key === 'ArrowDown') setPlace((at + 1) % found.length)
      else if (event.key === 'ArrowUp') setPlace((at + found.length - 1) % found.length)
      else if (event.key === 'Enter' || event.key === 'Tab') take(current)
      else if (event.key === 'Escape') setCall(undefined)
      else return false
      event.preventDefault()
      return true
    },
    field: current
      ? { 'aria-autocomplete': 'list' as const, 'aria-controls': id, 'aria-activedescendant': `${id}-${current.id}` }
      : {},
    list: current ? (
      <div id={id} role="listbox" className={styles.mentions} aria-label={t('note.people')}>
        {found.map((agent) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the text; the option is named by aria-activedescendant
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the text field
          <div
            key={agent.id}
            id={`${id}-${agent.id}`}
            role="option"
            aria-selected={agent === current}
            dir="auto"
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(agent)}
          >
            {agent.name}
          </div>
        ))}
      </div>
    ) : null,
  }
}
