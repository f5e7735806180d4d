import { ActionIcon } from '@mantine/core'
import type { SearchHit } from '@onethread/client'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../parts/Glyphs.tsx'
import styles from './Search.module.css'
import { SearchField } from './SearchField.tsx'
import { SearchFilters } from './SearchFilters.tsx'
import { SearchResults } from './SearchResults.tsx'
import { useChoice } from './useChoice.ts'
import { type SearchFilter, useSearch } from './useSearch.ts'

const LIST = 'search-in-thread'

/** A bar over the thread: finds what this thread says. */
export function ThreadSearch({
  threadId,
  onOpen,
  onClose,
}: {
  threadId: string
  onOpen: (hit: SearchHit) => void
  onClose: () => void
}) {
  const { t } = useTranslation()
  const [words, setWords] = useState('')
  const [filter, setFilter] = useState<SearchFilter>('all')
  const found = useSearch(words, filter, threadId)
  const choice = useChoice(LIST, found)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  const open = words.trim() !== ''
  return (
    <search className={styles.bar}>
      <div className={styles.line}>
        <SearchField
          ref={field}
          list={LIST}
          label={t('search.in_thread')}
          placeholder={t('search.in_thread')}
          words={words}
          onWords={(next) => {
            setWords(next)
            field.current?.focus()
          }}
          open={open && Boolean(choice.chosen)}
          active={choice.active}
          onMove={choice.move}
          onOpen={() => choice.chosen && onOpen(choice.chosen)}
          onLeave={onClose}
        />
        <ActionIcon size={28} className={styles.close ?? ''} onClick={onClose} aria-label={t('app.close')}>
          <Icon name="x" />
        </ActionIcon>
      </div>
      {open ? (
        <>
          <SearchFilters filter={filter} onFilter={setFilter} within />
          <SearchResults list={LIST} found={found} active={choice.active} onOpen={onOpen} within />
        </>
      ) : null}
    </search>
  )
}
