import { ActionIcon, Button, Select } from '@mantine/core'
import type { Attribute } from '@onethread/client'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { Icon } from '../parts/Glyphs.tsx'
import { useLater } from '../parts/later.ts'
import { faultOf, problemText } from '../parts/Problem.tsx'
import styles from './ContextPanel.module.css'
import { InlineText } from './InlineText.tsx'
import type { Offer } from './offer.ts'
import { useEditing } from './useEditing.ts'
import { Words } from './Words.tsx'

type Save = (field: Attribute, value: unknown) => Promise<unknown>

/** What is known of a person, field by field, in the order that the business gave them. */
export function CustomerFields({
  values,
  offer,
  maySay,
  mayDefine,
  onValue,
}: {
  values: Record<string, unknown>
  offer: Offer<Attribute>
  maySay: boolean
  mayDefine: boolean
  onValue: Save
}) {
  const { t } = useTranslation()
  const slow = useLater(offer.items === undefined && !offer.error)
  const fields = offer.items?.filter((field) => !field.archived)
  return (
    <section className={styles.section}>
      <h3>{t('fields.known')}</h3>
      {fields === undefined ? (
        offer.error ? (
          <div className={styles.none} role="alert">
            <p>{problemText(t, offer.error)}</p>
            <Button onClick={offer.onAgain}>{t('app.try_again')}</Button>
          </div>
        ) : slow ? (
          <div aria-busy="true" className={styles.skeleton}>
            <div className="sk" />
            <div className="sk" />
            <div className="sk" />
          </div>
        ) : null
      ) : fields.length === 0 ? (
        <p className={styles.none}>
          {t('context.no_fields')} {mayDefine ? <Link to="/settings/fields">{t('context.define_fields')}</Link> : null}
        </p>
      ) : (
        <dl className={styles.fields}>
          {fields.map((field) => (
            <FieldRow key={field.id} field={field} value={values[field.key]} maySay={maySay} onValue={onValue} />
          ))}
        </dl>
      )}
    </section>
  )
}

function FieldRow({
  field,
  value,
  maySay,
  onValue,
}: {
  field: Attribute
  value: unknown
  maySay: boolean
  onValue: Save
}) {
  const { t } = useTranslation()
  const { editing, button, begin, done } = useEditing()
  const known = value !== undefined && value !== null
  return (
    <div className={styles.field} data-wide={editing || undefined}>
      <dt dir="auto">{field.name}</dt>
      <dd>
        {editing ? (
          <FieldEditor field={field} value={value} onValue={onValue} onDone={done} />
        ) : (
          <>
            <div className={styles.value} data-unknown={known ? undefined : true}>
              {known ? <Value field={field} value={value} /> : t(field.required ? 'context.needed' : 'context.unknown')}
            </div>
            {maySay ? (
              <ActionIcon
                ref={button}
                className={styles.pencil ?? ''}
                aria-label={t('context.change_field', { name: field.name })}
                onClick={begin}
              >
                <Icon name="pencil" />
              </ActionIcon>
            ) : null}
          </>
        )}
      </dd>
    </div>
  )
}

/** Beyond so many letters a value is folded: the panel is narrow. */
const LONG_VALUE = 240

function Value({ field, value }: { field: Attribute; value: unknown }) {
  const { t } = useTranslation()
  const { date, number } = useFormats()
  const text = String(value)
  switch (field.type) {
    case 'boolean':
      return <>{t(value === true ? 'app.yes' : 'app.no')}</>
    case 'number':
      return <span className="num">{number(Number(value))}</span>
    case 'date':
      return <span className="num">{date(Date.parse(`${text}T00:00`))}</span>
    case 'url':
      return (
        <a className={styles.link} href={text} target="_blank" rel="noreferrer noopener" dir="ltr">
          {text.replace(/^https?:\/\//, '').replace(/\/$/, '')}
        </a>
      )
    default:
      return <Words text={text} most={LONG_VALUE} />
  }
}

function FieldEditor({
  field,
  value,
  onValue,
  onDone,
}: {
  field: Attribute
  value: unknown
  onValue: Save
  onDone: () => void
}) {
  const { t } = useTranslation()
  const label = field.name
  const known = value !== undefined && value !== null
  const place = `attributes.${field.key}`
  const { description } = field
  if (field.type === 'boolean') {
    const options = [
      { value: 'true', label: t('app.yes') },
      { value: 'false', label: t('app.no') },
    ]
    const save = (chosen: string | null) => onValue(field, chosen === null ? null : chosen === 'true')
    return (
      <InlineChoice
        label={label}
        description={description}
        field={place}
        options={options}
        chosen={known ? String(value) : null}
        clearable={!field.required}
        onSave={save}
        onDone={onDone}
      />
    )
  }
  if (field.type === 'choice') {
    const gone = known && !field.options.includes(String(value)) ? [String(value)] : []
    return (
      <InlineChoice
        label={label}
        description={description}
        field={place}
        options={[
          ...field.options.map((option) => ({ value: option, label: option })),
          ...gone.map((option) => ({ value: option, label: option, disabled: true })),
        ]}
        chosen={known ? String(value) : null}
        clearable={!field.required}
        onSave={(chosen) => onValue(field, chosen)}
        onDone={onDone}
      />
    )
  }
  const examples = {
    text: '',
    number: '',
    date: '',
    url: 'https://',
    email: 'ann@example.com',
    phone: '+370 612 34567',
  }
  const read = (text: string): unknown => {
    if (text === '') return null
    // A decimal comma is a comma to the person and a point to the server; what is no number is refused there.
    if (field.type !== 'number') return text
    const number = Number(text.replace(/\s/g, '').replace(',', '.'))
    return Number.isFinite(number) ? number : text
  }
  return (
    <InlineText
      label={label}
      field={place}
      right={t(field.type === 'email' ? 'fault.email' : `fault.value_${field.type}`)}
      initial={known ? String(value) : ''}
      // No `url` or `email`: browsers hold the form back in words of their own; the server says what would be right.
      type={field.type === 'date' ? 'date' : field.type === 'phone' ? 'tel' : 'text'}
      {...(field.type === 'number' ? { inputMode: 'decimal' as const } : {})}
      placeholder={examples[field.type]}
      {...(field.description ? { description: field.description } : {})}
      onSave={(text) => onValue(field, read(text))}
      onDone={onDone}
    />
  )
}

/** One of a few: saved the moment it is chosen. */
function InlineChoice({
  label,
  description,
  field,
  options,
  chosen,
  clearable,
  onSave,
  onDone,
}: {
  label: string
  description: string
  field: string
  options: { value: string; label: string; disabled?: boolean }[]
  chosen: string | null
  clearable: boolean
  onSave: (chosen: string | null) => Promise<unknown>
  onDone: () => void
}) {
  const { t } = useTranslation()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const save = async (value: string | null) => {
    if (value === chosen) return onDone()
    setBusy(true)
    setError(undefined)
    try {
      await onSave(value)
      onDone()
    } catch (cause) {
      setError(cause)
      setBusy(false)
    }
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape leaves the field inside
    <div
      className={styles.edit}
      data-editing
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.preventDefault()
        event.stopPropagation()
        onDone()
      }}
    >
      <Select
        size="xs"
        aria-label={label}
        description={description || undefined}
        data={options}
        value={chosen}
        clearable={clearable}
        clearButtonProps={{ 'aria-label': t('context.clear_field', { name: label }) }}
        allowDeselect={false}
        searchable={options.length > 8}
        nothingFoundMessage={t('context.no_match')}
        autoFocus
        disabled={busy}
        comboboxProps={{ width: 'max-content', position: 'bottom-end' }}
        error={error ? (faultOf(t, error, field, t('fault.value_choice')) ?? problemText(t, error)) : undefined}
        onChange={(value) => void save(value)}
      />
      <div className={styles.acts}>
        <Button variant="subtle" color="gray" onClick={onDone}>
          {t('app.cancel')}
        </Button>
      </div>
    </div>
  )
}
