import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type ProblemError, uploadFile } from '../src/index.ts'

/** What a browser would send, and a way to answer it. */
class Request extends EventTarget {
  static last: Request
  upload = new EventTarget()
  headers: Record<string, string> = {}
  address = ''
  body: unknown
  status = 0
  responseText = ''
  answerHeaders: Record<string, string> = {}

  constructor() {
    super()
    Request.last = this
  }
  open(method: string, address: string) {
    this.address = `${method} ${address}`
  }
  setRequestHeader(name: string, value: string) {
    this.headers[name] = value
  }
  getResponseHeader(name: string) {
    return this.answerHeaders[name] ?? null
  }
  send(body: unknown) {
    this.body = body
  }
  abort() {
    this.tell('abort')
  }
  progress(loaded: number, total: number) {
    this.upload.dispatchEvent(Object.assign(new Event('progress'), { loaded, total, lengthComputable: total > 0 }))
  }
  answer(status: number, text: string) {
    this.status = status
    this.responseText = text
    this.tell('load')
  }
  tell(name: string) {
    this.dispatchEvent(new Event(name))
    this.dispatchEvent(new Event('loadend'))
  }
}

beforeEach(() => vi.stubGlobal('XMLHttpRequest', Request))
afterEach(() => vi.unstubAllGlobals())

const file = (name = 'a b&c.png', type = 'image/png') => new File(['12345'], name, { type })

it('sends the bytes with their name, type and key, and tells how far it is', async () => {
  const parts: number[] = []
  const sent = file()
  const stored = uploadFile(sent, { key: 'k-1', onProgress: (part) => parts.push(part) })
  const request = Request.last
  expect(request.address).toBe('POST /api/v1/files?name=a%20b%26c.png')
  expect(request.headers).toEqual({ 'content-type': 'image/png', 'idempotency-key': 'k-1' })
  expect(request.body).toBe(sent)
  request.progress(1, 5)
  request.progress(3, 0)
  request.progress(5, 5)
  request.answer(201, JSON.stringify({ id: 'fil_1' }))
  expect(await stored).toEqual({ id: 'fil_1' })
  expect(parts).toEqual([0.2, 1])
})

it('says what the type is not known of as bytes', () => {
  void uploadFile(file('LICENSE', ''))
  expect(Request.last.headers).toEqual({ 'content-type': 'application/octet-stream' })
})

it('throws what the server says is wrong', async () => {
  const problem = {
    type: 'about:blank',
    title: '',
    status: 413,
    code: 'too_large',
    detail: 'more than',
    request_id: 'r',
  }
  const refused = uploadFile(file())
  Request.last.answerHeaders = { 'retry-after': '3' }
  Request.last.answer(413, JSON.stringify(problem))
  const error = await refused.catch((caught: ProblemError) => caught)
  expect(error).toMatchObject({ problem, retryAfter: 3, temporary: false })
})

it('throws a problem for answers of others and for no answer at all', async () => {
  const proxy = uploadFile(file())
  Request.last.answer(502, '<html>bad gateway</html>')
  await expect(proxy).rejects.toMatchObject({ code: 'internal', problem: { status: 502 } })
  const nobody = uploadFile(file())
  Request.last.tell('error')
  await expect(nobody).rejects.toMatchObject({ code: 'unreachable', temporary: true })
})

it('ends when it is told to, before and after it began', async () => {
  const stop = new AbortController()
  const ended = uploadFile(file(), { signal: stop.signal })
  stop.abort()
  await expect(ended).rejects.toMatchObject({ name: 'AbortError' })
  const before = Request.last
  await expect(uploadFile(file(), { signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' })
  expect(Request.last).toBe(before)
})
