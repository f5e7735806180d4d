import { ActionIcon } from '@mantine/core'
import type { Customer } from '@onethread/client'
import { useTranslation } from 'react-i18next'
import { Icon } from '../parts/Glyphs.tsx'
import styles from './ContextPanel.module.css'
import { InlineText } from './InlineText.tsx'
import { useEditing } from './useEditing.ts'
import { customerName } from './words.ts'

/** The name as a heading, changed where it stands. */
export function CustomerName({
  customer,
  maySay,
  onName,
}: {
  customer: Customer
  maySay: boolean
  onName: (name: string) => Promise<unknown>
}) {
  const { t } = useTranslation()
  const { editing, button, begin, done } = useEditing()
  if (editing) {
    return (
      <>
        <h2 className="vh">{customerName(t, customer)}</h2>
        <InlineText
          label={t('context.name')}
          initial={customer.name}
          field="name"
          maxLength={200}
          onSave={onName}
          onDone={done}
        />
      </>
    )
  }
  return (
    <div className={styles.nameRow}>
      <h2 dir="auto">{customerName(t, customer)}</h2>
      {maySay ? (
        <ActionIcon ref={button} className={styles.pencil ?? ''} aria-label={t('context.rename')} onClick={begin}>
          <Icon name="pencil" />
        </ActionIcon>
      ) : null}
    </div>
  )
}
