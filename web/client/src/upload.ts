import { bare, isProblem, ProblemError } from './http.ts'
import type { StoredFile } from './types.ts'

export type Upload = {
  /** Told as it goes: 0 to 1. */
  onProgress?: (part: number) => void
  /** Ends it; the promise then fails with an `AbortError`. */
  signal?: AbortSignal
  /** Makes another try harmless: the same key and the same file give the same id. */
  key?: string
  /** Where the server is; the page's own when absent. */
  baseUrl?: string
}

const aborted = () => new DOMException('The upload was ended', 'AbortError')

function read(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Sends a file and gives what the server made of it, or throws a [ProblemError]. An XMLHttpRequest, because `fetch` does
 * not tell how much of a body has left. The session's cookie goes along, and the browser names the page's origin.
 */
export function uploadFile(file: File, { onProgress, signal, key, baseUrl = '' }: Upload = {}): Promise<StoredFile> {
  return new Promise((done, failed) => {
    if (signal?.aborted) return failed(aborted())
    const request = new XMLHttpRequest()
    const end = () => request.abort()
    signal?.addEventListener('abort', end)
    request.addEventListener('loadend', () => signal?.removeEventListener('abort', end))
    request.addEventListener('abort', () => failed(aborted()))
    request.addEventListener('error', () => failed(new ProblemError(bare(0, 'unreachable', 'Not reached'))))
    request.upload.addEventListener('progress', ({ loaded, total, lengthComputable }) => {
      if (lengthComputable && total > 0) onProgress?.(loaded / total)
    })
    request.addEventListener('load', () => {
      const answer = read(request.responseText)
      if (request.status === 201) return done(answer as StoredFile)
      const wait = Number(request.getResponseHeader('retry-after') ?? Number.NaN)
      const problem = isProblem(answer) ? answer : bare(request.status, 'internal', `HTTP ${request.status}`)
      failed(new ProblemError(problem, Number.isFinite(wait) ? wait : undefined))
    })
    request.open('POST', `${baseUrl}/api/v1/files?name=${encodeURIComponent(file.name)}`)
    request.setRequestHeader('content-type', file.type || 'application/octet-stream')
    if (key) request.setRequestHeader('idempotency-key', key)
    request.send(file)
  })
}
