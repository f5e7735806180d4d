import { useTranslation } from 'react-i18next'
import styles from './Search.module.css'
import type { SearchFilter } from './useSearch.ts'

const EVERYWHERE: readonly SearchFilter[] = ['all', 'messages', 'notes', 'customers']
const IN_THREAD: readonly SearchFilter[] = ['all', 'messages', 'notes']

/** What is looked for: everything, or one kind alone. */
export function SearchFilters({
  filter,
  within,
  onFilter,
}: {
  filter: SearchFilter
  /** In one thread, where there is nobody else to find. */
  within?: boolean
  onFilter: (filter: SearchFilter) => void
}) {
  const { t } = useTranslation()
  return (
    // biome-ignore lint/a11y/useSemanticElements: a row of buttons is no set of form fields
    <div role="group" className={styles.filters} aria-label={t('search.filter')}>
      {(within ? IN_THREAD : EVERYWHERE).map((one) => (
        <button
          key={one}
          type="button"
          className={styles.filter}
          aria-pressed={one === filter}
          // The field keeps the focus: the arrows go on walking.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onFilter(one)}
        >
          {t(`search.${one}`)}
        </button>
      ))}
    </div>
  )
}
