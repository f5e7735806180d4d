import { act, renderHook } from '@testing-library/react'
import { expect, it } from 'vitest'
import { useScroll } from '../src/threads/useScroll.ts'

/** A box of a height that shows a longer list; it cannot be scrolled beyond its end. */
function scrollable(clientHeight: number, scrollHeight: number) {
  const box = document.createElement('div')
  const size = { clientHeight, scrollHeight }
  let top = 0
  Object.defineProperties(box, {
    clientHeight: { get: () => size.clientHeight },
    scrollHeight: { get: () => size.scrollHeight },
    scrollTop: {
      get: () => top,
      set: (to: number) => {
        top = Math.min(to, size.scrollHeight - size.clientHeight)
      },
    },
  })
  return { box, size, end: () => size.scrollHeight - size.clientHeight - top }
}

it('stays at the end when the field below grows before the box is told that it was scrolled', () => {
  const { box, size, end } = scrollable(600, 2000)
  const { result } = renderHook(() => useScroll({ current: box }, 1))
  expect(end()).toBe(0)
  size.clientHeight -= 84
  act(() => result.current.onScroll())
  expect(end()).toBe(0)
  expect(result.current.away).toBe(false)
})

it('leaves whoever scrolled away where they read', () => {
  const { box, size, end } = scrollable(600, 2000)
  const { result } = renderHook(() => useScroll({ current: box }, 1))
  box.scrollTop = 900
  act(() => result.current.onScroll())
  expect(result.current.away).toBe(true)
  size.clientHeight -= 84
  act(() => result.current.onScroll())
  expect(box.scrollTop).toBe(900)
  expect(end()).toBe(584)
})
