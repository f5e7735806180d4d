import { test as base, type ConsoleMessage, expect, type Page } from '@playwright/test'
import { Graph } from './graph.ts'
import { type Server, startServer } from './server.ts'

export const OWNER = {
  business: 'Norrvik',
  name: 'Tomas Vaitkus',
  email: 'tomas@norrvik.example',
  password: 'three quiet green parcels',
}

type WorkerFixtures = { server: Server }
type TestFixtures = {
  graph: Graph
  /** Everything that the browser complained about; must stay empty. */
  complaints: string[]
}

/** Answers and cuts that a test provokes on purpose: the browser writes each as an error of its own. */
const EXPECTED =
  /Failed to load resource: (the server responded with a status of (401|404|409|422|429)|net::ERR_)|WebSocket connection to .* failed/

/** Collects what the browser complains about on a page. */
export function listen(page: Page, complaints: string[]): void {
  page.on('console', (message: ConsoleMessage) => {
    if (!['error', 'warning'].includes(message.type()) || EXPECTED.test(message.text())) return
    complaints.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`thrown: ${error.message}`))
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from the pattern
    async ({}, use, info) => {
      const server = await startServer(info.project.metadata.database as string | undefined)
      await use(server)
      await server.stop()
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ server }, use) => use(server.address),
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from the pattern
  graph: async ({}, use) => {
    const graph = await new Graph().start()
    await use(graph)
    await graph.stop()
  },
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = []
      listen(page, complaints)
      await use(complaints)
      expect(complaints, 'the browser complained, about the content policy perhaps').toEqual([])
    },
    { auto: true },
  ],
})

export { expect }

/** Fills in the first-run form. */
export async function setUp(page: Page, link: string): Promise<void> {
  await page.goto(link)
  await page.getByLabel('Name of your business').fill(OWNER.business)
  await page.getByLabel('Your name').fill(OWNER.name)
  await page.getByLabel('E-mail').fill(OWNER.email)
  await page.getByLabel('Password', { exact: true }).fill(OWNER.password)
  await page.getByRole('button', { name: 'Begin' }).click()
  await expect(page.getByRole('heading', { name: 'Connect a page' })).toBeVisible()
}

const owned = new WeakSet<Server>()

/** Makes sure that the page is signed in as the owner, whoever came first. */
export async function beOwner(page: Page, server: Server): Promise<void> {
  const { needed } = (await (await page.request.get('/api/v1/setup')).json()) as { needed: boolean }
  if (needed && !owned.has(server)) {
    const code = new URL(server.setUpLink ?? '').searchParams.get('code')
    const { business, ...person } = OWNER
    const answer = await page.request.post('/api/v1/setup', {
      data: { code, workspace_name: business, ...person },
      headers: { origin: server.address },
    })
    expect(answer.status(), await answer.text()).toBe(201)
    owned.add(server)
    return
  }
  const answer = await page.request.post('/api/v1/session', {
    data: { email: OWNER.email, password: OWNER.password },
    headers: { origin: server.address },
  })
  expect(answer.status(), await answer.text()).toBe(201)
}

/** Connects the stand-in's page through the API, for tests that are about something else. */
export async function connect(page: Page, server: Server, graph: Graph, name = 'Norrvik'): Promise<string> {
  const answer = await page.request.post('/api/v1/channel-accounts', {
    headers: { origin: server.address },
    data: {
      kind: 'messenger',
      name,
      settings: { page_id: graph.pageId, api_base: graph.base },
      secrets: { page_access_token: graph.token, app_secret: graph.appSecret },
    },
  })
  expect(answer.status(), await answer.text()).toBe(201)
  const account = (await answer.json()) as { id: string; callback_path: string }
  graph.callAt(server.address + account.callback_path)
  return account.id
}

/** Defines labels, fields and opening hours through the API, once for each server. */
export async function define(page: Page, server: Server): Promise<void> {
  for (const [path, data] of [
    ['labels', { name: 'Regular', colour: 'petrol' }],
    ['labels', { name: 'Trail club', colour: 'green' }],
    ['attributes', { key: 'customer_number', name: 'Customer number', type: 'text', required: true }],
    ['attributes', { key: 'tier', name: 'Tier', type: 'choice', options: ['Gold', 'Silver'] }],
    ['calendars', { name: 'Support', zone: 'Europe/Vilnius', weekly: { monday: [{ from: '09:00', to: '18:00' }] } }],
  ] as const) {
    const answer = await page.request.post(`/api/v1/${path}`, { headers: { origin: server.address }, data })
    // 422: another test has defined it.
    expect([201, 422], await answer.text()).toContain(answer.status())
  }
}

/** The row of the list that shows these words. */
export const row = (page: Page, words: string) => page.locator('[data-thread]').filter({ hasText: words })

/** The open thread. */
export const log = (page: Page) => page.getByRole('log')
