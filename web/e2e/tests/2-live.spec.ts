import type { Request, WebSocketRoute } from '@playwright/test'
import { beOwner, connect, expect, log, row, test } from '../support/fixtures.ts'
import { accessible, picture } from '../support/look.ts'

test('ten seconds without a socket: ten changes are there afterwards, without a reload and without polling', async ({
  page,
  server,
  graph,
}) => {
  await beOwner(page, server)
  await connect(page, server, graph, 'Cut')
  const [first, second, stranger] = [graph.person(), graph.person(), graph.person()]
  await first.writes('Before the cut')
  await second.writes('Somebody else, earlier')

  // A wire that can be cut: while it is, no socket opens and no ticket is given.
  let cut = false
  const wires = new Set<WebSocketRoute>()
  await page.routeWebSocket(/\/api\/v1\/live/, (wire) => {
    if (cut) return wire.close({ code: 1011 })
    const upstream = wire.connectToServer()
    wires.add(wire)
    upstream.onMessage((message) => {
      if (!cut) wire.send(message)
    })
  })
  await page.route('**/api/v1/live/tickets', (route) => (cut ? route.abort('internetdisconnected') : route.continue()))

  const gets: { path: string; at: number }[] = []
  page.on('request', (request: Request) => {
    const url = new URL(request.url())
    if (request.method() === 'GET' && url.pathname.startsWith('/api/'))
      gets.push({ path: url.pathname, at: Date.now() })
  })

  await page.goto('/threads')
  await row(page, 'Before the cut').first().click()
  await expect(log(page).getByText('Before the cut')).toBeVisible()
  await page.getByRole('textbox').fill('Ours, sent before')
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await expect(log(page).getByText('Sent', { exact: true })).toBeVisible()
  await page.evaluate(() => Object.assign(window, { notReloaded: true }))
  // What the screens read when they open is over now.
  await page.waitForTimeout(500)
  gets.length = 0

  cut = true
  const since = Date.now()
  for (const wire of wires) await wire.close({ code: 1011 })
  await expect(page.getByText(/No connection since/)).toBeVisible()
  // 1–3: words in the open thread
  for (const text of ['While away, one', 'While away, two', 'While away, three']) await first.writes(text)
  // 4, 5: what happened to our answer
  await first.gets(graph.sent[0]?.mid ?? '')
  await first.reads()
  // 6: something without a form of its own
  await first.sendsImage()
  // 7, 8: another thread
  await second.writes('The other one, again')
  await second.writes('The other one, last')
  // 9: somebody new
  await stranger.writes('Nobody knows me yet')
  // 10: an answer from elsewhere
  await second.isAnsweredElsewhere('Answered on the page')
  await page.waitForTimeout(Math.max(0, since + 10_000 - Date.now()))
  expect(gets, 'nothing is asked for while the wire is cut').toEqual([])
  await expect(log(page).getByText('While away, one')).toHaveCount(0)

  cut = false
  await expect(log(page).getByText('While away, three')).toBeVisible({ timeout: 25_000 })
  await expect(page.getByText(/No connection since/)).toHaveCount(0)
  for (const text of ['While away, one', 'While away, two', 'While away, three']) {
    await expect(log(page).getByText(text, { exact: true })).toHaveCount(1)
  }
  await expect(log(page).getByText('Read', { exact: true })).toBeVisible()
  await expect(log(page).getByRole('button', { name: 'Enlarge image.png' })).toBeVisible()
  await expect(row(page, 'Nobody knows me yet')).toHaveCount(1)
  await expect(row(page, 'Answered on the page')).toHaveCount(1)
  await row(page, 'Answered on the page').click()
  for (const text of ['The other one, again', 'The other one, last', 'Answered on the page']) {
    await expect(log(page).getByText(text, { exact: true })).toHaveCount(1)
  }

  expect(await page.evaluate(() => 'notReloaded' in window)).toBe(true)
  const reads = gets.map((get) => get.path)
  // One read for the thread that nobody knew, and what opening the second thread needs. Nothing twice.
  expect(new Set(reads).size, `asked twice: ${reads.join(' ')}`).toBe(reads.length)
  expect(reads.filter((path) => path === '/api/v1/threads')).toEqual([])

  // And it stays quiet: a while later not one more.
  gets.length = 0
  await page.waitForTimeout(4000)
  expect(gets).toEqual([])
})

test('what is written without a connection goes out once, in order, when it is back', async ({
  page,
  context,
  server,
  graph,
}) => {
  await beOwner(page, server)
  await connect(page, server, graph, 'Offline')
  const person = graph.person()
  await person.writes('Hello from the train')
  await page.goto('/threads')
  await row(page, 'Hello from the train').click()
  await expect(page.getByRole('textbox')).toBeVisible()
  await context.setOffline(true)
  const send = async (text: string) => {
    await page.getByRole('textbox').fill(text)
    await page.getByRole('button', { name: 'Send', exact: true }).click()
  }
  await send('First')
  await send('Second')
  await expect(log(page).getByText('First', { exact: true })).toBeVisible()
  expect(graph.sent).toEqual([])
  await context.setOffline(false)
  await expect.poll(() => graph.sent.map((sent) => sent.text), { timeout: 30_000 }).toEqual(['First', 'Second'])
  await expect(log(page).getByText('Sent', { exact: true })).toBeVisible()
  await expect(log(page).getByText('First', { exact: true })).toHaveCount(1)
})

test('a person who writes moves up in a list that is read far down, and older entries do not jump', async ({
  page,
  server,
  graph,
}) => {
  await beOwner(page, server)
  await connect(page, server, graph, 'Long')
  const person = graph.person()
  const start = Date.now() - 8 * 3_600_000
  for (let place = 0; place < 130; place += 1) await person.writes(`Line ${place}`, start + place * 120_000)
  await page.goto('/threads')
  await row(page, 'Line 129').click()
  await expect(log(page).getByText('Line 129', { exact: true })).toBeVisible()
  await expect(log(page).getByText('Line 0', { exact: true })).toHaveCount(0)

  const box = log(page)
  await box.hover()
  const place = (text: string) =>
    box.getByText(text, { exact: true }).evaluate((entry) => Math.round(entry.getBoundingClientRect().top))
  for (let turns = 0; turns < 60 && (await box.getByText('Line 70', { exact: true }).count()) === 0; turns += 1) {
    await page.mouse.wheel(0, -300)
    await page.waitForTimeout(60)
  }
  await expect(box.getByText('Line 70', { exact: true })).toHaveCount(1)
  await box.getByText('Line 85', { exact: true }).scrollIntoViewIfNeeded()
  await page.waitForTimeout(300)
  const before = await place('Line 85')
  await person.writes('A new one below')
  await expect(page.getByRole('button', { name: '1 new message below' })).toBeVisible()
  expect(Math.abs((await place('Line 85')) - before)).toBeLessThanOrEqual(1)
  await page.getByRole('button', { name: '1 new message below' }).click()
  await expect(box.getByText('A new one below')).toBeInViewport()
})

test('what cannot be read is dismissed at one desk, after a question, and leaves the other', async ({
  page,
  server,
  graph,
}, info) => {
  await beOwner(page, server)
  await connect(page, server, graph, 'Mumbling')
  await graph.mumbles()
  const other = await page.context().newPage()
  for (const desk of [page, other]) {
    await desk.goto('/operations')
    await desk.getByRole('tab', { name: 'Not readable' }).click()
    await expect(desk.getByRole('button', { name: /^Dismiss: inb_/ })).toHaveCount(1)
  }
  // Read again by the same decoder, it is as unreadable as before.
  await page.getByRole('button', { name: /^Try again: inb_/ }).click()
  await expect(page.getByRole('alert').getByText('still cannot read it')).toBeVisible()
  await picture(page, info, 'operations-unreadable')
  await page.getByRole('button', { name: /^Dismiss: inb_/ }).click()
  const asks = page.getByRole('dialog', { name: 'Dismiss this event?' })
  await accessible(page, 'the question')
  await picture(page, info, 'operations-dismiss')
  await asks.getByRole('button', { name: 'Dismiss for good' }).click()
  for (const desk of [page, other]) await expect(desk.getByText('Everything that arrived could be read.')).toBeVisible()
})
