import type { Locator } from '@playwright/test'
import { beOwner, connect, expect, log, row, test } from '../support/fixtures.ts'
import { fits, picture } from '../support/look.ts'

const box = async (locator: Locator) => {
  const found = await locator.boundingBox()
  if (!found) throw new Error('nothing is drawn')
  return found
}

test('very long words stay inside their place, and toasts leave the tools free', async ({
  page,
  server,
  graph,
}, info) => {
  await beOwner(page, server)
  await connect(page, server, graph, 'Wide')
  const person = graph.person()
  await person.writes('Where is parcel NV-90001?')
  await page.goto('/threads')
  await row(page, 'Where is parcel NV-90001?').click()
  await expect(log(page).getByText('Where is parcel NV-90001?')).toBeVisible()
  const threadId = new URL(page.url()).pathname.split('/').at(-1) ?? ''
  const headers = { origin: server.address }
  const thread = (await (await page.request.get(`/api/v1/threads/${threadId}`)).json()) as { customer: { id: string } }
  // 422: another test has defined it.
  await page.request.post('/api/v1/attributes', { headers, data: { key: 'remarks', name: 'Remarks', type: 'text' } })
  const told = await page.request.patch(`/api/v1/customers/${thread.customer.id}`, {
    headers,
    data: { attributes: { remarks: 'Long '.repeat(400).trim() } },
  })
  expect(told.status(), await told.text()).toBe(200)

  await test.step('a promise without a gap ends before the panel', async () => {
    await log(page).focus()
    await page.keyboard.press('p')
    const sheet = page.getByRole('dialog', { name: 'Promise an answer' })
    await sheet.getByLabel('Answer by').fill(
      await page.evaluate(() => {
        const at = new Date(Date.now() + 7_200_000)
        return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
      }),
    )
    await sheet.getByLabel('What was promised').fill('W'.repeat(500))
    await sheet.getByRole('button', { name: 'Promise', exact: true }).click()
    const words = log(page).getByText(/W{500}/)
    await expect(words).toBeVisible()
    const end = await log(page).evaluate((element) => element.getBoundingClientRect().right)
    const { x, width } = await box(words)
    expect(x + width).toBeLessThanOrEqual(end)
    await fits(page, 'a long promise')
  })

  await test.step('a long value is folded, and opens', async () => {
    const value = page.getByText(/^Long Long/)
    const folded = await box(value)
    expect(folded.height).toBeLessThan(220)
    await page.getByRole('button', { name: 'Show all' }).click()
    expect((await box(value)).height).toBeGreaterThan(folded.height)
    await page.getByRole('button', { name: 'Show less' }).click()
  })

  await test.step('a toast lies beside the tools of the composer and of the matter', async () => {
    await page.keyboard.press('Escape')
    await log(page).focus()
    await page.keyboard.press('e')
    const toast = page.getByRole('alert').filter({ has: page.getByRole('button', { name: 'Undo' }) })
    await expect(toast).toBeVisible()
    const said = await box(toast)
    for (const control of [
      page.getByRole('button', { name: 'Send', exact: true }),
      page.getByRole('button', { name: 'Attach files' }),
      page.getByRole('button', { name: 'More about this matter' }),
    ]) {
      const { x, y, width, height } = await box(control)
      const beside =
        x + width <= said.x || x >= said.x + said.width || y + height <= said.y || y >= said.y + said.height
      expect(beside, 'the toast covers nothing that is pressed').toBe(true)
    }
    await picture(page, info, 'wide-toast')
  })

  await test.step('the subscribed fields are named where a page is connected', async () => {
    await page.goto('/settings/accounts')
    const accounts = (await (await page.request.get('/api/v1/channel-accounts')).json()) as { items: { id: string }[] }
    await page.goto(`/settings/accounts/${accounts.items[0]?.id}`)
    await expect(page.getByText('messaging_handovers', { exact: true })).toBeVisible()
    await picture(page, info, 'wide-fields')
  })
})
