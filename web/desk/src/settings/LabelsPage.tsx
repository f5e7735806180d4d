import { Button, Select, TextInput } from '@mantine/core'
import { type Label, type LabelColour, ProblemError, take } from '@onethread/client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { keys } from '../api/keys.ts'
import { labelsQuery } from '../api/queries.ts'
import { LabelChip, LabelDot } from '../parts/LabelChip.tsx'
import { faultOf, ProblemNote } from '../parts/Problem.tsx'
import { useValidity } from '../parts/validity.ts'
import { DefinitionsPage } from './DefinitionsPage.tsx'
import styles from './Settings.module.css'

const COLOURS: LabelColour[] = ['grey', 'petrol', 'blue', 'violet', 'plum', 'amber', 'green']

export function LabelsPage() {
  const { t } = useTranslation()
  const query = useQuery(labelsQuery)
  const archive = useSave()
  return (
    <DefinitionsPage
      query={query}
      words={{
        title: t('labels.title'),
        intro: t('labels.intro'),
        add: t('labels.add'),
        edit: t('labels.edit'),
        emptyTitle: t('labels.empty_title'),
        emptyBody: t('labels.empty_body'),
      }}
      error={archive.error}
      list={(labels, onEdit) => (
        <LabelList
          labels={labels}
          onEdit={onEdit}
          onArchive={(label) => archive.mutate({ id: label.id, body: { archived: !label.archived } })}
        />
      )}
      form={(label, onDone) => <LabelForm label={label} onDone={onDone} />}
    />
  )
}

/** The labels by their words, those that are archived last. */
export function LabelList({
  labels,
  onEdit,
  onArchive,
}: {
  labels: Label[]
  onEdit: (label: Label) => void
  onArchive: (label: Label) => void
}) {
  const { t, i18n } = useTranslation()
  const sorted = labels.toSorted(
    (a, b) => Number(a.archived) - Number(b.archived) || a.name.localeCompare(b.name, i18n.language),
  )
  return (
    <ul className={styles.options}>
      {sorted.map((label) => (
        <li key={label.id} className={`${styles.option} ${styles.plain}`}>
          <div>
            <LabelChip label={label} />
          </div>
          <div className={styles.acts}>
            {label.archived ? <span className="chip">{t('app.archived')}</span> : null}
            <Button
              onClick={() => onArchive(label)}
              aria-label={t(label.archived ? 'app.restore_named' : 'app.archive_named', { name: label.name })}
            >
              {t(label.archived ? 'app.restore' : 'app.archive')}
            </Button>
            <Button onClick={() => onEdit(label)} aria-label={t('account.edit_named', { name: label.name })}>
              {t('account.edit')}
            </Button>
          </div>
        </li>
      ))}
    </ul>
  )
}

type Change = { name?: string; colour?: LabelColour; archived?: boolean }

function useSave() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, body }: { id: string | undefined; body: Change }) =>
      id === undefined
        ? take(api.POST('/api/v1/labels', { body: { name: '', ...body } }))
        : take(api.PATCH('/api/v1/labels/{id}', { params: { path: { id } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.labels }),
  })
}

function LabelForm({ label, onDone }: { label: Label | undefined; onDone: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [name, setName] = useState(label?.name ?? '')
  const [colour, setColour] = useState<LabelColour>(label?.colour ?? 'grey')
  const save = useSave()
  const remove = useMutation({
    mutationFn: (id: string) => take(api.DELETE('/api/v1/labels/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.labels })
      onDone()
    },
  })
  const carried = remove.error instanceof ProblemError && remove.error.code === 'conflict'
  const { form, fault: ofForm } = useValidity(() =>
    save.mutate({ id: label?.id, body: { name, colour } }, { onSuccess: onDone }),
  )
  const fault = faultOf(t, save.error, 'name')
  return (
    <form className={styles.form} {...form}>
      <ProblemNote error={fault ? undefined : save.error} />
      {carried ? (
        <p className={styles.warning} role="alert">
          {t('labels.carried')}
        </p>
      ) : (
        <ProblemNote error={remove.error} />
      )}
      <TextInput
        name="name"
        label={t('labels.name')}
        required
        withAsterisk={false}
        maxLength={60}
        data-autofocus
        value={name}
        error={ofForm('name') ?? fault}
        dir="auto"
        autoComplete="off"
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Select
        label={t('labels.colour')}
        allowDeselect={false}
        value={colour}
        data={COLOURS.map((one) => ({ value: one, label: t(`colour.${one}`) }))}
        leftSection={<LabelDot colour={colour} />}
        renderOption={({ option }) => (
          <span className="row">
            <LabelDot colour={option.value as LabelColour} />
            {option.label}
          </span>
        )}
        onChange={(value) => value && setColour(value as LabelColour)}
      />
      <div className="row wrap">
        <Button type="submit" variant="filled" size="sm" loading={save.isPending}>
          {t('app.save')}
        </Button>
        <Button variant="subtle" color="gray" size="sm" onClick={onDone}>
          {t('app.cancel')}
        </Button>
        <span className="grow" />
        {label ? (
          <Button size="sm" loading={remove.isPending} onClick={() => remove.mutate(label.id)}>
            {t('app.delete')}
          </Button>
        ) : null}
      </div>
    </form>
  )
}
