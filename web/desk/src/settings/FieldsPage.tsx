import { ActionIcon, Button, Modal } from '@mantine/core'
import { type Attribute, take } from '@onethread/client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { keys } from '../api/keys.ts'
import { attributesQuery } from '../api/queries.ts'
import { Empty } from '../parts/Empty.tsx'
import { Icon } from '../parts/Glyphs.tsx'
import { useLater } from '../parts/later.ts'
import { ProblemNote, ProblemRegion } from '../parts/Problem.tsx'
import { FieldForm } from './FieldForm.tsx'
import { ListSkeleton } from './ListSkeleton.tsx'
import styles from './Settings.module.css'

export function FieldsPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const query = useQuery(attributesQuery)
  const slow = useLater(query.isPending)
  const [edited, setEdited] = useState<Attribute | 'new'>()
  const change = useMutation({
    mutationFn: async (changes: { id: string; body: { archived?: boolean; position?: number } }[]) => {
      for (const { id, body } of changes) {
        await take(api.PATCH('/api/v1/attributes/{id}', { params: { path: { id } }, body }))
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.attributes }),
  })
  if (query.isError) {
    return <ProblemRegion title={t('list.error_title')} error={query.error} onAgain={() => void query.refetch()} />
  }
  const dialog = (
    <Modal
      opened={edited !== undefined}
      onClose={() => setEdited(undefined)}
      title={edited === 'new' ? t('fields.add') : t('fields.edit')}
    >
      {edited ? <FieldForm field={edited === 'new' ? undefined : edited} onDone={() => setEdited(undefined)} /> : null}
    </Modal>
  )
  const add = (
    <Button variant="filled" size="sm" onClick={() => setEdited('new')}>
      {t('fields.add')}
    </Button>
  )
  if (query.data?.length === 0) {
    return (
      <>
        <Empty title={t('fields.empty_title')} body={t('fields.empty_body')} page>
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
          <h1>{t('fields.title')}</h1>
          <p className={styles.lead}>{t('fields.intro')}</p>
        </div>
        {query.data ? add : null}
      </div>
      <ProblemNote error={change.error} />
      {query.data ? (
        <FieldList
          fields={query.data}
          busy={change.isPending}
          onEdit={setEdited}
          onArchive={(field) => change.mutate([{ id: field.id, body: { archived: !field.archived } }])}
          onMove={(from, to) => change.mutate(moved(query.data, from, to))}
        />
      ) : slow ? (
        <ListSkeleton />
      ) : null}
      {dialog}
    </>
  )
}

/** The places that change when the field at one place of the list goes to another. */
export function moved(fields: Attribute[], from: number, to: number): { id: string; body: { position: number } }[] {
  const order = [...fields]
  order.splice(to, 0, ...order.splice(from, 1))
  return order.flatMap((field, position) => (field.position === position ? [] : [{ id: field.id, body: { position } }]))
}

/** The fields in the order in which the desk shows them. */
export function FieldList({
  fields,
  busy,
  onEdit,
  onArchive,
  onMove,
}: {
  fields: Attribute[]
  busy: boolean
  onEdit: (field: Attribute) => void
  onArchive: (field: Attribute) => void
  onMove: (from: number, to: number) => void
}) {
  const { t } = useTranslation()
  return (
    <ul className={styles.options}>
      {fields.map((field, place) => (
        <li key={field.id} className={`${styles.option} ${styles.plain}`}>
          <div>
            <b dir="auto">{field.name}</b> {field.archived ? <span className="chip">{t('app.archived')}</span> : null}{' '}
            {field.required ? <span className="chip acc">{t('fields.required_short')}</span> : null}
            <p>
              {t(`field_type.${field.type}`)}
              {' · '}
              <code className="mono" dir="ltr">
                {field.key}
              </code>
            </p>
            {field.description ? <p dir="auto">{field.description}</p> : null}
          </div>
          <div className={styles.acts}>
            <ActionIcon
              className={styles.mover ?? ''}
              aria-label={t('fields.up', { name: field.name })}
              disabled={place === 0 || busy}
              onClick={() => onMove(place, place - 1)}
            >
              <Icon name="up" />
            </ActionIcon>
            <ActionIcon
              className={styles.mover ?? ''}
              aria-label={t('fields.down', { name: field.name })}
              disabled={place === fields.length - 1 || busy}
              onClick={() => onMove(place, place + 1)}
            >
              <Icon name="down" />
            </ActionIcon>
            <Button
              onClick={() => onArchive(field)}
              aria-label={t(field.archived ? 'app.restore_named' : 'app.archive_named', { name: field.name })}
            >
              {t(field.archived ? 'app.restore' : 'app.archive')}
            </Button>
            <Button onClick={() => onEdit(field)} aria-label={t('account.edit_named', { name: field.name })}>
              {t('account.edit')}
            </Button>
          </div>
        </li>
      ))}
    </ul>
  )
}
