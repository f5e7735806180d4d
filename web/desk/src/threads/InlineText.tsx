import { Button, TextInput } from '@mantine/core'
import { type HTMLInputTypeAttribute, type MouseEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { faultOf, problemText } from '../parts/Problem.tsx'
import styles from './ContextPanel.module.css'

type Props = {
  label: string
  initial: string
  /** The field of a problem that is about this text. */
  field: string
  /** What would be right here, where the name of the field does not tell. */
  right?: string
  type?: HTMLInputTypeAttribute
  inputMode?: 'decimal'
  placeholder?: string
  description?: string
  maxLength?: number
  onSave: (text: string) => Promise<unknown>
  onDone: () => void
}

const keepFocus = (event: MouseEvent): void => event.preventDefault()

/**
 * One line that is edited where it stands. Enter or leaving it saves, Escape leaves it as it was; what cannot be saved
 * stays here with the reason.
 */
export function InlineText({ label, initial, field, right, onSave, onDone, ...input }: Props) {
  const { t } = useTranslation()
  const [text, setText] = useState(initial)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const refused = useRef<string>(undefined)

  const save = async () => {
    const words = text.trim()
    if (busy) return
    if (words === initial) return onDone()
    setBusy(true)
    setError(undefined)
    try {
      await onSave(words)
      onDone()
    } catch (cause) {
      refused.current = text
      setError(cause)
      setBusy(false)
    }
  }
  return (
    <form
      className={styles.edit}
      data-editing
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
      onBlur={(event) => {
        // What was refused is not sent again by leaving it, and the buttons of this form are no leaving.
        if (event.currentTarget.contains(event.relatedTarget) || refused.current === text) return
        void save()
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.nativeEvent.isComposing) return
        event.preventDefault()
        event.stopPropagation()
        onDone()
      }}
    >
      <TextInput
        {...input}
        size="xs"
        aria-label={label}
        value={text}
        dir="auto"
        autoComplete="off"
        ref={(element) => {
          if (element && !element.dataset.begun) {
            element.dataset.begun = 'true'
            element.focus()
            if (element.type === 'text') element.select()
          }
        }}
        readOnly={busy}
        aria-busy={busy}
        error={error ? (faultOf(t, error, field, right) ?? problemText(t, error)) : undefined}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <div className={styles.acts}>
        {/* Pressed without taking the focus: where buttons take none, leaving the field would save before "Cancel" is heard. */}
        <Button type="submit" variant="filled" loading={busy} onMouseDown={keepFocus}>
          {t('app.save')}
        </Button>
        <Button variant="subtle" color="gray" onMouseDown={keepFocus} onClick={onDone}>
          {t('app.cancel')}
        </Button>
      </div>
    </form>
  )
}
