import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const BINARY = resolve(process.env.ONETHREAD_BIN ?? join(import.meta.dirname, '../../../target/debug/onethread'))
const START_MS = 30_000

/** One running `onethread serve`. */
export type Server = {
  address: string
  /** Printed while nobody owns the installation. */
  setUpLink: string | undefined
  /** Its log so far, for failures. */
  log: () => string
  /** Runs a command of the same binary on the same data; gives its standard output. */
  run: (...command: string[]) => Promise<string>
  stop: () => Promise<void>
}

/** The same for every server: after a test that failed, a new one goes on with the database of the one before. */
const SECRET_KEY = Buffer.alloc(32, 7).toString('base64')

export async function startServer(database: string | undefined): Promise<Server> {
  const data = mkdtempSync(join(tmpdir(), 'onethread-e2e-'))
  const engine = database ? ['--database', database] : []
  const { ONETHREAD_DATABASE: _, ...inherited } = process.env
  const env = { ...inherited, ONETHREAD_SECRET_KEY: SECRET_KEY }
  const child = spawn(BINARY, ['serve', '--data', data, '--listen', '127.0.0.1:0', ...engine], {
    // Receivers of webhooks, and what customers send, are on this machine.
    env: { ...env, ONETHREAD_WEBHOOK_ALLOW: '127.0.0.1', ONETHREAD_MEDIA_ALLOW: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (bytes: Buffer) => {
    log += bytes.toString()
  })
  const lines: string[] = []
  const output = createInterface({ input: child.stdout })
  const address = await new Promise<string>((found, failed) => {
    const timer = setTimeout(() => failed(new Error(`no address within ${START_MS} ms\n${log}`)), START_MS)
    output.on('line', (line) => {
      lines.push(line)
      if (lines.length === 1) {
        clearTimeout(timer)
        found(line.trim())
      }
    })
    child.once('error', failed)
    child.once('exit', (code) => failed(new Error(`the server ended with ${code} before it was ready\n${log}`)))
  })
  await ready(address)
  return {
    address,
    get setUpLink() {
      return lines[1]?.match(/https?:\S+/)?.[0]
    },
    log: () => log,
    run: async (...command) => {
      const { stdout } = await promisify(execFile)(BINARY, [...command, '--data', data, ...engine], { env })
      return stdout.trim()
    },
    stop: async () => {
      await end(child)
      rmSync(data, { recursive: true, force: true })
    },
  }
}

async function ready(address: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await fetch(`${address}/readyz`).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error('the server answers no /readyz')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await gone
  clearTimeout(timer)
}
