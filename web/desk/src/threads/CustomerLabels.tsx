import { ActionIcon, Button, Combobox, useCombobox } from '@mantine/core'
import type { AppliedLabel, Label } from '@onethread/client'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../parts/Glyphs.tsx'
import { LabelChip, LabelDot } from '../parts/LabelChip.tsx'
import { ProblemNote } from '../parts/Problem.tsx'
import styles from './ContextPanel.module.css'
import { matches, type Offer } from './offer.ts'

/** The labels that a person carries, with a way to add and to take off. */
export function CustomerLabels({
  carried,
  offer,
  maySay,
  mayDefine,
  onAdd,
  onRemove,
}: {
  carried: AppliedLabel[]
  offer: Offer<Label>
  maySay: boolean
  mayDefine: boolean
  onAdd: (label: Label) => Promise<unknown>
  onRemove: (label: AppliedLabel) => Promise<unknown>
}) {
  const { t } = useTranslation()
  const [busy, setBusy] = useState<string>()
  const [error, setError] = useState<unknown>()
  const run = async (id: string, act: () => Promise<unknown>) => {
    setBusy(id)
    setError(undefined)
    try {
      await act()
    } catch (cause) {
      setError(cause)
    }
    setBusy(undefined)
  }
  const offered = offer.items?.filter((label) => !label.archived && !carried.some((one) => one.id === label.id))
  return (
    <section className={styles.section}>
      <h3>{t('labels.title')}</h3>
      {carried.length === 0 && !maySay ? <p className={styles.none}>{t('context.no_labels')}</p> : null}
      <ul className={styles.labels}>
        {carried.map((label) => (
          <li key={label.id}>
            <LabelChip label={label}>
              {maySay ? (
                <ActionIcon
                  className={styles.take ?? ''}
                  size={20}
                  loading={busy === label.id}
                  aria-label={t('context.remove_label', { name: label.name })}
                  onClick={() => void run(label.id, () => onRemove(label))}
                >
                  <Icon name="x" size="s" />
                </ActionIcon>
              ) : null}
            </LabelChip>
          </li>
        ))}
        {maySay ? (
          <li>
            <AddLabel
              offered={offered}
              failed={offer.error}
              onAgain={offer.onAgain}
              mayDefine={mayDefine}
              defined={offer.items?.length ?? 0}
              busy={busy === 'add'}
              onAdd={(label) => void run('add', () => onAdd(label))}
            />
          </li>
        ) : null}
      </ul>
      <ProblemNote error={error} />
    </section>
  )
}

function AddLabel({
  offered,
  failed,
  onAgain,
  mayDefine,
  defined,
  busy,
  onAdd,
}: {
  offered: Label[] | undefined
  failed: unknown
  onAgain: () => void
  mayDefine: boolean
  defined: number
  busy: boolean
  onAdd: (label: Label) => void
}) {
  const { t } = useTranslation()
  const [search, setSearch] = useState('')
  const combobox = useCombobox({
    onDropdownClose: () => {
      combobox.resetSelectedOption()
      combobox.focusTarget()
      setSearch('')
    },
    onDropdownOpen: () => combobox.focusSearchInput(),
  })
  // Drawn only while it is open: there may be hundreds.
  const found = combobox.dropdownOpened ? (offered ?? []).filter((label) => matches(label.name, search)) : []
  return (
    <Combobox
      store={combobox}
      width={240}
      position="bottom-start"
      // Inside the panel: what is read out there belongs to it.
      withinPortal={false}
      onOptionSubmit={(id) => {
        const label = found.find((one) => one.id === id)
        if (label) onAdd(label)
        combobox.closeDropdown()
      }}
    >
      <Combobox.Target withAriaAttributes={false}>
        <Button
          variant="subtle"
          color="gray"
          className={styles.add ?? ''}
          loading={busy}
          leftSection={<Icon name="plus" size="s" />}
          aria-haspopup="listbox"
          aria-expanded={combobox.dropdownOpened}
          onClick={() => combobox.toggleDropdown()}
        >
          {t('context.add_label')}
        </Button>
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Search
          value={search}
          aria-label={t('context.find_label')}
          placeholder={t('context.find_label')}
          onChange={(event) => {
            setSearch(event.currentTarget.value)
            combobox.updateSelectedOptionIndex()
          }}
        />
        <Combobox.Options aria-label={t('labels.title')} className={styles.options ?? ''}>
          {found.map((label) => (
            <Combobox.Option key={label.id} value={label.id}>
              <span className={styles.option}>
                <LabelDot colour={label.colour} />
                <span dir="auto">{label.name}</span>
              </span>
            </Combobox.Option>
          ))}
        </Combobox.Options>
        {found.length > 0 || !combobox.dropdownOpened ? null : (
          <div className={styles.noOption}>
            {failed ? (
              <>
                <span>{t('list.error_title')}</span>
                <Button onClick={onAgain}>{t('app.try_again')}</Button>
              </>
            ) : offered === undefined ? (
              <span>{t('app.loading')}</span>
            ) : (
              <>
                <span>
                  {search && offered.length > 0
                    ? t('context.no_match')
                    : t(defined > 0 ? 'context.all_labels' : 'labels.empty_title')}
                </span>
                {mayDefine ? <Link to="/settings/labels">{t('context.define_labels')}</Link> : null}
              </>
            )}
          </div>
        )}
      </Combobox.Dropdown>
    </Combobox>
  )
}
