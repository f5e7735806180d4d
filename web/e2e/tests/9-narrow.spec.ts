import type { Locator, Page } from '@playwright/test'
import { beOwner, connect, expect, log, row, test } from '../support/fixtures.ts'
import { accessible, fits, picture } from '../support/look.ts'

const box = async (locator: Locator) => {
  const found = await locator.boundingBox()
  if (!found) throw new Error('nothing is drawn')
  return found
}

/** How far the thread is from its end, in pixels. */
const fromEnd = (page: Page) =>
  log(page).evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight)

test('a phone has room for long words, several matters and what went wrong', async ({
  browser,
  server,
  graph,
}, info) => {
  const context = await browser.newContext({
    locale: 'lt-LT',
    timezoneId: 'Europe/Vilnius',
    baseURL: server.address,
    viewport: { width: 390, height: 844 },
    reducedMotion: 'reduce',
    isMobile: true,
    hasTouch: true,
  })
  const page = await context.newPage()
  await page.addInitScript(() => localStorage.setItem('onethread.language', 'lt'))
  await beOwner(page, server)
  await connect(page, server, graph, 'Siaura')
  const person = graph.person()
  for (let number = 1; number <= 20; number += 1) await person.writes(`Eilutė numeris ${number}`)
  await page.goto('/threads')
  await row(page, 'Eilutė numeris 20').click()
  await expect(log(page).getByText('Eilutė numeris 20')).toBeVisible()

  const threadId = new URL(page.url()).pathname.split('/').at(-1) ?? ''
  const api = (method: 'get' | 'post' | 'patch', path: string, data?: unknown) =>
    page.request[method](`/api/v1/${path}`, {
      headers: { origin: server.address },
      ...(data === undefined ? {} : { data }),
    })
  const thread = await (await api('get', `threads/${threadId}`)).json()
  const named = await api('patch', `customers/${thread.customer.id}`, { name: 'Ilgavardė'.repeat(20) })
  expect(named.status(), await named.text()).toBe(200)

  await test.step('a long name leaves the field and the end of the thread where they belong', async () => {
    await page.reload()
    await expect(log(page).getByText('Eilutė numeris 20')).toBeVisible()
    await expect.poll(() => fromEnd(page)).toBeLessThanOrEqual(1)
    expect((await box(page.getByRole('textbox'))).height).toBeLessThan(80)
    await fits(page, 'a long name')
    await picture(page, info, 'narrow-name')
  })

  await test.step('the matters of a menu are large enough for a thumb', async () => {
    await page.getByRole('button', { name: 'Daugiau apie šį reikalą' }).click()
    const items = page.getByRole('menuitem')
    await expect(items.first()).toBeVisible()
    for (const item of await items.all()) expect((await box(item)).height).toBeGreaterThanOrEqual(44)
    await picture(page, info, 'narrow-menu')
    await page.keyboard.press('Escape')
  })

  await test.step('with two matters the one that is meant can be read', async () => {
    const opened = await api('post', `threads/${threadId}/episodes`, { subject: 'Grąžinimas už pavėluotą siuntinį' })
    expect(opened.status(), await opened.text()).toBe(201)
    const chooser = page.getByRole('combobox', { name: 'Reikalas, kuriam tai priklauso' })
    await expect(chooser).toBeVisible()
    expect((await box(chooser)).width).toBeGreaterThan(250)
    expect((await box(chooser)).height).toBeGreaterThanOrEqual(44)
    await picture(page, info, 'narrow-matters')
  })

  await test.step('what is said in passing covers nothing that is pressed', async () => {
    await page.getByRole('button', { name: 'Daugiau apie šį reikalą' }).click()
    await page.getByRole('menuitem', { name: 'Atlikta' }).click()
    const toast = page.getByRole('alert').filter({ has: page.getByRole('button', { name: 'Anuliuoti' }) })
    await expect(toast).toBeVisible()
    const said = await box(toast)
    expect(said.y).toBeGreaterThan(60)
    for (const control of [page.getByRole('textbox'), page.getByRole('button', { name: 'Daugiau apie šį reikalą' })]) {
      const { y, height } = await box(control)
      expect(y + height <= said.y || y >= said.y + said.height, 'the toast is beside it').toBe(true)
    }
    await picture(page, info, 'narrow-toast')
  })

  await test.step('operations open on what waits there, and fit', async () => {
    await graph.mumbles()
    await page.goto('/operations')
    await expect(page.getByRole('tab', { selected: true })).toHaveText(/Neįskaitoma.*\d/)
    const again = page.getByRole('button', { name: /Bandyti dar kartą/ }).first()
    const { x, width } = await box(again)
    expect(x + width).toBeLessThanOrEqual(390)
    await expect(page.getByRole('main')).not.toContainText('not UTF-8')
    await accessible(page, 'operations on a phone')
    await fits(page, 'operations on a phone')
    await picture(page, info, 'narrow-operations')
  })
  await test.step('a lost connection is told in few lines', async () => {
    await context.routeWebSocket(/\/api\/v1\/live/, (socket) => socket.close())
    await page.addInitScript(() => localStorage.setItem('onethread.language', 'pl'))
    await page.goto(`/threads/${threadId}`)
    const banner = page.locator('.banner')
    await expect(banner).toContainText('Brak połączenia')
    expect((await box(banner)).height).toBeLessThan(130)
    await fits(page, 'a lost connection')
    await picture(page, info, 'narrow-banner')
  })
  await context.close()
})
