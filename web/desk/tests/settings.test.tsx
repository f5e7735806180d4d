import { ProblemError } from '@onethread/client'
import { createMemoryHistory, RouterProvider } from '@tanstack/react-router'
import { fireEvent, render, screen } from '@testing-library/react'
import i18next from 'i18next'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createQueryClient } from '../src/app/client.ts'
import { Providers } from '../src/app/Providers.tsx'
import { createDeskRouter } from '../src/app/router.tsx'
import { chooseLanguage } from '../src/i18n/index.ts'
import { faultOf, problemText } from '../src/parts/Problem.tsx'
import { emptyForm, wrongFields } from '../src/settings/accountForm.tsx'

afterEach(() => vi.unstubAllGlobals())

const problem = (status: number, code: string, faults: { field: string; message: string }[] = []) =>
  new ProblemError({ type: '', title: '', status, code, detail: '', request_id: '', faults })

/** The desk at an address, for somebody with these rights. */
async function visit(path: string, may: string[]): Promise<void> {
  vi.stubGlobal('scrollTo', () => {})
  vi.stubGlobal('fetch', async (request: Request) => {
    const own = new URL(request.url).pathname === '/api/v1/me'
    const me = {
      caller: { id: 'agt_1', type: 'agent', name: 'Tomas', role: 'agent' },
      workspace: { id: 'wsp_1', name: 'Shop' },
      may,
    }
    return Response.json(own ? me : { items: [], next_cursor: null })
  })
  const client = createQueryClient(() => {})
  const router = createDeskRouter(client)
  router.update({ ...router.options, history: createMemoryHistory({ initialEntries: [path] }) } as never)
  render(
    <Providers client={client} test>
      <RouterProvider router={router as never} />
    </Providers>,
  )
}

describe('pages that only some may see', () => {
  it.each(['/settings/accounts', '/settings/accounts/new', '/settings/accounts/cha_1', '/operations'])(
    'are nothing for the others: %s',
    async (path) => {
      await visit(path, ['read_threads', 'send_messages'])
      expect(await screen.findByText('There is nothing here')).toBeTruthy()
      expect(screen.queryByRole('form')).toBeNull()
    },
  )
})

describe('the form of a page', () => {
  const right = { ...emptyForm, name: 'Shop', page_id: ' 42 ', page_access_token: 'EAAx', app_secret: 's' }

  it('finds what cannot be right before it is sent', () => {
    expect([...wrongFields(right, false)]).toEqual([])
    expect([...wrongFields(emptyForm, false)]).toEqual(['name', 'page_id', 'page_access_token', 'app_secret'])
    expect([...wrongFields({ ...right, page_id: 'Shop', page_access_token: 'EAA x' }, false)]).toEqual([
      'page_id',
      'page_access_token',
    ])
    expect([...wrongFields({ ...right, page_access_token: '', app_secret: '' }, true)]).toEqual([])
  })

  it('says what would be right in the language of the reader', async () => {
    await visit('/settings/accounts/new', ['manage_channels'])
    fireEvent.click(await screen.findByRole('button', { name: 'Connect this page' }))
    expect(await screen.findByText(/numeric ID/)).toBeTruthy()
    const refused = problem(422, 'invalid', [{ field: 'settings.page_id', message: 'English words' }])
    await chooseLanguage('lt')
    expect(faultOf(i18next.t, refused, 'page_id')).toMatch(/skaitmenys/)
    expect(problemText(i18next.t, problem(409, 'already_connected'))).toMatch(/jau prijungtas/)
    await chooseLanguage('en')
  })
})
