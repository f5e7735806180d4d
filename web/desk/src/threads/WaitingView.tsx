import { Button, Textarea, TextInput } from '@mantine/core'
import type { MessageEntry } from '@onethread/client'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { Icon } from '../parts/Glyphs.tsx'
import { fromLocalInput, localInput } from './laterTimes.ts'
import { onlyText } from './messageActs.ts'
import styles from './Timeline.module.css'
import { useTimelineActs } from './timelineContext.ts'

/** A message that waits for its time: when it goes, what ends the wait, and what can be done until then. */
export function WaitingView({ entry, maySend, busy }: { entry: MessageEntry; maySend: boolean; busy: boolean }) {
  const { t } = useTranslation()
  const { dateTime } = useFormats()
  const { onChange, onCancel } = useTimelineActs()
  const [changing, setChanging] = useState(false)
  const at = Date.parse(entry.send_at ?? entry.at)
  if (changing && onChange) {
    return (
      <ChangeForm
        entry={entry}
        at={at}
        onSave={(change) => {
          onChange(entry, change)
          setChanging(false)
        }}
        onClose={() => setChanging(false)}
      />
    )
  }
  return (
    <div className={styles.doubt} data-waiting="">
      <Icon name="wait" />
      <div className="grow">
        <b>{t('waiting.head', { time: dateTime(at) })}</b>{' '}
        {entry.cancel_on_reply ? t('waiting.until_reply') : t('waiting.in_any_case')}
        {maySend && onChange && onCancel ? (
          <div className={styles.acts}>
            <Button loading={busy} onClick={() => onChange(entry, { send_at: new Date().toISOString() })}>
              {t('waiting.now')}
            </Button>
            <Button onClick={() => setChanging(true)}>{t('waiting.change')}</Button>
            <Button onClick={() => onCancel(entry)}>{t('waiting.cancel')}</Button>
          </div>
        ) : null}
      </div>
    </div>
  )
}

function ChangeForm({
  entry,
  at,
  onSave,
  onClose,
}: {
  entry: MessageEntry
  at: number
  onSave: (change: { send_at?: string; blocks?: MessageEntry['blocks'] }) => void
  onClose: () => void
}) {
  const { t } = useTranslation()
  const before = onlyText(entry)
  const [text, setText] = useState(before ?? '')
  const [time, setTime] = useState(localInput(at))
  const chosen = fromLocalInput(time)
  const ready = chosen !== undefined && chosen > Date.now() && (before === undefined || text.trim() !== '')
  return (
    <form
      className={styles.doubt}
      aria-label={t('waiting.change')}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (!ready) return
        onSave({
          send_at: new Date(chosen).toISOString(),
          ...(before === undefined || text === before ? {} : { blocks: [{ type: 'text', text: text.trim() }] }),
        })
      }}
    >
      <div className="grow">
        {before === undefined ? null : (
          <Textarea
            label={t('waiting.words')}
            value={text}
            autosize
            minRows={2}
            maxRows={10}
            dir="auto"
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
        <TextInput
          type="datetime-local"
          label={t('waiting.time')}
          value={time}
          min={localInput(Date.now())}
          onChange={(event) => setTime(event.currentTarget.value)}
        />
        <div className={styles.acts}>
          <Button type="submit" variant="filled" aria-disabled={!ready} data-quiet={!ready || undefined}>
            {t('app.save')}
          </Button>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
        </div>
      </div>
    </form>
  )
}
