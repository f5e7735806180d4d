import { ActionIcon, Button, TextInput } from '@mantine/core'
import type { ChoiceOption } from '@onethread/client'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../parts/Glyphs.tsx'
import { newKey } from '../parts/key.ts'
import styles from './Composer.module.css'

export const newOption = (): ChoiceOption => ({ id: newKey(), title: '' })

/** The options that go with a reply. What the channel makes of them, and its limits, the server says. */
export function ChoiceEditor({
  options,
  onChange,
}: {
  options: readonly ChoiceOption[]
  /** Undefined takes the choice away. */
  onChange: (options: ChoiceOption[] | undefined) => void
}) {
  const { t } = useTranslation()
  const list = useRef<HTMLOListElement>(null)
  const count = useRef(0)
  useEffect(() => {
    if (options.length > count.current) {
      const fields = list.current?.querySelectorAll<HTMLInputElement>('input')
      fields?.[count.current === 0 ? 0 : fields.length - 1]?.focus()
    }
    count.current = options.length
  }, [options.length])
  return (
    <fieldset className={styles.choice}>
      <legend className={styles.choiceHead}>
        <Icon name="list" size="s" />
        {t('composer.choice')}
      </legend>
      <ActionIcon
        className={styles.choiceEnd ?? ''}
        size="sm"
        aria-label={t('composer.choice_remove')}
        onClick={() => onChange(undefined)}
      >
        <Icon name="x" size="s" />
      </ActionIcon>
      <ol ref={list}>
        {options.map((option, place) => (
          <li key={option.id} className={styles.option}>
            <span className="kbd">{place + 1}</span>
            <TextInput
              className="grow"
              value={option.title}
              aria-label={t('composer.option', { number: place + 1 })}
              onChange={(event) => onChange(options.with(place, { ...option, title: event.currentTarget.value }))}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' || event.ctrlKey || event.metaKey || event.nativeEvent.isComposing) return
                event.preventDefault()
                if (option.title.trim()) onChange([...options, newOption()])
              }}
            />
            {options.length > 1 ? (
              <ActionIcon
                aria-label={t('composer.option_remove', { number: place + 1 })}
                onClick={() => onChange(options.toSpliced(place, 1))}
              >
                <Icon name="x" size="s" />
              </ActionIcon>
            ) : null}
          </li>
        ))}
      </ol>
      <Button
        variant="subtle"
        leftSection={<Icon name="plus" size="s" />}
        onClick={() => onChange([...options, newOption()])}
      >
        {t('composer.option_add')}
      </Button>
    </fieldset>
  )
}
