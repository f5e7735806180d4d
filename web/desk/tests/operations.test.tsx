import type { Job } from '@onethread/client'
import { fireEvent, render, screen, waitFor, within } from '@testing-library/react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { keys } from '../src/api/keys.ts'
import { createQueryClient } from '../src/app/client.ts'
import { Providers } from '../src/app/Providers.tsx'
import { OperationsPage } from '../src/operations/OperationsPage.tsx'

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
let asked: string[]

beforeEach(() => {
  jobs = [job('job_1'), job('job_2')]
  asked = []
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname } = new URL(request.url)
    if (request.method === 'GET') return Response.json({ items: jobs, next_cursor: null })
    asked.push(`${request.method} ${pathname}`)
    jobs = jobs.filter((one) => !pathname.includes(one.id))
    return request.method === 'DELETE' ? new Response(null, { status: 204 }) : Response.json(job('job_9'))
  })
})
afterEach(() => vi.unstubAllGlobals())

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
