import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beOwner, connect, expect, test } from '../support/fixtures.ts'
import { accessible, fits, picture } from '../support/look.ts'

/** A program that takes calls on this machine, and answers as it is told. */
async function receiver() {
  const state = { status: 200, calls: [] as { type: string; id: string }[] }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => {
      body += part.toString()
    })
    request.on('end', () => {
      state.calls.push(JSON.parse(body) as { type: string; id: string })
      response.writeHead(state.status).end(state.status === 200 ? '' : 'not today')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { state, url: `http://127.0.0.1:${port}/hooks`, stop: () => server.close() }
}

for (const [size, viewport] of Object.entries({
  wide: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
})) {
  test(`a program is told what happens, ${size}`, async ({ page, server, graph }, info) => {
    test.setTimeout(120_000)
    await page.setViewportSize(viewport)
    const program = await receiver()
    const look = async (name: string) => {
      await accessible(page, name)
      await fits(page, name)
      await picture(page, info, `${name}-${size}`)
    }
    await beOwner(page, server)
    await connect(page, server, graph, `Webhooks ${size}`)

    await page.goto('/settings/webhooks/new')
    await expect(page.getByRole('heading', { name: 'Add a webhook' })).toBeVisible()
    await page.getByLabel('Name for your team').fill(`CRM ${size}`)
    await page.getByLabel('Address', { exact: true }).fill('https://192.168.0.1/hooks')
    await page.getByLabel('Everything').uncheck()
    await expect(page.getByText('Choose at least one.')).toBeVisible()
    await expect(page.getByRole('button', { name: 'Add', exact: true })).toBeDisabled()
    await page.getByLabel('Messages: written, sent, delivered, read, failed').check()
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await expect(page.getByText(/^A complete https address/)).toBeVisible()
    await look('webhook-new')
    await page.getByLabel('Address', { exact: true }).fill(program.url)
    await page.getByRole('button', { name: 'Add', exact: true }).click()

    await expect(page.getByRole('heading', { name: `CRM ${size}` })).toBeVisible()
    await expect(page.getByText(/^whsec_/)).toBeVisible()
    await expect(page.getByText('Nothing has been sent yet.')).toBeVisible()
    await page.getByRole('button', { name: 'Test now' }).click()
    await expect(page.getByText(/It arrived: the receiver answered 200/)).toBeVisible()
    await expect(page.getByRole('listitem').filter({ hasText: 'webhook.test' })).toBeVisible()
    await look('webhook')
    await page.getByRole('button', { name: 'I have stored it' }).click()
    await expect(page.getByText(/^whsec_/)).toHaveCount(0)

    await graph.person().writes('Tell the CRM')
    await expect.poll(() => program.state.calls.map((call) => call.type)).toContain('message.received')
    program.state.status = 500
    await page.getByRole('button', { name: 'Test again' }).click()
    await expect(page.getByText('The receiver answered 500 instead of a 2xx status.').first()).toBeVisible()
    program.state.status = 200
    await page.getByText('Failed', { exact: true }).click()
    await expect(page.getByRole('listitem').filter({ hasText: 'message.received' })).toHaveCount(0)
    await expect(page.getByText('not today').first()).toBeVisible()
    await page.getByText('All', { exact: true }).click()
    const told = page.getByRole('listitem').filter({ hasText: 'message.received' })
    await told.getByRole('button', { name: 'Send again' }).click()
    await expect(told.getByRole('button', { name: 'On its way' })).toBeDisabled()
    const received = () => program.state.calls.filter((call) => call.type === 'message.received')
    await expect.poll(() => received().length).toBe(2)
    expect(new Set(received().map((call) => call.id)).size).toBe(1)
    await look('webhook-deliveries')

    await page.getByRole('button', { name: 'New secret' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'New secret' }).click()
    await expect(page.getByText(/^whsec_/)).toBeVisible()
    await expect(page.getByText(/the former secret signs as well/)).toBeVisible()
    await page.getByRole('button', { name: 'Edit' }).click()
    await page.getByLabel('Name for your team').fill(`ERP ${size}`)
    await page.getByLabel('Everything').check()
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByRole('heading', { name: `ERP ${size}` })).toBeVisible()
    await page.getByRole('button', { name: 'Switch off' }).click()
    await expect(page.getByText('It is switched off and told nothing.')).toBeVisible()
    await page.goto('/settings/webhooks')
    await expect(page.getByRole('link', { name: `Open ERP ${size}` })).toBeVisible()
    await look('webhooks')
    await page.getByRole('link', { name: `Open ERP ${size}` }).click()
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await expect(page.getByRole('heading', { name: 'No program is told anything yet' })).toBeVisible()
    await look('webhooks-none')
    program.stop()
  })
}
