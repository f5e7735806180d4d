import { Button, Select, Switch, Textarea, TextInput } from '@mantine/core'
import { type Attribute, type AttributeType, ProblemError, take } from '@onethread/client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { keys } from '../api/keys.ts'
import { faultOf, ProblemNote } from '../parts/Problem.tsx'
import { useValidity } from '../parts/validity.ts'
import styles from './Settings.module.css'

const TYPES: AttributeType[] = ['text', 'number', 'boolean', 'date', 'choice', 'url', 'email', 'phone']
const FIELDS = ['key', 'name', 'type', 'options', 'description']

/** A word for programs out of a name for people: small Latin letters, digits and single underscores. */
export function keyOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').replace(/ł/gi, 'l').toLowerCase()
  const words = plain.replace(/[^a-z0-9]+/g, '_').replace(/^[_0-9]+|_+$/g, '')
  return words.slice(0, 40).replace(/_+$/, '')
}

/** Options as they are typed: one on each line. */
const optionsOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)

/** What a field is: everything when it is new; key and type never change afterwards. */
export function FieldForm({ field, onDone }: { field: Attribute | undefined; onDone: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [name, setName] = useState(field?.name ?? '')
  const [typedKey, setTypedKey] = useState<string>()
  const [type, setType] = useState<AttributeType>(field?.type ?? 'text')
  const [options, setOptions] = useState(field?.options.join('\n') ?? '')
  const [description, setDescription] = useState(field?.description ?? '')
  const [required, setRequired] = useState(field?.required ?? false)
  const key = field?.key ?? typedKey ?? keyOf(name)
  const list = type === 'choice' ? optionsOf(options) : []

  const done = () => {
    void client.invalidateQueries({ queryKey: keys.attributes })
    onDone()
  }
  const save = useMutation({
    mutationFn: () =>
      field
        ? take(
            api.PATCH('/api/v1/attributes/{id}', {
              params: { path: { id: field.id } },
              body: { name, description, required, ...(type === 'choice' ? { options: list } : {}) },
            }),
          )
        : take(api.POST('/api/v1/attributes', { body: { key, name, type, options: list, description, required } })),
    onSuccess: done,
  })
  const remove = useMutation({
    mutationFn: (id: string) => take(api.DELETE('/api/v1/attributes/{id}', { params: { path: { id } } })),
    onSuccess: done,
  })
  const { form, fault } = useValidity(() => save.mutate())
  const used = remove.error instanceof ProblemError && remove.error.code === 'conflict'
  const atFields = FIELDS.some((one) => faultOf(t, save.error, one))
  // A fault of one option names its place (`options[2]`).
  const ofOptions =
    save.error instanceof ProblemError
      ? save.error.problem.faults
          ?.filter((one) => one.field.startsWith('options['))
          .map((one) => list[Number(one.field.slice(8, -1))] ?? '')
          .join(', ')
      : undefined
  return (
    <form className={styles.form} {...form}>
      <ProblemNote error={atFields || ofOptions ? undefined : save.error} />
      {used ? (
        <p className={styles.warning} role="alert">
          {t('fields.used')}
        </p>
      ) : (
        <ProblemNote error={remove.error} />
      )}
      <TextInput
        label={t('fields.name')}
        required
        withAsterisk={false}
        maxLength={60}
        data-autofocus
        dir="auto"
        autoComplete="off"
        value={name}
        name="name"
        error={fault('name') ?? faultOf(t, save.error, 'name')}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {field ? (
        <p className="sm mut">
          {t(`field_type.${field.type}`)}
          {' · '}
          <code className="mono" dir="ltr">
            {field.key}
          </code>
          <br />
          {t('fields.fixed')}
        </p>
      ) : (
        <>
          <Select
            label={t('fields.type')}
            allowDeselect={false}
            value={type}
            data={TYPES.map((one) => ({ value: one, label: t(`field_type.${one}`) }))}
            onChange={(value) => value && setType(value as AttributeType)}
          />
          <TextInput
            label={t('fields.key')}
            description={t('fields.key_hint')}
            required
            withAsterisk={false}
            maxLength={40}
            dir="ltr"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={key}
            name="key"
            error={fault('key') ?? faultOf(t, save.error, 'key')}
            onChange={(event) => setTypedKey(event.currentTarget.value)}
          />
        </>
      )}
      {type === 'choice' ? (
        <Textarea
          label={t('fields.options')}
          description={t('fields.options_hint')}
          autosize
          minRows={3}
          maxRows={10}
          dir="auto"
          value={options}
          error={faultOf(t, save.error, 'options') ?? (ofOptions ? `${ofOptions}: ${t('fault.options')}` : undefined)}
          onChange={(event) => setOptions(event.currentTarget.value)}
        />
      ) : null}
      <TextInput
        label={t('fields.description')}
        description={t('fields.description_hint')}
        maxLength={300}
        dir="auto"
        autoComplete="off"
        value={description}
        error={faultOf(t, save.error, 'description')}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      <Switch
        checked={required}
        onChange={(event) => setRequired(event.currentTarget.checked)}
        label={t('fields.required')}
        description={t('fields.required_hint')}
      />
      <div className="row wrap">
        <Button type="submit" variant="filled" size="sm" loading={save.isPending}>
          {t('app.save')}
        </Button>
        <Button variant="subtle" color="gray" size="sm" onClick={onDone}>
          {t('app.cancel')}
        </Button>
        <span className="grow" />
        {field ? (
          <Button size="sm" loading={remove.isPending} onClick={() => remove.mutate(field.id)}>
            {t('app.delete')}
          </Button>
        ) : null}
      </div>
    </form>
  )
}
