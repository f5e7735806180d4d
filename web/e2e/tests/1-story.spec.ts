import { beOwner, connect, expect, log, row, setUp, test } from '../support/fixtures.ts'
import { accessible, picture } from '../support/look.ts'

test('from nothing to an answer that was read', async ({ page, server, graph }, info) => {
  await test.step('the link of the first run makes an owner', async () => {
    // A database that was used before has one; then the rest of the story begins at signing in.
    if (server.setUpLink) {
      await page.goto(server.setUpLink)
      await expect(page.getByRole('heading', { name: 'Begin with your business' })).toBeVisible()
      await accessible(page, 'set-up')
      await picture(page, info, 'set-up')
      await setUp(page, server.setUpLink)
    } else {
      await beOwner(page, server)
      await page.goto('/settings/accounts/new')
    }
  })

  await test.step('a page is connected', async () => {
    await page.getByLabel('Name for your team').fill('Norrvik shop')
    await page.getByLabel('Page ID').fill(graph.pageId)
    await page.getByLabel('Page access token').fill(graph.token)
    await page.getByLabel('App secret').fill(graph.appSecret)
    await page.getByRole('button', { name: 'Advanced' }).click()
    await page.getByLabel('Address of the Graph API').fill(graph.base)
    await page.getByRole('button', { name: 'Connect this page' }).click()
    await expect(page.getByRole('heading', { name: 'Norrvik shop' })).toBeVisible()
  })

  await test.step('the live test asks the provider', async () => {
    await page.getByRole('button', { name: 'Test now' }).click()
    await expect(page.getByText('Everything answers as it should.')).toBeVisible()
    await expect(page.getByRole('main').getByText(graph.pageName, { exact: true })).toBeVisible()
  })

  await test.step('what has to be told to Meta is right', async () => {
    await expect(page.getByText('Waiting for the first callback.')).toBeVisible()
    await accessible(page, 'a page that waits')
    await picture(page, info, 'waiting')
    const [address, verifyToken] = await page.locator('main code').allTextContents()
    expect(address).toMatch(/^http.*\/callbacks\/messenger\//)
    graph.callAt(address ?? '')
    expect(await graph.handshake(verifyToken ?? '')).toEqual({ status: 200, body: '1158201444' })
    expect((await graph.handshake('another word')).status).toBe(403)
  })

  const person = graph.person()
  await test.step('the first message turns the page green and is in the list, without a reload', async () => {
    await page.evaluate(() => Object.assign(window, { notReloaded: true }))
    await person.writes('Grüße 👋 ar galiu grąžinti striukę?')
    await expect(page.getByText(/Callbacks arrive\./)).toBeVisible()
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Threads', exact: true }).click()
    await row(page, 'ar galiu grąžinti striukę?').click()
    await expect(log(page).getByText('Grüße 👋 ar galiu grąžinti striukę?')).toBeVisible()
  })

  await test.step('the answer leaves exactly once, and its fate is shown', async () => {
    await page.keyboard.press('r')
    await page.keyboard.type('Taip, žinoma. „Akropolis“ 👍')
    await page.keyboard.press('Control+Enter')
    await expect(log(page).getByText('Taip, žinoma. „Akropolis“ 👍')).toBeVisible()
    await expect(log(page).getByText('Sent', { exact: true })).toBeVisible()
    expect(graph.sent.map(({ recipient, text }) => ({ recipient, text }))).toEqual([
      { recipient: person.id, text: 'Taip, žinoma. „Akropolis“ 👍' },
    ])
    await person.gets(graph.sent[0]?.mid ?? '')
    await expect(log(page).getByText('Delivered', { exact: true })).toBeVisible()
    await person.reads()
    await expect(log(page).getByText('Read', { exact: true })).toBeVisible()
  })

  await test.step('what was said elsewhere, and what has no form yet, is there too', async () => {
    await person.isAnsweredElsewhere('We wrote you from the page as well.')
    await expect(log(page).getByText('We wrote you from the page as well.')).toBeVisible()
    await person.sendsImage()
    await expect(log(page).getByRole('button', { name: 'Enlarge image.png' })).toBeVisible()
  })

  expect(await page.evaluate(() => 'notReloaded' in window)).toBe(true)
})

test('a failure says why and what helps, and can be sent again', async ({ page, server, graph }) => {
  await beOwner(page, server)
  await connect(page, server, graph, 'Failures')
  const person = graph.person()
  await person.writes('Are you there?')
  await page.goto('/threads')
  await row(page, 'Are you there?').click()
  const reply = page.getByRole('textbox')
  const send = async (text: string) => {
    await reply.fill(text)
    await page.getByRole('button', { name: 'Send', exact: true }).click()
  }

  graph.fail({
    status: 400,
    code: 10,
    subcode: 2018278,
    message: '(#10) This message is sent outside of allowed window.',
  })
  await send('Too late?')
  await expect(log(page).getByText('The time to answer was over when it should have left.')).toBeVisible()
  await expect(log(page).getByText('Send it again the moment they write.')).toBeVisible()
  await log(page).getByText('Details').click()
  await expect(log(page).getByText(/outside of allowed window/)).toBeVisible()
  expect(graph.sent).toHaveLength(0)

  // The provider's word closed the window; only the person opens it again.
  await person.writes('Still here')
  await expect(log(page).getByText('Still here')).toBeVisible()
  await log(page).getByRole('button', { name: 'Send again' }).click()
  await expect(log(page).getByText('Sent', { exact: true })).toBeVisible()
  expect(graph.sent.map((sent) => sent.text)).toEqual(['Too late?'])
})

test('a draft is kept per thread, and a thread that is closed says why', async ({ page, server, graph }) => {
  await beOwner(page, server)
  await connect(page, server, graph, 'Drafts')
  const [now, old] = [graph.person(), graph.person()]
  await old.writes('I wrote long ago', Date.now() - 30 * 24 * 3_600_000)
  await now.writes('I write now')
  await page.goto('/threads')
  await row(page, 'I write now').click()
  await page.getByRole('textbox').fill('Not yet finished')
  await row(page, 'I wrote long ago').click()
  await expect(page.getByText(/The time to answer is over/)).toBeVisible()
  await expect(page.getByRole('textbox')).toHaveCount(0)
  await row(page, 'I write now').click()
  await expect(page.getByRole('textbox')).toHaveValue('Not yet finished')
  await page.reload()
  await expect(page.getByRole('textbox')).toHaveValue('Not yet finished')
})
