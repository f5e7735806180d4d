import type { Entry } from '@onethread/client'
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { fireEvent, render, screen, waitFor } from '@testing-library/react'
import i18next from 'i18next'
import type { ReactNode } from 'react'
import { describe, expect, it } from 'vitest'
import { createQueryClient } from '../src/app/client.ts'
import { Providers } from '../src/app/Providers.tsx'
import { at, inbound, outbound } from '../src/states/samples.ts'
import composer from '../src/threads/Composer.states.tsx'
import { readDraft } from '../src/threads/drafts.ts'
import list from '../src/threads/ThreadList.states.tsx'
import timeline from '../src/threads/Timeline.states.tsx'
import { byline, isNews } from '../src/threads/words.ts'

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

describe('the list', () => {
  it('says what became of our last word, and never only by colour', async () => {
    await draw(list.rest)
    expect(await screen.findByText('Not delivered')).toBeTruthy()
    expect(screen.getByText('陈思远')).toBeTruthy()
  })

  it('draws a screenful of 10,000 rows and names their number', async () => {
    await draw(list['10,000 rows'])
    const rows = await screen.findAllByRole('listitem')
    expect(rows.length).toBeGreaterThan(5)
    expect(rows.length).toBeLessThan(60)
    expect(rows[0]?.getAttribute('aria-setsize')).toBe('10000')
  })

  it('says the next step when nobody has written', async () => {
    await draw(list['empty, may connect'])
    expect(screen.getByRole('link', { name: 'Connect a page' })).toBeTruthy()
  })

  it('keeps the technical side of a fault at hand', async () => {
    await draw(list.error)
    expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy()
    expect(screen.getByText(/req 7f3k-20m1/)).toBeTruthy()
  })
})

describe('a row', () => {
  const t = i18next.t

  it('says who of our side wrote the last words', () => {
    const ours = outbound(3, 'Hello')
    expect(byline(t, ours, 'agt_1')).toBe('You:')
    expect(byline(t, ours, 'agt_2')).toBe('Tomas:')
    expect(byline(t, { ...ours, author: { type: 'system', id: 'tok_1', name: 'Shop' } }, 'agt_1')).toBe(
      'Shop, integration:',
    )
    expect(byline(t, inbound(3, 'Hello'), 'agt_1')).toBeUndefined()
  })

  it('is news when the customer did something, not when our own page did', () => {
    expect(isNews(inbound(3, 'Hello'))).toBe(true)
    expect(isNews(outbound(3, 'Hello'))).toBe(false)
    const event = (what: string) => ({ type: 'event', seq: 4, id: 'evt_4', at: at(4), what }) as Entry
    expect(isNews(event('reaction'))).toBe(true)
    expect(isNews(event('message_echo'))).toBe(false)
  })
})

describe('the timeline', () => {
  it('says in words why a message failed and what helps', async () => {
    await draw(timeline['failed: window'])
    expect(screen.getByText(/The time to answer was over/)).toBeTruthy()
    expect(screen.getByRole('button', { name: 'Send again' })).toBeTruthy()
    expect(screen.getByText(/2018278/)).toBeTruthy()
  })

  it('says that nobody knows, and where to look', async () => {
    await draw(timeline.uncertain)
    expect(screen.getByText(/Perhaps delivered/)).toBeTruthy()
    expect(screen.getByText(/own inbox/)).toBeTruthy()
  })

  it('names bots as bots', async () => {
    await draw(timeline['who speaks'])
    expect(screen.getByText('Pim, bot')).toBeTruthy()
    expect(screen.getByText('Shop, integration')).toBeTruthy()
  })

  it('shows what is kept but not shown yet', async () => {
    await draw(timeline['kept, not shown'])
    expect(screen.getByText(/A picture: kept/)).toBeTruthy()
    expect(screen.getByText(/A tap on a button: kept/)).toBeTruthy()
  })

  it('tells that a reply waits for the connection', async () => {
    await draw(timeline['waits for the connection'])
    expect(screen.getByText(/Not sent yet/)).toBeTruthy()
  })
})

describe('the composer', () => {
  it.each([
    ['window closed', /The time to answer is over/],
    ['blocked', /cannot be reached here/],
    ['no right', /may read but not answer/],
  ] as const)('is closed with a reason: %s', async (state, reason) => {
    await draw(composer[state])
    expect(screen.getByText(reason)).toBeTruthy()
    expect(screen.queryByRole('textbox')).toBeNull()
  })

  it('counts down, and does not send what is too long', async () => {
    await draw(composer['over the limit'])
    expect(screen.getByText('3 characters over the limit of Messenger')).toBeTruthy()
    expect(screen.getByRole('button', { name: 'Send' }).getAttribute('aria-disabled')).toBe('true')
  })

  it('names no time that is left where the person cannot be reached', async () => {
    await draw(composer.blocked)
    expect(screen.queryByText(/open, /)).toBeNull()
  })

  it('keeps the newest words when the page goes away at once', async () => {
    await draw(composer.rest)
    fireEvent.change(screen.getByRole('textbox'), { target: { value: 'the last word' } })
    window.dispatchEvent(new Event('pagehide'))
    expect(readDraft('s1')).toBe('the last word')
  })

  it('finds the draft again', async () => {
    await draw(composer.draft)
    expect(screen.getByRole<HTMLTextAreaElement>('textbox').value).toMatch(/Malmö store/)
  })
})
