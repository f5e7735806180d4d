import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ProblemError } from '../src/http.ts'
import { LiveSocket, type LiveState, type SocketLike, waitBefore } from '../src/live.ts'
import type { LogFrame } from '../src/types.ts'

class FakeSocket implements SocketLike {
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  closed = false
  readonly after: string

  constructor(after: string) {
    this.after = after
  }

  close(): void {
    this.closed = true
  }

  frame(seq: number): void {
    this.onmessage?.({
      data: JSON.stringify({ cursor: `c${seq}`, seq, kind: 'message.sent', at: '2026-11-22T10:00:00Z' }),
    })
  }
}

let sockets: FakeSocket[]
let frames: number[]
let states: LiveState['phase'][]
let ticket: () => Promise<{ ticket: string; cursor: string }>
let began: number

function start(): LiveSocket {
  const live = new LiveSocket({
    ticket: () => ticket(),
    open: (_, after) => {
      const socket = new FakeSocket(after)
      sockets.push(socket)
      return socket
    },
    onFrames: (batch: LogFrame[]) => frames.push(...batch.map((frame) => frame.seq)),
    onState: (state) => states.push(state.phase),
    onBegin: () => {
      began += 1
    },
    random: () => 0.5,
  })
  live.start()
  return live
}

const settle = (millis = 20) => vi.advanceTimersByTimeAsync(millis)
const socket = (place: number): FakeSocket => {
  const found = sockets[place]
  if (!found) throw new Error(`socket ${place} was never opened`)
  return found
}

beforeEach(() => {
  vi.useFakeTimers()
  sockets = []
  frames = []
  states = []
  began = 0
  ticket = async () => ({ ticket: 't', cursor: 'c7' })
})
afterEach(() => vi.useRealTimers())

it('begins at the cursor of the ticket and says so once', async () => {
  const live = start()
  await settle()
  expect(socket(0).after).toBe('c7')
  expect(began).toBe(1)
  socket(0).onopen?.()
  expect(live.state.phase).toBe('live')
})

it('resumes after the last frame seen, without asking for the place anew', async () => {
  start()
  await settle()
  socket(0).onopen?.()
  socket(0).frame(8)
  socket(0).frame(9)
  socket(0).onclose?.({ code: 1006 })
  expect(states.at(-1)).toBe('waiting')
  ticket = async () => ({ ticket: 't2', cursor: 'c30' })
  await settle(1000)
  expect(socket(1).after).toBe('c9')
  expect(began).toBe(1)
  socket(1).frame(9)
  socket(1).frame(10)
  await settle()
  expect(frames).toEqual([8, 9, 10])
})

it('hands a burst over in one batch, in order', async () => {
  let batches = 0
  const live = new LiveSocket({
    ticket: () => ticket(),
    open: (_, after) => {
      const opened = new FakeSocket(after)
      sockets.push(opened)
      return opened
    },
    onFrames: (batch) => {
      batches += 1
      frames.push(...batch.map((frame) => frame.seq))
    },
  })
  live.start()
  await settle()
  for (let seq = 1; seq <= 50; seq += 1) socket(0).frame(seq)
  await settle()
  expect(batches).toBe(1)
  expect(frames).toHaveLength(50)
})

it('waits longer each time, within bounds, and never asks while it waits', async () => {
  expect(waitBefore(1, 0.5)).toBe(500)
  expect(waitBefore(3, 0.5)).toBe(2000)
  expect(waitBefore(40, 1)).toBeLessThanOrEqual(22_500)
  let asked = 0
  ticket = async () => {
    asked += 1
    throw new ProblemError({ type: '', title: '', status: 0, code: 'unreachable', detail: '', request_id: '' })
  }
  start()
  await settle(60_000)
  expect(asked).toBeLessThan(10)
  expect(states).toContain('waiting')
})

it('ends when the session is gone, and tries no more', async () => {
  start()
  await settle()
  socket(0).onopen?.()
  socket(0).onclose?.({ code: 4401 })
  expect(states.at(-1)).toBe('ended')
  await settle(60_000)
  expect(sockets).toHaveLength(1)
})

it('ignores an old socket that speaks after a new one was opened', async () => {
  start()
  await settle()
  socket(0).onopen?.()
  socket(0).onclose?.({ code: 1006 })
  await settle(1000)
  socket(0).frame(99)
  await settle()
  expect(frames).toEqual([])
})

it('leaves a connection that neither opens nor fails', async () => {
  start()
  await settle(10_100)
  expect(socket(0).closed).toBe(true)
  await settle(1000)
  expect(sockets.length).toBeGreaterThan(1)
})

it('goes out at once when somebody asks for it', async () => {
  const live = start()
  await settle()
  socket(0).onclose?.({ code: 1006 })
  live.retryNow()
  await settle(1)
  expect(sockets).toHaveLength(2)
})
