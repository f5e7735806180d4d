import type { Entry } from '@onethread/client'
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { fireEvent, render, screen, waitFor } from '@testing-library/react'
import i18next from 'i18next'
import type { ReactNode } from 'react'
import { describe, expect, it } from 'vitest'
import { createQueryClient } from '../src/app/client.ts'
import { Providers } from '../src/app/Providers.tsx'
import webhooks from '../src/settings/Webhooks.states.tsx'
import { at, inbound, outbound } from '../src/states/samples.ts'
import composer from '../src/threads/Composer.states.tsx'
import { readDraft } from '../src/threads/drafts.ts'
import matters from '../src/threads/MatterBar.states.tsx'
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

  it('shows what waits for its time, and what can be done until then', async () => {
    await draw(timeline['waits for its time'])
    expect(screen.getByText(/Goes out/)).toBeTruthy()
    expect(screen.getByText(/Not if they write before/)).toBeTruthy()
    for (const name of ['Send now', 'Change', 'Call back']) expect(screen.getByRole('button', { name })).toBeTruthy()
  })

  it('says why a message is held, and leads to what mends it', async () => {
    await draw(timeline['held by a pause'])
    expect(screen.getByText(/refuses our credentials/)).toBeTruthy()
    expect(screen.getByRole('link', { name: 'Open the channel account' })).toBeTruthy()
    expect(screen.getByRole('button', { name: 'Call back' })).toBeTruthy()
    expect(screen.queryByRole('button', { name: 'Send again' })).toBeNull()
  })

  it('offers another way, and says when one was taken', async () => {
    await draw(timeline['called off, and another way'])
    expect(screen.getByRole('button', { name: 'Send another way' })).toBeTruthy()
    expect(screen.getByText(/Another message was sent in its place/)).toBeTruthy()
    expect(screen.getByText('Sent again another way')).toBeTruthy()
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

  it('draws what is not words, and says what it is called', async () => {
    await draw(timeline['other than words'])
    for (const words of ['lamp.jpg', '49.00 EUR', 'Shop', 'Lamps', 'Which one?', 'Floor lamp']) {
      expect(screen.getAllByText(words).length, words).toBeGreaterThan(0)
    }
    expect(screen.getByRole('link', { name: /Lamps/ }).getAttribute('href')).toBe('https://shop.example.com/l1')
    expect(screen.getByRole('article', { name: /A picture – lamp.jpg/ })).toBeTruthy()
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

  it('is open for a person alone after the window, and says until when', async () => {
    await draw(composer['only people'])
    expect(screen.getByText(/only a person may write, until .*2/)).toBeTruthy()
    expect(screen.getByRole('textbox')).toBeTruthy()
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

describe('webhooks', () => {
  it('say how they go in words', async () => {
    await draw(webhooks.list)
    expect(screen.getByText(/Nothing has arrived since/)).toBeTruthy()
    expect(screen.getByText(/answered that it is gone/)).toBeTruthy()
    expect(screen.getByText('Nothing has been sent yet.')).toBeTruthy()
  })

  it('offer to send again what was given up, while they are on', async () => {
    await draw(webhooks.failing)
    expect(screen.getByText('3 events were given up')).toBeTruthy()
    expect(screen.getByRole('button', { name: 'Send them again' })).toBeTruthy()
    await draw(webhooks['failing and off'])
    expect(screen.getAllByRole('button', { name: 'Send them again' })).toHaveLength(1)
  })

  it('show the secret whole, to be copied', async () => {
    await draw(webhooks['secret, once'])
    expect(screen.getByText(/^whsec_/)).toBeTruthy()
    expect(screen.getByRole('button', { name: 'Copy' })).toBeTruthy()
  })

  it('ask for families of kinds, and keep a kind that was chosen by itself', async () => {
    await draw(webhooks.kinds)
    const chosen = (name: string | RegExp) => screen.getByRole<HTMLInputElement>('checkbox', { name }).checked
    expect(chosen(/^Messages/)).toBe(true)
    expect(chosen(/^Customers/)).toBe(false)
    expect(chosen('token.revoked')).toBe(true)
    expect(chosen('brand')).toBe(false)
  })

  it('say why a try failed, and do not offer to repeat a test', async () => {
    await draw(webhooks.deliveries)
    expect(screen.getByText('The receiver answered 503 instead of a 2xx status.')).toBeTruthy()
    expect(screen.getByText('No answer within 15 seconds.')).toBeTruthy()
    expect(screen.getAllByRole('button', { name: 'Send again' })).toHaveLength(4)
  })
})

describe('matters', () => {
  it.each([
    ['solved by somebody', /solved/],
    ['closed after silence', /closed after silence/],
    ['reopened', /reopened, the customer wrote/],
    ['merged', /Two customers became one/],
    ['a follow-up', /follows an earlier matter/],
  ])('are told in words: %s', async (_, words) => {
    await draw(timeline['every event in words'])
    expect((await screen.findAllByText(words)).length).toBeGreaterThan(0)
  })

  it('show a note as a note, with the colleague whom it calls', async () => {
    await draw(timeline['a matter, note and promise kept'])
    expect(screen.getByRole('article', { name: /Tomas, Note/ })).toBeTruthy()
    expect(screen.getByText('@Ieva')).toBeTruthy()
    expect(screen.getByText(/Promise kept/)).toBeTruthy()
  })

  it('fold when they had ended before, and open on demand', async () => {
    await draw(timeline['folded and open matters'])
    expect(screen.queryByText('Exchange, please')).toBeNull()
    const knot = screen.getByRole('button', { name: /Exchange Skarv/ })
    expect(knot.getAttribute('aria-expanded')).toBe('false')
    expect(knot.textContent).toMatch(/1 entry/)
    fireEvent.click(knot)
    expect(screen.getByText('Exchange, please')).toBeTruthy()
  })

  it('say that a promise is late, and by how much', async () => {
    await draw(matters['promised, late'])
    expect(screen.getByText(/^7m over$/)).toBeTruthy()
  })

  it('show what was chosen', async () => {
    await draw(timeline['a choice and what was chosen'])
    expect(screen.getByText('chosen').closest('li')?.textContent).toMatch(/Courier/)
  })
})
