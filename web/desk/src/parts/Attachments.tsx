import { ActionIcon } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import styles from './Attachments.module.css'
import { Icon } from './Glyphs.tsx'
import { problemText } from './Problem.tsx'
import { type Attachment, mayRetry } from './uploads.ts'

function glyph(mediaType: string): 'book' | 'box' | 'clip' | 'eye' | 'list' | 'mic' | 'play' {
  if (mediaType.startsWith('image/')) return 'eye'
  if (mediaType.startsWith('video/')) return 'play'
  if (mediaType.startsWith('audio/')) return 'mic'
  if (/pdf|word|opendocument\.text|epub/.test(mediaType)) return 'book'
  if (/zip|compressed|x-tar|x-7z/.test(mediaType)) return 'box'
  if (/^text\/|sheet|excel/.test(mediaType)) return 'list'
  return 'clip'
}

/** A name and its ending, which says what it is and stays in sight when the name is cut. */
function split(name: string): [string, string] {
  const dot = name.lastIndexOf('.')
  return dot > 0 && name.length - dot <= 8 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
}

type Props = {
  items: readonly Attachment[]
  onRemove: (key: string) => void
  onRetry: (key: string) => void
}

/** The files that go with a reply: what each is, how far it came, and what went wrong with it. Nothing when there are none. */
export function Attachments({ items, onRemove, onRetry }: Props) {
  const { t } = useTranslation()
  if (items.length === 0) return null
  return (
    <ul className={styles.list} aria-label={t('attachments.list')}>
      {items.map((item) => (
        <AttachmentCard key={item.key} item={item} onRemove={onRemove} onRetry={onRetry} />
      ))}
    </ul>
  )
}

function AttachmentCard({ item, onRemove, onRetry }: { item: Attachment } & Omit<Props, 'items'>) {
  const { t } = useTranslation()
  const { bytes } = useFormats()
  const { key, name, state } = item
  const [stem, ending] = split(name)
  const failed = state === 'failed'
  const status = failed
    ? `${t('attachments.failed')} ${item.size === 0 ? t('attachments.empty') : problemText(t, item.error)}`
    : state === 'stored'
      ? bytes(item.size)
      : `${t(state === 'waiting' ? 'attachments.waiting' : 'attachments.uploading')} · ${bytes(item.size)}`
  return (
    <li className={styles.card} data-state={state}>
      {item.preview ? (
        <img className={styles.thumb} src={item.preview} alt="" />
      ) : (
        <span className={styles.thumb}>
          <Icon name={failed ? 'alert' : glyph(item.file?.media_type ?? item.mediaType)} size="l" />
        </span>
      )}
      <span className={styles.words}>
        <span className={styles.name} title={name} dir="auto">
          <span className="cut">{stem}</span>
          <span>{ending}</span>
        </span>
        <span className={styles.status} aria-live="polite">
          {status}
        </span>
      </span>
      {failed && mayRetry(item) ? (
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t('attachments.retry', { name })}
          title={t('app.try_again')}
          onClick={() => onRetry(key)}
        >
          <Icon name="undo" />
        </ActionIcon>
      ) : null}
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={t('attachments.remove', { name })}
        onClick={() => onRemove(key)}
      >
        <Icon name="x" />
      </ActionIcon>
      {state === 'uploading' ? (
        <progress
          className={styles.bar}
          value={item.progress}
          aria-label={t('attachments.uploading_named', { name })}
        />
      ) : null}
    </li>
  )
}

/** Laid over what takes files while some are held above it. */
export function FileDropHint({ over }: { over: boolean }) {
  const { t } = useTranslation()
  if (!over) return null
  return (
    <div className={styles.drop}>
      <Icon name="clip" size="l" />
      {t('attachments.drop')}
    </div>
  )
}
