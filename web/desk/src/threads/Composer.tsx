import { Button, Textarea } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import type { Customer, Identity } from '@onethread/client'
import { type Ref, useEffect, useImperativeHandle, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { SEND_KEYS } from '../app/keys.ts'
import { useFormats } from '../i18n/format.ts'
import { channelName } from '../parts/channels.ts'
import { ChannelGlyph, Icon } from '../parts/Glyphs.tsx'
import { Kbd } from '../parts/Kbd.tsx'
import { useNow } from '../parts/later.ts'
import styles from './Composer.module.css'
import { readDraft, writeDraft } from './drafts.ts'
import { closedBecause, customerName } from './words.ts'

/** From this many characters left, the count is shown. */
const COUNT_FROM = 200

/** Something that can be seen: the server takes no message of white space and characters without width. */
const VISIBLE = /[^\s\p{Default_Ignorable_Code_Point}]/u

export type ComposerHandle = { focus: () => void; put: (text: string) => void }

type Props = {
  threadId: string
  customer: Customer
  identity: Identity | undefined
  maySend: boolean
  /** The most characters that the channel takes; undefined while that is not known. */
  maxChars: number | undefined
  onSend: (text: string) => void
  ref?: Ref<ComposerHandle>
}

/** Where an answer is written. It says through which channel it goes and, when it cannot, why and what helps. */
export function Composer({ threadId, customer, identity, maySend, maxChars, onSend, ref }: Props) {
  const { t } = useTranslation()
  const { span } = useFormats()
  const now = useNow()
  const phone = useMediaQuery('(max-width: 639px)', false, { getInitialValueInEffect: false })
  const [text, setText] = useState(() => readDraft(threadId))
  const field = useRef<HTMLTextAreaElement>(null)
  useImperativeHandle(ref, () => ({
    focus: () => field.current?.focus(),
    put: (words) => {
      setText((have) => (have.trim() ? `${have}\n${words}` : words))
      field.current?.focus()
    },
  }))
  useEffect(() => {
    const timer = setTimeout(() => writeDraft(threadId, text), 300)
    // A reload, a closed tab and a phone that puts the page away run no clean-up: these are the last moments there are.
    const keep = () => writeDraft(threadId, text)
    window.addEventListener('pagehide', keep)
    document.addEventListener('visibilitychange', keep)
    return () => {
      clearTimeout(timer)
      window.removeEventListener('pagehide', keep)
      document.removeEventListener('visibilitychange', keep)
      keep()
    }
  }, [threadId, text])

  const kind = identity?.kind ?? ''
  const channel = channelName(t, kind)
  const closed = closedBecause(maySend, identity, now)
  const name = customerName(t, customer)
  // Characters as people and providers count them, not UTF-16 units.
  const left = (maxChars ?? Number.POSITIVE_INFINITY) - Array.from(text).length
  const over = left < 0
  const ready = !closed && !over && VISIBLE.test(text)
  const until = identity?.window_until ? Date.parse(identity.window_until) - now : undefined

  const send = () => {
    if (!ready) return
    onSend(text.trim())
    setText('')
    writeDraft(threadId, '')
  }

  return (
    <form
      className={styles.box}
      aria-label={t('composer.label', { name, channel })}
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <div className={styles.top}>
        {identity ? (
          <span className={styles.way}>
            <ChannelGlyph kind={kind} />
            {channel}
            {until === undefined || closed === 'blocked' ? null : (
              <small>{until > 0 ? t('window.open_long', { left: span(until) }) : t('window.closed')}</small>
            )}
          </span>
        ) : null}
      </div>
      {closed ? (
        <div className={styles.closed} role="note">
          <Icon name={closed === 'no_right' ? 'lock' : 'wait'} />
          <p>
            <b>{t(`composer.${closed}`, { channel })}</b>{' '}
            {closed === 'no_identity' ? null : <span>{t(`composer.${closed}_next`)}</span>}
          </p>
        </div>
      ) : (
        <>
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
            aria-label={t('composer.label', { name, channel })}
            aria-invalid={over}
            placeholder={t('composer.placeholder', { name })}
            onChange={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
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
          <div className={styles.bottom}>
            <span className={styles.count} data-over={over || undefined} aria-live="polite">
              {over
                ? t('composer.over', { count: -left, channel })
                : left <= COUNT_FROM
                  ? t('composer.left', { count: left })
                  : ''}
            </span>
            <span className="grow" />
            {text.trim() && left > COUNT_FROM ? <span className={styles.kept}>{t('composer.draft_kept')}</span> : null}
            <Button
              type="submit"
              variant="filled"
              className={styles.send ?? ''}
              aria-disabled={!ready}
              data-quiet={!ready || undefined}
            >
              <span className={styles.sendWord}>{t('composer.send')}</span>
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
