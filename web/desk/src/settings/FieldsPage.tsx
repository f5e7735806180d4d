import { ActionIcon, Button } from '@mantine/core'
import { type Attribute, take } from '@onethread/client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { keys } from '../api/keys.ts'
import { attributesQuery } from '../api/queries.ts'
import { Icon } from '../parts/Glyphs.tsx'
import { DefinitionsPage } from './DefinitionsPage.tsx'
import { FieldForm } from './FieldForm.tsx'
import styles from './Settings.module.css'

export function FieldsPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const query = useQuery(attributesQuery)
  const change = useMutation({
    mutationFn: async (changes: { id: string; body: { archived?: boolean; position?: number } }[]) => {
      for (const { id, body } of changes) {
        await take(api.PATCH('/api/v1/attributes/{id}', { params: { path: { id } }, body }))
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.attributes }),
  })
  return (
    <DefinitionsPage
      query={query}
      words={{
        title: t('fields.title'),
        intro: t('fields.intro'),
        add: t('fields.add'),
        edit: t('fields.edit'),
        emptyTitle: t('fields.empty_title'),
        emptyBody: t('fields.empty_body'),
      }}
      error={change.error}
      list={(fields, onEdit) => (
        <FieldList
          fields={fields}
          busy={change.isPending}
          onEdit={onEdit}
          onArchive={(field) => change.mutate([{ id: field.id, body: { archived: !field.archived } }])}
          onMove={(from, to) => change.mutate(moved(fields, from, to))}
        />
      )}
      form={(field, onDone) => <FieldForm field={field} onDone={onDone} />}
    />
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
