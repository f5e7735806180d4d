import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { TypingSignal } from '../src/threads/signals.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function signal() {
  const told: boolean[] = []
  return { told, typing: new TypingSignal((typing) => told.push(typing)) }
}

it('tells at once, now and then while it goes on, and when it stops', () => {
  const { told, typing } = signal()
  for (let second = 0; second < 25; second++) {
    typing.typed()
    vi.advanceTimersByTime(1000)
  }
  expect(told).toEqual([true, true, true])
  vi.advanceTimersByTime(6000)
  expect(told).toEqual([true, true, true, false])
  typing.stop()
  expect(told).toHaveLength(4)
})

it('tells nothing more once the message is on its way, and begins anew with the next', () => {
  const { told, typing } = signal()
  typing.typed()
  typing.sent()
  vi.advanceTimersByTime(60_000)
  expect(told).toEqual([true])
  typing.typed()
  expect(told).toEqual([true, true])
})
