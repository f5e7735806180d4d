import { Button, Modal } from '@mantine/core'
import type { Media } from '@onethread/client'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { fileQuery } from '../api/queries.ts'
import { useFormats } from '../i18n/format.ts'
import { Icon } from '../parts/Glyphs.tsx'
import styles from './Blocks.module.css'

export type MediaKind = 'image' | 'video' | 'audio' | 'file' | 'sticker'
type Props = { kind: MediaKind; media: Media }

/** What browsers draw from bytes and never run; the server hands out everything else to be saved. */
const DRAWN = /^image\/(png|jpeg|gif|webp|avif)$/

/**
 * A picture, a film, a voice message or a file. Its place has the same height while it is fetched, when it is here and when
 * it cannot be had, so that nothing jumps.
 */
export function MediaView({ kind, media }: Props) {
  const { t } = useTranslation()
  const state = media.state ?? 'stored'
  const query = useQuery({ ...fileQuery(media.file_id), enabled: state === 'stored' })
  const file = query.data
  const name = media.name || file?.name || t(`what.${kind}`)
  const failed = state === 'failed' || file?.state === 'failed' || query.isError
  const url = file?.state === 'stored' ? file.url : undefined
  if (failed) {
    return (
      <Waiting kind={kind} name={name} icon="alert" words={t('media.failed')}>
        {query.isError ? <Button onClick={() => void query.refetch()}>{t('app.try_again')}</Button> : null}
      </Waiting>
    )
  }
  if (!url) return <Waiting kind={kind} name={name} icon="wait" words={t('media.fetching')} />
  const type = file?.media_type ?? media.media_type ?? ''
  if ((kind === 'image' || kind === 'sticker') && DRAWN.test(type)) {
    const size = file?.width && file.height ? { width: file.width, height: file.height } : undefined
    return <Picture kind={kind} url={url} name={name} caption={media.caption} {...(size ? { size } : {})} />
  }
  if (kind === 'audio' || kind === 'video') {
    return (
      <figure className={styles.media}>
        {kind === 'audio' ? (
          // biome-ignore lint/a11y/useMediaCaption: customers' recordings come without captions
          <audio className={styles.audio} controls preload="metadata" src={url} aria-label={name} />
        ) : (
          // biome-ignore lint/a11y/useMediaCaption: customers' films come without captions
          <video className={styles.video} controls preload="metadata" src={url} aria-label={name} />
        )}
        <Caption text={media.caption} />
      </figure>
    )
  }
  return <FileRow url={url} name={name} size={file?.size ?? 0} caption={media.caption} />
}

function Caption({ text }: { text: string | undefined }) {
  return text ? (
    <figcaption className={styles.caption} dir="auto">
      {text}
    </figcaption>
  ) : null
}

function Waiting({
  kind,
  name,
  icon,
  words,
  children,
}: {
  kind: MediaKind
  name: string
  icon: 'alert' | 'wait'
  words: string
  children?: React.ReactNode
}) {
  return (
    <div className={styles.waiting} data-kind={kind} data-failed={icon === 'alert' || undefined}>
      <Icon name={icon} size="l" />
      <span className={styles.waitingName} dir="auto">
        {name}
      </span>
      <span className="sm">{words}</span>
      {children}
    </div>
  )
}

function Picture({
  kind,
  url,
  name,
  caption,
  size,
}: {
  kind: MediaKind
  url: string
  name: string
  caption: string | undefined
  size?: { width: number; height: number }
}) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  return (
    <figure className={styles.media}>
      <button
        type="button"
        className={kind === 'sticker' ? styles.sticker : styles.picture}
        aria-label={t('media.enlarge', { name })}
        onClick={() => setOpen(true)}
      >
        <img src={url} alt={caption || name} {...size} loading="lazy" decoding="async" />
      </button>
      <Caption text={caption} />
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        size="auto"
        title={name}
        closeButtonProps={{ 'aria-label': t('app.close') }}
      >
        <img className={styles.large} src={url} alt={caption || name} {...size} />
        <p className={styles.largeActs}>
          <a href={url} download={name}>
            {t('media.save')}
          </a>
        </p>
      </Modal>
    </figure>
  )
}

function FileRow({
  url,
  name,
  size,
  caption,
}: {
  url: string
  name: string
  size: number
  caption: string | undefined
}) {
  const { bytes } = useFormats()
  return (
    <figure className={styles.media}>
      <a className={styles.file} href={url} download={name}>
        <Icon name="clip" size="l" />
        <span className="grow">
          <span className={styles.fileName} dir="auto">
            {name}
          </span>
          <span className="xs fnt">{bytes(size)}</span>
        </span>
        <Icon name="down" />
      </a>
      <Caption text={caption} />
    </figure>
  )
}
