import { createHmac, randomBytes, randomInt } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The events that a page has to be subscribed to. */
const FIELDS = [
  'messages',
  'messaging_postbacks',
  'message_deliveries',
  'message_reads',
  'message_reactions',
  'message_edits',
  'message_echoes',
  'messaging_handovers',
  'messaging_optins',
  'messaging_referrals',
  'standby',
]

/** A picture of one pixel. */
const DOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
)

/** What the stand-in was asked to send. */
export type Sent = { page: string; recipient: string; text: string; mid: string; body: Record<string, unknown> }

/** How the next calls fail: the error of the Graph API, or silence. */
export type Fault = { status: number; code: number; subcode?: number; message: string } | 'no answer'

/**
 * A stand-in for Meta's Graph API and for the people who write to a page: it takes what the server sends, and calls the
 * server back with signed events. Written from the provider's documentation, not from our adapter.
 */
export class Graph {
  readonly pageId = String(randomInt(100_000, 999_999)) + String(randomInt(100_000, 999_999))
  readonly pageName = 'Norrvik'
  readonly token = `EAAG${randomBytes(12).toString('hex')}`
  readonly appSecret = randomBytes(16).toString('hex')
  readonly sent: Sent[] = []
  /** What was shown without a message (`typing_on`), in order. */
  readonly actions: string[] = []
  /** The files that were uploaded: the id given, the form as it came. */
  readonly uploads: { id: string; form: string }[] = []
  subscribed = true
  private readonly hosted = new Map<string, Uint8Array>()
  private gate: Promise<void> = Promise.resolve()
  private faults: Fault[] = []
  private callback: string | undefined
  private readonly server = createServer((request, response) => {
    void this.answer(request).then(
      (answer) => {
        if (answer === undefined) return request.socket.destroy()
        if (answer.body instanceof Uint8Array) {
          response.writeHead(answer.status, { 'content-type': 'image/png', 'content-length': answer.body.length })
          return response.end(answer.body)
        }
        response.writeHead(answer.status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(answer.body))
      },
      () => request.socket.destroy(),
    )
  })

  async start(): Promise<this> {
    await new Promise<void>((listening) => this.server.listen(0, '127.0.0.1', listening))
    return this
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((closed) => this.server.close(closed))
  }

  get base(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** Where the server said that it wants to be called. */
  callAt(address: string): void {
    this.callback = address
  }

  /** The next calls of the send API fail so, in this order. */
  fail(...faults: Fault[]): void {
    this.faults.push(...faults)
  }

  private async answer(request: IncomingMessage): Promise<{ status: number; body: unknown } | undefined> {
    const url = new URL(request.url ?? '/', 'http://graph')
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const bytes = Buffer.concat(chunks)
    if (url.pathname.startsWith('/cdn/')) {
      await this.gate
      const file = this.hosted.get(url.pathname)
      return file ? { status: 200, body: file } : { status: 404, body: {} }
    }
    const bearer = request.headers.authorization?.replace(/^Bearer /, '')
    if ((bearer ?? url.searchParams.get('access_token')) !== this.token) {
      return error(400, { code: 190, message: 'Invalid OAuth access token.' })
    }
    const [, version, page, edge] = url.pathname.split('/')
    if (!/^v\d+\.\d+$/.test(version ?? '') || page !== this.pageId) {
      return error(400, {
        code: 100,
        subcode: 33,
        message: `Unsupported request. Object with ID '${page}' does not exist`,
      })
    }
    if (request.method === 'GET' && edge === undefined)
      return { status: 200, body: { id: this.pageId, name: this.pageName } }
    if (request.method === 'GET' && edge === 'subscribed_apps') {
      return {
        status: 200,
        body: { data: this.subscribed ? [{ id: '517000000000111', name: 'App', subscribed_fields: FIELDS }] : [] },
      }
    }
    if (request.method === 'POST' && edge === 'messages')
      return this.send(JSON.parse(bytes.toString()) as Record<string, unknown>)
    if (request.method === 'POST' && edge === 'message_attachments') return this.upload(bytes)
    return error(404, { code: 100, message: 'Unknown path components' })
  }

  /** A file that goes with messages; what is not said in the form's own words is its bytes. */
  private upload(form: Buffer): { status: number; body: unknown } {
    const id = String(randomInt(1_000_000, 9_999_999))
    this.uploads.push({ id, form: form.toString('latin1') })
    return { status: 200, body: { attachment_id: id } }
  }

  /** Keeps a picture at an address, as the provider keeps what customers send. */
  host(bytes: Uint8Array): string {
    const path = `/cdn/${randomBytes(6).toString('hex')}`
    this.hosted.set(path, bytes)
    return `${this.base}${path}?oh=1&oe=2`
  }

  /** Holds back what is asked for until the answer is called. */
  hold(): () => void {
    let open = () => {}
    this.gate = new Promise((opened) => {
      open = opened
    })
    return open
  }

  private send(body: Record<string, unknown>): { status: number; body: unknown } | undefined {
    const recipient = (body.recipient as { id: string }).id
    if (typeof body.sender_action === 'string') {
      this.actions.push(body.sender_action)
      return { status: 200, body: { recipient_id: recipient } }
    }
    const words = (body.message as { text?: string }).text ?? ''
    const fault = this.faults.shift()
    if (fault === 'no answer') return undefined
    if (fault) return error(fault.status, fault)
    const mid = `m_${randomBytes(9).toString('base64url')}`
    this.sent.push({ page: this.pageId, recipient, text: words, mid, body })
    return { status: 200, body: { recipient_id: recipient, message_id: mid } }
  }

  /** A person who writes to the page. */
  person(): Person {
    return new Person(this)
  }

  /** Calls the server back with one event, signed over the bytes as they leave, with `\u` escapes as Meta has them. */
  async event(person: string, event: Record<string, unknown>, at = Date.now(), outgoing = false): Promise<void> {
    const [sender, recipient] = outgoing ? [this.pageId, person] : [person, this.pageId]
    const messaging = [{ sender: { id: sender }, recipient: { id: recipient }, timestamp: at, ...event }]
    await this.callBack(escaped({ object: 'page', entry: [{ id: this.pageId, time: Date.now(), messaging }] }))
  }

  /** A callback whose content nobody can read. */
  async mumbles(): Promise<void> {
    await this.callBack(`{"object":"page","entry":${randomInt(1_000_000)}}`)
  }

  private async callBack(body: string): Promise<void> {
    if (!this.callback) throw new Error('nobody said where to call back')
    const signature = createHmac('sha256', this.appSecret).update(body).digest('hex')
    const answer = await fetch(this.callback, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
      body,
    })
    if (answer.status !== 200) throw new Error(`the callback was answered with ${answer.status}`)
  }

  /** The handshake that Meta does when an address is saved. */
  async handshake(verifyToken: string): Promise<{ status: number; body: string }> {
    const url = new URL(this.callback ?? '')
    url.search = new URLSearchParams({
      'hub.mode': 'subscribe',
      'hub.verify_token': verifyToken,
      'hub.challenge': '1158201444',
    }).toString()
    const answer = await fetch(url)
    return { status: answer.status, body: await answer.text() }
  }
}

export class Person {
  readonly id = `70010${randomInt(100_000, 999_999)}${randomInt(10_000, 99_999)}`
  private readonly graph: Graph

  constructor(graph: Graph) {
    this.graph = graph
  }

  async writes(text: string, at?: number): Promise<void> {
    await this.graph.event(this.id, { message: { mid: `m_${randomBytes(9).toString('base64url')}`, text } }, at)
  }

  async sendsImage(url = this.graph.host(DOT)): Promise<void> {
    const attachments = [{ type: 'image', payload: { url } }]
    await this.graph.event(this.id, { message: { mid: `m_${randomBytes(9).toString('base64url')}`, attachments } })
  }

  async taps(title: string): Promise<void> {
    await this.graph.event(this.id, {
      postback: { mid: `m_${randomBytes(9).toString('base64url')}`, title, payload: 'GET_STARTED' },
    })
  }

  async gets(...mids: string[]): Promise<void> {
    await this.graph.event(this.id, { delivery: { mids, watermark: Date.now() } })
  }

  async reads(): Promise<void> {
    await this.graph.event(this.id, { read: { watermark: Date.now() } })
  }

  /** Somebody answered from the page's own inbox. */
  async isAnsweredElsewhere(text: string): Promise<void> {
    const message = { mid: `m_${randomBytes(9).toString('base64url')}`, is_echo: true, app_id: 263902037430900, text }
    await this.graph.event(this.id, { message }, Date.now(), true)
  }
}

function error(status: number, fault: { code: number; subcode?: number; message: string }) {
  const { code, subcode, message } = fault
  return {
    status,
    body: { error: { message, type: 'OAuthException', code, error_subcode: subcode, fbtrace_id: 'A1b2' } },
  }
}

const escaped = (value: unknown): string =>
  JSON.stringify(value)
    .replaceAll('/', '\\/')
    .replace(/[\u0080-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
