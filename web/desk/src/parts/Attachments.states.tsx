import { ProblemError } from '@onethread/client'
import { type ReactNode, useRef } from 'react'
import { Attachments, FileDropHint } from './Attachments.tsx'
import { useFileDrop } from './fileDrop.ts'
import { type Attachment, useUploads } from './uploads.ts'

const problem = (status: number, code: string) =>
  new ProblemError({ type: '', title: '', status, code, detail: '', request_id: '' })

/** A picture that needs no file: two colours. */
const PREVIEW = 'data:image/gif;base64,R0lGODlhAgACAPAAAAtlbljCyywAAAAAAgACAAACA0QyBQA7'

const one = (key: string, more: Partial<Attachment> = {}): Attachment => ({
  key,
  name: `${key}.pdf`,
  size: 340_000,
  mediaType: 'application/pdf',
  state: 'stored',
  progress: 1,
  ...more,
})

const uploading = (progress: number): Partial<Attachment> => ({ state: 'uploading', progress })
const failed = (error?: unknown, more: Partial<Attachment> = {}): Partial<Attachment> => ({
  state: 'failed',
  error,
  ...more,
})

const TEN: Attachment[] = [
  one('Invoice 2026-114'),
  one('Jacket, front', { name: 'Jacket, front.jpg', mediaType: 'image/jpeg', preview: PREVIEW }),
  one('How to wash', { name: 'How to wash.mp4', mediaType: 'video/mp4', size: 18_400_000, ...uploading(0.4) }),
  one('Voice', { name: 'Voice.ogg', mediaType: 'audio/ogg', size: 64_000 }),
  one('Sizes', { name: 'Sizes.csv', mediaType: 'text/csv', size: 812 }),
  one('Everything', { name: 'Everything.zip', mediaType: 'application/zip', ...failed(problem(413, 'too_large')) }),
  one('退款单'),
  one('Empty', { name: 'Empty.txt', size: 0, mediaType: 'text/plain', ...failed() }),
  one('No ending', { name: 'LICENSE', mediaType: '' }),
  one('Later', { name: 'Later.png', mediaType: 'image/png', state: 'waiting', progress: 0 }),
]

const list = (items: readonly Attachment[]): ReactNode => (
  <Attachments items={items} onRemove={() => {}} onRetry={() => {}} />
)

/** Everything together and living: files that are dropped or pasted are taken, and sent nowhere. */
function Living() {
  const { items, uploads } = useUploads(
    (file, { onProgress, signal } = {}) =>
      new Promise((_, gone) => {
        onProgress?.(file.size % 100 > 50 ? 0.7 : 0.2)
        signal?.addEventListener('abort', gone)
      }),
  )
  const drop = useFileDrop(uploads.add)
  const field = useRef<HTMLInputElement>(null)
  return (
    <section className="card" aria-label="Drop here" {...drop.props}>
      <FileDropHint over={drop.over} />
      <Attachments items={items} onRemove={uploads.remove} onRetry={uploads.retry} />
      <input
        ref={field}
        type="file"
        multiple
        aria-label="Files"
        onChange={(event) => uploads.add(Array.from(event.currentTarget.files ?? []))}
      />
    </section>
  )
}

export default {
  empty: () => list([]),
  stored: () =>
    list([one('Invoice'), one('Jacket', { name: 'Jacket.jpg', mediaType: 'image/jpeg', preview: PREVIEW })]),
  uploading: () => list([one('Begun', uploading(0)), one('Half', uploading(0.5)), one('Nearly', uploading(0.98))]),
  failed: () =>
    list([
      one('Lost line', failed(problem(0, 'unreachable'))),
      one('Too large', failed(problem(413, 'too_large'), { size: 260_000_000 })),
      one('Picture', failed(problem(503, 'unavailable'), { name: 'Picture.png', preview: PREVIEW })),
      one('Empty', failed(undefined, { name: 'Empty.txt', size: 0 })),
    ]),
  '10 files': () => list(TEN),
  'a name of 300 characters': () =>
    list([
      one('long', { name: `${'A very long name of a scanned contract '.repeat(8).slice(0, 296)}.pdf` }),
      one('solid', { name: `${'x'.repeat(296)}.pdf`, ...failed(problem(0, 'unreachable')) }),
      one('ending', { name: 'y'.repeat(300), ...uploading(0.3) }),
    ]),
  'files held above': () => <FileDropHint over />,
  'drop, paste, choose': () => <Living />,
}
