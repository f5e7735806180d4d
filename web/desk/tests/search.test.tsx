import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { fireEvent, render, screen, waitFor } from '@testing-library/react'
import { type ReactNode, useState } from 'react'
import { describe, expect, it } from 'vitest'
import { createQueryClient } from '../src/app/client.ts'
import { Providers } from '../src/app/Providers.tsx'
import { marked } from '../src/search/marked.ts'
import states from '../src/search/Search.states.tsx'
import { SearchField } from '../src/search/SearchField.tsx'
import { useChoice } from '../src/search/useChoice.ts'
import type { Found } from '../src/search/useSearch.ts'
import { customer, inbound } from '../src/states/samples.ts'

async function draw(state: () => ReactNode): Promise<void> {
  const router = createRouter({
    routeTree: createRootRoute({ component: () => <div data-testid="drawn">{state()}</div> }),
    history: createMemoryHistory({ initialEntries: ['/'] }),
  })
  render(
    <Providers client={createQueryClient(() => {})} test>
      <RouterProvider router={router as never} />
    </Providers>,
  )
  await waitFor(() => screen.getByTestId('drawn'))
}

describe('a snippet', () => {
  it('is cut by characters, not by UTF-16 units', () => {
    expect(marked({ text: '👍 退款单', highlights: [[2, 4]] })).toEqual([
      { text: '👍 ', hit: false },
      { text: '退款', hit: true },
      { text: '单', hit: false },
    ])
    expect(marked({ text: 'whole', highlights: [[0, 5]] })).toEqual([{ text: 'whole', hit: true }])
    expect(marked({ text: '', highlights: [] })).toEqual([])
  })
})

describe('the results', () => {
  it('are grouped, and say which one is chosen', async () => {
    await draw(states.found)
    expect(screen.getByRole('group', { name: 'People' })).toBeTruthy()
    expect(screen.getByRole('group', { name: 'Notes' })).toBeTruthy()
    expect(screen.getByRole('group', { name: 'Messages' })).toBeTruthy()
    const options = screen.getAllByRole('option')
    expect(options.map((option) => option.getAttribute('aria-selected'))).toEqual(['true', ...Array(4).fill('false')])
    expect(screen.getByRole('combobox').getAttribute('aria-activedescendant')).toBe(options[0]?.id)
    expect(screen.getByText('grąžinti').tagName).toBe('MARK')
    expect(screen.getByText('退款单号').tagName).toBe('MARK')
  })

  it('name a note, and who wrote it', async () => {
    await draw(states['notes alone'])
    const option = screen.getByRole('option')
    expect(option.textContent).toContain('Note')
    expect(option.textContent).toContain('Tomas: ')
    expect(screen.getByText('Skarv', { selector: 'mark' })).toBeTruthy()
    expect(screen.getByRole('button', { name: 'Notes' }).getAttribute('aria-pressed')).toBe('true')
  })

  it('lead to more of a kind, where only a few of it stand among the others', async () => {
    await draw(states['more to come'])
    expect(screen.getByRole('button', { name: 'More messages' })).toBeTruthy()
    expect(screen.getByRole('button', { name: 'More people' })).toBeTruthy()
    expect(screen.getByRole('button', { name: 'More notes' })).toBeTruthy()
  })

  it('offer nobody to look for within a thread', async () => {
    await draw(states['within a thread'])
    expect(screen.queryByRole('button', { name: 'People' })).toBeNull()
    expect(screen.getAllByRole('option')).toHaveLength(4)
  })

  it('say the next step when there are none', async () => {
    await draw(states.none)
    expect(screen.getByText('Nothing found for “Skarv XXL violet”')).toBeTruthy()
    expect(screen.getByText(/fewer or shorter/)).toBeTruthy()
  })

  it('keep the technical side of a fault at hand', async () => {
    await draw(states.error)
    expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy()
    expect(screen.getByText(/req 7f3k-20m1/)).toBeTruthy()
  })
})

const hits = [1, 2, 3].map((place) => ({
  kind: 'message' as const,
  thread_id: `thr_${place}`,
  customer: customer(place),
  entry: inbound(place, `word ${place}`),
  snippet: { text: `word ${place}`, highlights: [] },
}))

function Walk({ opened }: { opened: (id: string) => void }) {
  const [words, setWords] = useState('word')
  const found: Found = {
    words,
    groups: [{ kind: 'messages', hits, more: false }],
    pending: false,
    error: null,
    more: false,
    loadingMore: false,
    onMore: () => {},
    onAgain: () => {},
  }
  const { chosen, active, move } = useChoice('list', found)
  return (
    <SearchField
      list="list"
      label="Search"
      placeholder=""
      words={words}
      onWords={setWords}
      open
      active={active}
      onMove={move}
      onOpen={() => opened(chosen?.entry?.id ?? '')}
      onLeave={() => setWords('')}
    />
  )
}

describe('the field', () => {
  it('walks with the arrows, opens with Enter, leaves with Escape', async () => {
    const opened: string[] = []
    await draw(() => <Walk opened={(id) => opened.push(id)} />)
    const field = screen.getByRole<HTMLInputElement>('combobox')
    const press = (key: string) => fireEvent.keyDown(field, { key })
    press('Enter')
    press('ArrowDown')
    press('ArrowDown')
    press('ArrowDown')
    press('Enter')
    press('ArrowUp')
    press('Enter')
    expect(opened).toEqual(['msg_1', 'msg_3', 'msg_2'])
    fireEvent.change(field, { target: { value: 'other' } })
    press('Enter')
    expect(opened.at(-1)).toBe('msg_1')
    press('Escape')
    expect(field.value).toBe('')
  })

  it('leaves the keys of an unfinished Han character alone', async () => {
    const opened: string[] = []
    await draw(() => <Walk opened={(id) => opened.push(id)} />)
    fireEvent.keyDown(screen.getByRole('combobox'), { key: 'Enter', isComposing: true })
    expect(opened).toEqual([])
  })
})
