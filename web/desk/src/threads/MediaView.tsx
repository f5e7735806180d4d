import { Button, Modal } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { type Media, take } from '@onethread/client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { keys } from '../api/keys.ts'
import { fileQuery } from '../api/queries.ts'
import { useFormats } from '../i18n/format.ts'
import { Icon } from '../parts/Glyphs.tsx'
import { problemText } from '../parts/Problem.tsx'
import styles from './Blocks.module.css'

export type MediaKind = 'image' | 'video' | 'audio' | 'file' | 'sticker'
type Props = { kind: MediaKind; media: Media }

/** How high its place is, in pixels; the style says the same. */
const HEIGHTS = { image: 200, video: 200, sticker: 120, audio: 44, file: 44 }

/** What browsers draw from bytes and never run; the server hands out everything else to be saved. */
const DRAWN = /^image\/(png|jpeg|gif|webp|avif)$/

/**
 * A picture, a film, a voice message or a file. Its place has the same height while it is fetched, when it is here and when
 * it cannot be had, and a picture its own width as soon as that is known, so that nothing jumps.
 */
export function MediaView({ kind, media }: Props) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const state = media.state ?? 'stored'
  const query = useQuery({ ...fileQuery(media.file_id), enabled: state === 'stored' })
  const again = useMutation({
    mutationFn: () => take(api.POST('/api/v1/files/{id}/retry', { params: { path: { id: media.file_id } } })),
    onSuccess: (file) => cache.setQueryData(keys.file(file.id), file),
    onError: (error) => notifications.show({ color: 'red', message: problemText(t, error), autoClose: false }),
  })
  const file = query.data
  const name = media.name || file?.name || t(`what.${kind}`)
  const size = media.width && media.height ? { width: media.width, height: media.height } : undefined
  const failure = media.failure ?? file?.failure
  const url = file?.state === 'stored' ? file.url : undefined
  if (again.isSuccess && state === 'failed') {
    return <Waiting kind={kind} name={name} icon="wait" words={t('media.fetching')} />
  }
  if (state === 'failed' || file?.state === 'failed' || query.isError) {
    const retry = failure === 'unreachable' ? () => again.mutate() : undefined
    const act = query.isError ? () => void query.refetch() : retry
    return (
      <Waiting
        kind={kind}
        name={name}
        icon="alert"
        words={failure ? t(`media.failed_${failure}`) : t('media.failed')}
        {...(size ? { size } : {})}
      >
        {act ? (
          <Button loading={again.isPending} onClick={act}>
            {t('app.try_again')}
          </Button>
        ) : null}
      </Waiting>
    )
  }
  if (!url) {
    // Here already, and its address is on its way: nobody has to be told.
    const words = state === 'fetching' ? t('media.fetching') : ''
    return <Waiting kind={kind} name={name} icon="wait" words={words} {...(size ? { size } : {})} />
  }
  const type = file?.media_type ?? media.media_type ?? ''
  if ((kind === 'image' || kind === 'sticker') && DRAWN.test(type)) {
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
  size,
  children,
}: {
  kind: MediaKind
  name: string
  icon: 'alert' | 'wait'
  words: string
  /** Of a picture: its place is as wide as it will be. */
  size?: { width: number; height: number }
  children?: React.ReactNode
}) {
  const width = size && icon === 'wait' ? { width: Math.round((HEIGHTS[kind] * size.width) / size.height) } : {}
  return (
    <div className={styles.waiting} data-kind={kind} data-failed={icon === 'alert' || undefined} style={width}>
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
