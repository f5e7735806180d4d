import type { Entry, Page } from '@onethread/client'
import { renderHook } from '@testing-library/react'
import { expect, it, vi } from 'vitest'
import { inbound } from '../src/states/samples.ts'
import { PAGES_AT_ONCE, useSeek } from '../src/threads/useSeek.ts'

type Given = { pages: number; hasNextPage?: boolean; isFetching?: boolean; isFetchNextPageError?: boolean }

const pages = (count: number): Page<Entry>[] =>
  Array.from({ length: count }, (_, place) => ({ items: [inbound(1000 - place, 'hay')] }))

/** The way to an entry, with so many pages read. */
function seek(given: Given, id = 'msg_1') {
  const fetchNextPage = vi.fn()
  const query = { hasNextPage: true, isFetching: false, isFetchNextPageError: false, ...given, fetchNextPage }
  const data = { pages: pages(given.pages), pageParams: [] }
  const target = { id, visit: 'a' }
  const { result } = renderHook(() => useSeek({ ...query, data } as never, target))
  return { phase: result.current.phase, fetchNextPage, onAgain: result.current.onAgain }
}

it('reads older pages until the entry is there', () => {
  const far = seek({ pages: 2 })
  expect(far.phase).toBe('reading')
  expect(far.fetchNextPage).toHaveBeenCalledTimes(1)
  const near = seek({ pages: 2 }, 'msg_999')
  expect(near.phase).toBeUndefined()
  expect(near.fetchNextPage).not.toHaveBeenCalled()
})

it('waits for a page that is on its way', () => {
  const busy = seek({ pages: 2, isFetching: true })
  expect(busy.phase).toBe('reading')
  expect(busy.fetchNextPage).not.toHaveBeenCalled()
})

it('asks before it goes very far back', () => {
  const further = seek({ pages: PAGES_AT_ONCE })
  expect(further.phase).toBe('further')
  expect(further.fetchNextPage).not.toHaveBeenCalled()
  further.onAgain()
  expect(further.fetchNextPage).toHaveBeenCalledTimes(1)
})

it('says when the way broke off, and when the entry is not here', () => {
  expect(seek({ pages: 2, isFetchNextPageError: true }).phase).toBe('failed')
  expect(seek({ pages: 2, hasNextPage: false }).phase).toBe('absent')
})
