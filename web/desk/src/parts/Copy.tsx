import { Button } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import styles from './parts.module.css'

/** Without https there is no clipboard API; a selection and the old command still work there. */
async function copy(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}

export function CopyButton({ text, label, bare }: { text: string; label?: string; bare?: boolean }) {
  const { t } = useTranslation()
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 2000)
    return () => clearTimeout(timer)
  }, [copied])
  return (
    <Button
      variant={bare ? 'subtle' : 'default'}
      color="gray"
      onClick={() => void copy(text).then(() => setCopied(true))}
      aria-live="polite"
    >
      {copied ? t('app.copied') : (label ?? t('app.copy'))}
    </Button>
  )
}

/** Something to carry to another place: shown whole, copied with one press. */
export function CopyLine({ name, value }: { name: string; value: string }) {
  const { t } = useTranslation()
  return (
    <div>
      <div className={styles.copyName}>{name}</div>
      <div className={styles.copyLine}>
        <code className="grow mono">{value}</code>
        <CopyButton text={value} label={t('app.copy')} />
      </div>
    </div>
  )
}
