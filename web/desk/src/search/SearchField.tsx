import { ActionIcon, TextInput } from '@mantine/core'
import { forwardRef, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../parts/Glyphs.tsx'
import { Kbd } from '../parts/Kbd.tsx'
import styles from './Search.module.css'

type Props = {
  /** The list of results, for whoever hears the page. */
  list: string
  label: string
  placeholder: string
  /** The key that leads here. */
  keys?: string
  /** It takes the focus when its dialog opens. */
  first?: boolean
  words: string
  onWords: (words: string) => void
  open: boolean
  /** The result that the arrows chose. */
  active: string | undefined
  onMove: (step: number) => void
  onOpen: () => void
  /** Escape: away with the words, or with the field. */
  onLeave: () => void
}

/** Where the words are typed. The arrows walk through what was found while the focus stays here. */
export const SearchField = forwardRef<HTMLInputElement, Props>(function SearchField(props, ref) {
  const { t } = useTranslation()
  const { words, onWords, open, active } = props
  const keyDown = (event: KeyboardEvent) => {
    // A key that ends the composition of a Han character belongs to it.
    if (event.nativeEvent.isComposing) return
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      props.onMove(event.key === 'ArrowDown' ? 1 : -1)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      props.onOpen()
    } else if (event.key === 'Escape') {
      event.preventDefault()
      props.onLeave()
    }
  }
  return (
    <TextInput
      ref={ref}
      className={styles.field ?? ''}
      classNames={{ input: styles.input ?? '' }}
      type="text"
      inputMode="search"
      enterKeyHint="search"
      autoComplete="off"
      spellCheck={false}
      dir="auto"
      data-autofocus={props.first || undefined}
      role="combobox"
      aria-label={props.label}
      aria-autocomplete="list"
      aria-expanded={open}
      aria-controls={props.list}
      {...(open && active ? { 'aria-activedescendant': active } : {})}
      placeholder={props.placeholder}
      maxLength={200}
      value={words}
      onChange={(event) => onWords(event.currentTarget.value)}
      onKeyDown={keyDown}
      leftSection={<Icon name="search" />}
      rightSectionPointerEvents="all"
      rightSection={
        words ? (
          <ActionIcon size={24} onClick={() => onWords('')} aria-label={t('search.clear')}>
            <Icon name="x" size="s" />
          </ActionIcon>
        ) : props.keys ? (
          <Kbd keys={props.keys} className={styles.key} />
        ) : null
      }
    />
  )
})
