import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InboundEvent, Job } from '@onethread/client'
import { fireEvent, render, screen, waitFor, within } from '@testing-library/react'
import i18next from 'i18next'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { keys } from '../src/api/keys.ts'
import { createQueryClient } from '../src/app/client.ts'
import { Providers } from '../src/app/Providers.tsx'
import { chooseLanguage } from '../src/i18n/index.ts'
import { OperationsPage } from '../src/operations/OperationsPage.tsx'
import { eventErrorText, kindText } from '../src/operations/words.ts'

const job = (id: string): Job => ({
  id,
  kind: 'deliver',
  subject_id: `msg_of_${id}`,
  state: 'dead',
  tries: 3,
  due_at: '2026-11-22T08:00:00Z',
  last_error: 'the token has expired',
})

let jobs: Job[]
let events: InboundEvent[]
let asked: string[]

beforeEach(() => {
  jobs = [job('job_1'), job('job_2')]
  events = []
  asked = []
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url)
    if (request.method === 'GET' && pathname === '/api/v1/inbound-events')
      return Response.json({
        items: events.filter((one) => one.state === searchParams.get('state')),
        next_cursor: null,
      })
    if (request.method === 'GET') return Response.json({ items: jobs, next_cursor: null })
    asked.push(`${request.method} ${pathname}`)
    jobs = jobs.filter((one) => !pathname.includes(one.id))
    return request.method === 'DELETE' ? new Response(null, { status: 204 }) : Response.json(job('job_9'))
  })
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await chooseLanguage('en')
})

function open(may: string[]) {
  const client = createQueryClient(() => {})
  client.setQueryData(keys.me, {
    workspace: { id: 'wsp_1', name: 'Norrvik' },
    caller: { type: 'agent', id: 'agt_1', name: 'Ann' },
    role: 'owner',
    may,
  })
  client.setQueryDefaults(keys.me, { staleTime: Number.POSITIVE_INFINITY })
  render(
    <Providers client={client} test>
      <OperationsPage />
    </Providers>,
  )
}

it('takes work up once more, and reads the list again', async () => {
  open(['read_operations', 'manage_channels'])
  fireEvent.click(await screen.findByRole('button', { name: 'Try again: msg_of_job_1' }))
  await waitFor(() => expect(screen.queryByText('msg_of_job_1')).toBeNull())
  expect(asked).toEqual(['POST /api/v1/jobs/job_1/replay'])
  expect(screen.getByText('msg_of_job_2')).toBeTruthy()
})

it('asks before it dismisses, and does nothing when one thinks better of it', async () => {
  open(['read_operations', 'manage_channels'])
  fireEvent.click(await screen.findByRole('button', { name: 'Dismiss: msg_of_job_2' }))
  const asks = await screen.findByRole('dialog', { name: 'Dismiss this work?' })
  fireEvent.click(within(asks).getByRole('button', { name: 'Cancel' }))
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  expect(asked).toEqual([])

  fireEvent.click(screen.getByRole('button', { name: 'Dismiss: msg_of_job_2' }))
  fireEvent.click(await screen.findByRole('button', { name: 'Dismiss for good' }))
  await waitFor(() => expect(screen.queryByText('msg_of_job_2')).toBeNull())
  expect(asked).toEqual(['DELETE /api/v1/jobs/job_2'])
})

it('shows no button to whoever may only look', async () => {
  open(['read_operations'])
  expect(await screen.findByText('msg_of_job_1')).toBeTruthy()
  expect(screen.queryByRole('button', { name: /Try again|Dismiss/ })).toBeNull()
})

it('opens on the first list that holds something, and counts what the lists hold', async () => {
  jobs = []
  const event = (id: string, state: InboundEvent['state'], error: string): InboundEvent => ({
    id,
    key: `key_of_${id}`,
    state,
    error,
    received_at: '2026-11-22T08:00:00Z',
    channel_account_id: null,
  })
  events = [
    event('inb_1', 'unroutable', 'for an account that is not connected here'),
    event('inb_2', 'unroutable', 'for an account that is not connected here'),
  ]
  open(['read_operations'])
  expect(await screen.findByText('key_of_inb_2')).toBeTruthy()
  const tab = screen.getByRole('tab', { name: /No page for it/ })
  expect(tab.getAttribute('aria-selected')).toBe('true')
  expect(tab.textContent).toContain('2')
  expect(screen.getByRole('tab', { name: /Failed work/ }).textContent).toBe('Failed work')
})

it('tells work and reasons in the language of the desk', async () => {
  await chooseLanguage('lt')
  const t = i18next.t
  // The kinds of work are those of the store.
  const source = readFileSync(join(import.meta.dirname, '../../../crates/store/src/jobs.rs'), 'utf8')
  const kinds = [...source.matchAll(/^pub const \w+: &str = "(\w+)";/gm)].map((match) => match[1] ?? '')
  expect(kinds).toContain('close_episode')
  for (const kind of kinds) expect(kindText(t, kind), kind).toBeTruthy()
  expect(kindText(t, 'unheard_of')).toBeUndefined()
  expect(eventErrorText(t, 'undecodable', 'the body is not UTF-8')).toMatch(/^Ženklų/)
  expect(eventErrorText(t, 'undecodable', 'not about a customer: message')).toBe(
    'Nenurodytas klientas: Žinutė be turinio.',
  )
  expect(eventErrorText(t, 'unroutable', 'for an account that is not connected here')).toMatch(/^Puslapis/)
  expect(eventErrorText(t, 'undecodable', 'anything else')).toMatch(/^Turinys/)
})
