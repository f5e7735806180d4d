import type { Episode } from '@onethread/client'
import { QueryClient } from '@tanstack/react-query'
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { fireEvent, render, screen, waitFor } from '@testing-library/react'
import type { ReactNode } from 'react'
import { expect, it } from 'vitest'
import { keys } from '../src/api/keys.ts'
import { createQueryClient } from '../src/app/client.ts'
import { Providers } from '../src/app/Providers.tsx'
import { LiveCache } from '../src/live/cache.ts'
import { at, episode, label, stepped } from '../src/states/samples.ts'
import matters from '../src/threads/MatterBar.states.tsx'
import { ChooseLabels } from '../src/threads/MatterLabels.tsx'

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

it('shows the labels of a matter beside its name', async () => {
  await draw(matters.labelled)
  expect(screen.getAllByRole('listitem').map((item) => item.textContent)).toEqual(['Refund', 'Urgent'])
})

it('puts on and takes off with one press each', async () => {
  const pressed: [string, boolean][] = []
  const [refund, urgent] = [label(1, 'Refund'), label(2, 'Urgent')]
  const gone = label(3, 'Gone', { archived: true })
  const kept = label(4, 'Kept', { archived: true })
  const offer = { items: [refund, urgent, gone, kept], error: null, onAgain: () => {} }
  await draw(() => (
    <ChooseLabels
      episode={episode(1, { labels: [refund, kept] })}
      offer={offer}
      mayDefine={false}
      busy={false}
      onLabel={(id, carried) => pressed.push([id, carried])}
    />
  ))
  const buttons = screen.getAllByRole('button')
  expect(buttons.map((button) => [button.textContent, button.getAttribute('aria-pressed')])).toEqual([
    ['Refund', 'true'],
    ['Urgent', 'false'],
    ['Kept', 'true'],
  ])
  for (const button of buttons) fireEvent.click(button)
  expect(pressed).toEqual([
    [refund.id, false],
    [urgent.id, true],
    [kept.id, false],
  ])
})

it('narrows many labels by typing', async () => {
  await draw(matters['labels, many'])
  fireEvent.change(screen.getByRole('textbox'), { target: { value: 'label 12' } })
  expect(screen.getAllByRole('button', { name: /^Label/ }).map((button) => button.textContent)).toEqual(['Label 12'])
  fireEvent.change(screen.getByRole('textbox'), { target: { value: 'no such word' } })
  expect(screen.queryByRole('button', { name: /^Label/ })).toBeNull()
})

it('leads to where labels are defined when there are none', async () => {
  await draw(matters['labels, none defined'])
  expect(screen.getByRole('link')).toBeTruthy()
})

it('takes a labelled matter from its frame, and reads matters again when a label is renamed', () => {
  const client = new QueryClient()
  const cache = new LiveCache(client)
  client.setQueryData<Episode[]>(keys.episodes('thr_1'), [episode(1)])
  const labelled = episode(1, { version: 2, labels: [label(1, 'Refund')] })
  cache.apply([stepped(7, 'episode.changed', labelled)])
  expect(client.getQueryData<Episode[]>(keys.episodes('thr_1'))).toEqual([labelled])
  cache.apply([stepped(8, 'episode.changed', episode(1))])
  expect(client.getQueryData<Episode[]>(keys.episodes('thr_1')), 'an older one changes nothing').toEqual([labelled])
  expect(client.getQueryState(keys.episodes('thr_1'))?.isInvalidated).toBe(false)
  cache.apply([{ cursor: 'c9', seq: 9, kind: 'label.changed', at: at(9), subject_id: 'lab_1' }])
  expect(client.getQueryState(keys.episodes('thr_1'))?.isInvalidated).toBe(true)
})
