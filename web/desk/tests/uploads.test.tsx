import { ProblemError, type StoredFile, type uploadFile } from '@onethread/client'
import { fireEvent, render, screen } from '@testing-library/react'
import type { ReactNode } from 'react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createQueryClient } from '../src/app/client.ts'
import { Providers } from '../src/app/Providers.tsx'
import { formats } from '../src/i18n/format.ts'
import states from '../src/parts/Attachments.states.tsx'
import { Attachments } from '../src/parts/Attachments.tsx'
import { useFileDrop } from '../src/parts/fileDrop.ts'
import { newKey } from '../src/parts/key.ts'
import { type Attachment, mayRetry, Uploads } from '../src/parts/uploads.ts'

const problem = (status: number, code: string) =>
  new ProblemError({ type: '', title: '', status, code, detail: '', request_id: '' })
const file = (name: string, text = 'x', type = 'text/plain') => new File([text], name, { type })

type Call = {
  file: File
  options: Parameters<typeof uploadFile>[1] & object
  done: (stored: StoredFile) => void
  failed: (error: unknown) => void
}

/** Uploads whose ends the test decides. */
function uploads() {
  const calls: Call[] = []
  const made = new Uploads(
    (sent, options = {}) =>
      new Promise((done, failed) => {
        options.signal?.addEventListener('abort', () => failed(new DOMException('', 'AbortError')))
        calls.push({ file: sent, options, done, failed })
      }),
  )
  const call = (place: number): Call => {
    const found = calls[place]
    if (!found) throw new Error(`there is no call ${place}`)
    return found
  }
  const item = (place: number): Attachment => {
    const found = made.all()[place]
    if (!found) throw new Error(`there is no file ${place}`)
    return found
  }
  return { made, calls, call, item }
}

const stored = (id: string, name: string) => ({ id, name }) as StoredFile
const settled = () => new Promise((done) => setTimeout(done))

describe('uploads', () => {
  it('sends three at a time and the next when one is done', async () => {
    const { made, calls, call, item } = uploads()
    made.add(['1', '2', '3', '4'].map((name) => file(name)))
    expect(made.all().map((one) => one.state)).toEqual(['uploading', 'uploading', 'uploading', 'waiting'])
    call(1).options.onProgress?.(0.5)
    expect(item(1).progress).toBe(0.5)
    call(0).done(stored('fil_1', 'clean'))
    await settled()
    expect(item(0)).toMatchObject({ state: 'stored', name: 'clean', progress: 1, file: { id: 'fil_1' } })
    expect(item(3).state).toBe('uploading')
    expect(calls.length).toBe(4)
  })

  it('tries a failed one again under the same key', async () => {
    const { made, calls, call, item } = uploads()
    made.add([file('a')])
    call(0).failed(problem(0, 'unreachable'))
    await settled()
    expect(item(0).state).toBe('failed')
    expect(mayRetry(item(0))).toBe(true)
    made.retry(item(0).key)
    expect(item(0)).toMatchObject({ state: 'uploading', progress: 0 })
    expect(item(0).error).toBeUndefined()
    expect(call(1).options.key).toBe(call(0).options.key)
    made.retry(item(0).key)
    expect(calls.length).toBe(2)
  })

  it('ends what is removed, and lets the next go', async () => {
    const { made, call, item } = uploads()
    made.add(['1', '2', '3', '4'].map((name) => file(name)))
    made.remove(item(0).key)
    expect(call(0).options.signal?.aborted).toBe(true)
    await settled()
    expect(made.all().map((one) => one.name)).toEqual(['2', '3', '4'])
    expect(item(2).state).toBe('uploading')
    made.clear()
    expect(made.all()).toEqual([])
    expect(call(3).options.signal?.aborted).toBe(true)
  })

  it('does not send an empty file, and does not ask again what was refused', async () => {
    const { made, calls, call, item } = uploads()
    made.add([file('empty', ''), file('big')])
    expect(item(0).state).toBe('failed')
    expect(mayRetry(item(0))).toBe(false)
    call(0).failed(problem(413, 'too_large'))
    await settled()
    expect(mayRetry(item(1))).toBe(false)
    made.retry(item(0).key)
    expect(calls.length).toBe(1)
  })

  it('shows pictures from here for as long as they are here, and drawings never', () => {
    const made = vi.spyOn(URL, 'createObjectURL').mockReturnValue('blob:1')
    const revoked = vi.spyOn(URL, 'revokeObjectURL').mockReturnValue()
    const { made: list, item } = uploads()
    list.add([file('a.png', 'x', 'image/png'), file('b.svg', '<svg/>', 'image/svg+xml')])
    expect(item(0).preview).toBe('blob:1')
    expect(item(1).preview).toBeUndefined()
    list.clear()
    expect(made).toHaveBeenCalledTimes(1)
    expect(revoked).toHaveBeenCalledExactlyOnceWith('blob:1')
  })
})

const draw = (state: ReactNode) =>
  render(
    <Providers client={createQueryClient(() => {})} test>
      {state}
    </Providers>,
  )

describe('the attachments', () => {
  it('are nothing when there are none', () => {
    draw(states.empty())
    expect(screen.queryByRole('list')).toBeNull()
  })

  it('say how far each is', () => {
    draw(states.uploading())
    const bars = screen.getAllByRole('progressbar')
    expect(bars.map((bar) => bar.getAttribute('value'))).toEqual(['0', '0.5', '0.98'])
    expect(screen.getByRole('progressbar', { name: 'Uploading Half.pdf' })).toBeTruthy()
  })

  it('say what went wrong, and offer another try only where it may help', () => {
    draw(states.failed())
    expect(screen.getByText('Not uploaded. The server cannot be reached.')).toBeTruthy()
    expect(screen.getByText('Not uploaded. This is too large.')).toBeTruthy()
    expect(screen.getByText('Not uploaded. This file is empty.')).toBeTruthy()
    const again = screen.getAllByRole('button', { name: /^Try .* again$/ })
    expect(again.map((button) => button.getAttribute('aria-label'))).toEqual([
      'Try Lost line.pdf again',
      'Try Picture.png again',
    ])
  })

  it('keep the ending of a long name in sight', () => {
    draw(states['a name of 300 characters']())
    const [first] = screen.getAllByRole('listitem')
    expect(first?.querySelector('[title]')?.lastElementChild?.textContent).toBe('.pdf')
  })

  it('hand on which one is meant', () => {
    const [onRemove, onRetry] = [vi.fn(), vi.fn()]
    const items: Attachment[] = [
      {
        key: 'k1',
        name: 'a.pdf',
        size: 5,
        mediaType: '',
        state: 'failed',
        progress: 0,
        error: problem(503, 'unavailable'),
      },
    ]
    draw(<Attachments items={items} onRemove={onRemove} onRetry={onRetry} />)
    fireEvent.click(screen.getByRole('button', { name: 'Try a.pdf again' }))
    fireEvent.click(screen.getByRole('button', { name: 'Remove a.pdf' }))
    expect(onRetry).toHaveBeenCalledExactlyOnceWith('k1')
    expect(onRemove).toHaveBeenCalledExactlyOnceWith('k1')
  })
})

describe('dropping and pasting', () => {
  const taken = vi.fn()
  beforeEach(() => taken.mockReset())

  function Place({ enabled = true }: { enabled?: boolean }) {
    const { over, props } = useFileDrop(taken, enabled)
    return (
      <section aria-label="place" data-over={over} {...props}>
        <input aria-label="inside" />
      </section>
    )
  }
  const place = () => screen.getByRole('region', { name: 'place' })
  const carrying = (files: File[], more: { types?: string[]; folder?: boolean } = {}) => ({
    types: more.types ?? ['Files'],
    files,
    items: files.map((one) => ({
      kind: 'file',
      getAsFile: () => one,
      webkitGetAsEntry: () => ({ isDirectory: more.folder ?? false }),
    })),
  })

  it('takes files and says while they are above it, also over what is inside', () => {
    render(<Place />)
    const dataTransfer = carrying([file('a')])
    fireEvent.dragEnter(place(), { dataTransfer })
    fireEvent.dragEnter(screen.getByLabelText('inside'), { dataTransfer })
    fireEvent.dragLeave(place(), { dataTransfer })
    expect(place().dataset.over).toBe('true')
    fireEvent.drop(place(), { dataTransfer })
    expect(place().dataset.over).toBe('false')
    expect(taken).toHaveBeenCalledExactlyOnceWith([dataTransfer.files[0]])
  })

  it('leaves text, folders and closed places alone', () => {
    const { rerender } = render(<Place />)
    expect(fireEvent.drop(place(), { dataTransfer: carrying([], { types: ['text/plain'] }) })).toBe(true)
    fireEvent.drop(place(), { dataTransfer: carrying([file('folder')], { folder: true }) })
    rerender(<Place enabled={false} />)
    // The browser must not open the file in place of the desk.
    expect(fireEvent.drop(place(), { dataTransfer: carrying([file('a')]) })).toBe(false)
    expect(taken).not.toHaveBeenCalled()
  })

  it('takes a pasted picture, and the text where both are there', () => {
    render(<Place />)
    const inside = screen.getByLabelText('inside')
    const picture = file('image.png', 'x', 'image/png')
    fireEvent.paste(inside, { clipboardData: carrying([picture], { types: ['text/plain', 'Files'] }) })
    expect(taken).not.toHaveBeenCalled()
    fireEvent.paste(inside, { clipboardData: carrying([picture]) })
    expect(taken).toHaveBeenCalledExactlyOnceWith([picture])
  })
})

it('tells sizes in the largest unit that fits', () => {
  const words = { today: String, yesterday: String }
  const { bytes } = formats('pl', words)
  expect([0, 5, 999, 1_250_000, 26_214_400, 3e12].map(bytes)).toEqual([
    '0 kB',
    '0,1 kB',
    '1 kB',
    '1,3 MB',
    '26 MB',
    '3000 GB',
  ])
})

it('makes keys that a server takes, without what only https has', () => {
  vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
  const keys = new Set(Array.from({ length: 100 }, newKey))
  vi.unstubAllGlobals()
  expect(keys.size).toBe(100)
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{32}$/)
})
