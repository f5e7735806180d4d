import { ProblemError, type StoredFile, uploadFile } from '@onethread/client'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { newKey } from './key.ts'

/** A file that goes with a reply, from the moment it is chosen. */
export type Attachment = {
  key: string
  name: string
  size: number
  mediaType: string
  /** `waiting` for others to be done · `uploading` · `stored` it has an id · `failed` with an error, or empty. */
  state: 'waiting' | 'uploading' | 'stored' | 'failed'
  /** How much has left, 0 to 1. */
  progress: number
  /** A picture of it, for as long as it is here. */
  preview?: string
  /** What the server made of it. */
  file?: StoredFile
  /** Why it failed; absent for an empty file. */
  error?: unknown
}

type Send = typeof uploadFile

/** Uploads at the same time: more would only share the line. */
const AT_ONCE = 3
/** What every browser draws from bytes and never runs. */
const DRAWN = /^image\/(png|jpeg|gif|webp|avif)$/

/** The files of one reply on their way to the server. Each has a key of its own, so that another try makes no second file. */
export class Uploads {
  private items: readonly Attachment[] = []
  private readonly files = new Map<string, File>()
  private readonly running = new Map<string, AbortController>()
  private readonly listeners = new Set<() => void>()
  private readonly send: Send

  constructor(send: Send = uploadFile) {
    this.send = send
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  all = (): readonly Attachment[] => this.items

  add = (files: readonly File[]): void => {
    const added = files.map((file): Attachment => {
      const key = newKey()
      this.files.set(key, file)
      return {
        key,
        name: file.name,
        size: file.size,
        mediaType: file.type,
        state: file.size === 0 ? 'failed' : 'waiting',
        progress: 0,
        ...(DRAWN.test(file.type) && file.size > 0 ? { preview: URL.createObjectURL(file) } : {}),
      }
    })
    this.set([...this.items, ...added])
    this.goOn()
  }

  remove = (key: string): void => {
    this.forget(key)
    this.set(this.items.filter((item) => item.key !== key))
    this.goOn()
  }

  retry = (key: string): void => {
    const item = this.items.find((one) => one.key === key)
    if (item?.state !== 'failed' || item.size === 0) return
    this.set(this.items.map((one) => (one.key === key ? { ...without(one), state: 'waiting', progress: 0 } : one)))
    this.goOn()
  }

  /** The reply has left, or the thread is closed: nothing of it is kept here. */
  clear = (): void => {
    for (const { key } of this.items) this.forget(key)
    this.set([])
  }

  private forget(key: string): void {
    this.running.get(key)?.abort()
    this.running.delete(key)
    this.files.delete(key)
    const preview = this.items.find((item) => item.key === key)?.preview
    if (preview) URL.revokeObjectURL(preview)
  }

  private goOn(): void {
    while (this.running.size < AT_ONCE) {
      const item = this.items.find((one) => one.state === 'waiting')
      const file = item && this.files.get(item.key)
      if (!item || !file) return
      void this.run(item.key, file)
    }
  }

  private async run(key: string, file: File): Promise<void> {
    const stop = new AbortController()
    this.running.set(key, stop)
    this.change(key, { state: 'uploading' })
    try {
      const onProgress = (progress: number) => this.change(key, { progress })
      const stored = await this.send(file, { key, signal: stop.signal, onProgress })
      this.change(key, { state: 'stored', progress: 1, file: stored, name: stored.name })
    } catch (error) {
      // Removed meanwhile: nobody waits for the reason.
      if (!stop.signal.aborted) this.change(key, { state: 'failed', error })
    }
    if (this.running.get(key) === stop) this.running.delete(key)
    this.goOn()
  }

  private change(key: string, change: Partial<Attachment>): void {
    this.set(this.items.map((item) => (item.key === key ? { ...item, ...change } : item)))
  }

  private set(items: readonly Attachment[]): void {
    this.items = items
    for (const listener of this.listeners) listener()
  }
}

function without({ error: _, ...item }: Attachment): Attachment {
  return item
}

/** Whether another try may help: not when the server has looked at the file and said no. */
export function mayRetry({ size, error }: Attachment): boolean {
  if (size === 0) return false
  return !(error instanceof ProblemError) || ![403, 413, 415, 422].includes(error.problem.status)
}

/** The uploads of one reply; they end with the component that holds them. */
export function useUploads(send: Send = uploadFile): { items: readonly Attachment[]; uploads: Uploads } {
  const [uploads] = useState(() => new Uploads(send))
  const items = useSyncExternalStore(uploads.subscribe, uploads.all)
  useEffect(() => uploads.clear, [uploads])
  return { items, uploads }
}
