import { Button, Modal } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty } from '../parts/Empty.tsx'
import { useLater } from '../parts/later.ts'
import { ProblemNote, ProblemRegion } from '../parts/Problem.tsx'
import { ListSkeleton } from './ListSkeleton.tsx'
import styles from './Settings.module.css'

/** A screen of things that the business defines: their list, and a dialog that makes or changes one. */
export function DefinitionsPage<T>({
  query,
  words,
  error,
  list,
  form,
}: {
  query: UseQueryResult<T[]>
  words: { title: string; intro: string; add: string; edit: string; emptyTitle: string; emptyBody: string }
  /** Why the last act of the list failed. */
  error: Error | null
  list: (all: T[], onEdit: (one: T) => void) => ReactNode
  /** The form of one, or of a new one. */
  form: (one: T | undefined, onDone: () => void) => ReactNode
}) {
  const { t } = useTranslation()
  const slow = useLater(query.isPending)
  const [edited, setEdited] = useState<{ one: T | undefined }>()
  if (query.isError) {
    return <ProblemRegion title={t('list.error_title')} error={query.error} onAgain={() => void query.refetch()} />
  }
  const dialog = (
    <Modal
      opened={edited !== undefined}
      onClose={() => setEdited(undefined)}
      title={edited && edited.one === undefined ? words.add : words.edit}
    >
      {edited ? form(edited.one, () => setEdited(undefined)) : null}
    </Modal>
  )
  const add = (
    <Button variant="filled" size="sm" onClick={() => setEdited({ one: undefined })}>
      {words.add}
    </Button>
  )
  if (query.data?.length === 0) {
    return (
      <>
        <Empty title={words.emptyTitle} body={words.emptyBody} page>
          {add}
        </Empty>
        {dialog}
      </>
    )
  }
  return (
    <>
      <div className={styles.head}>
        <div>
          <h1>{words.title}</h1>
          <p className={styles.lead}>{words.intro}</p>
        </div>
        {query.data ? add : null}
      </div>
      <ProblemNote error={error} />
      {query.data ? list(query.data, (one) => setEdited({ one })) : slow ? <ListSkeleton /> : null}
      {dialog}
    </>
  )
}
