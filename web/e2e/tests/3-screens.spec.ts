import { beOwner, connect, define, expect, listen, log, OWNER, row, test } from '../support/fixtures.ts'
import { accessible, fits, picture } from '../support/look.ts'

const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } }
const SCHEMES = ['light', 'dark'] as const

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const scheme of SCHEMES) {
    test(`every screen, ${size}, ${scheme}`, async ({ browser, server, graph, complaints }, info) => {
      test.setTimeout(120_000)
      const context = await browser.newContext({
        locale: 'en-GB',
        timezoneId: 'Europe/Vilnius',
        baseURL: server.address,
        viewport,
        colorScheme: scheme,
        reducedMotion: 'reduce',
        ...(size === 'phone' ? { isMobile: true, hasTouch: true, deviceScaleFactor: 2 } : {}),
      })
      const page = await context.newPage()
      listen(page, complaints)
      const look = async (name: string) => {
        await accessible(page, name)
        await fits(page, name)
        await picture(page, info, `${name}-${size}-${scheme}`)
      }

      await beOwner(page, server)
      await context.clearCookies()
      await page.goto('/login')
      await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
      await look('sign-in')
      await page.goto('/link?code=nothing-behind-it')
      await expect(page.getByRole('heading', { name: 'This link no longer works' })).toBeVisible()
      await look('link-expired')

      await beOwner(page, server)
      const account = await connect(page, server, graph, `Norrvik ${size} ${scheme}`)
      const person = graph.person()
      await person.writes('Laba diena, ar galiu pakeisti pristatymo adresą į Kauną?')
      await person.writes('显示已签收，但我没有收到包裹。')
      await person.sendsImage()
      await person.taps('Get started')
      await page.goto('/threads')
      await expect(row(page, 'Get started').first()).toBeVisible()
      await look('threads')
      await define(page, server)
      await row(page, 'Get started').first().click()
      await expect(log(page).getByText('显示已签收，但我没有收到包裹。')).toBeVisible()
      await page.getByRole('textbox').fill('Taip, spėsime.')
      graph.fail({ status: 400, code: 551, subcode: 1545041, message: "This person isn't available right now." })
      await page.getByRole('button', { name: 'Send', exact: true }).click()
      await expect(log(page).getByText('Not delivered.')).toBeVisible()
      await person.writes('Ačiū 🙏')
      await expect(log(page).getByText('Ačiū 🙏')).toBeVisible()
      await page.getByRole('textbox').fill('Nukreipiu į „Akropolį“')
      await page.getByRole('button', { name: 'Send', exact: true }).click()
      await expect(log(page).getByText('Sent', { exact: true })).toBeVisible()
      await look('thread')
      if (size === 'phone') {
        await page.getByRole('button', { name: 'About this person' }).click()
        await expect(page.getByText('Where they write from')).toBeVisible()
        await look('context')
      }

      for (const [name, path, heading] of [
        ['accounts', '/settings/accounts', 'Channel accounts'],
        ['connect', '/settings/accounts/new', 'Connect a page'],
        ['account', `/settings/accounts/${account}`, `Norrvik ${size} ${scheme}`],
        ['hours', '/settings/hours', 'Opening hours'],
        ['hours-new', '/settings/hours/new', 'Add opening hours'],
        ['labels', '/settings/labels', 'Labels'],
        ['fields', '/settings/fields', 'Customer fields'],
        ['people', '/settings/people', 'People'],
        ['yours', '/settings/yours', 'Yours'],
        ['operations', '/operations', 'Operations'],
        ['nothing-here', '/nowhere', 'There is nothing here'],
      ] as const) {
        await page.goto(path)
        await expect(page.getByRole('heading', { name: heading, exact: true })).toBeVisible()
        if (name === 'hours') await expect(page.getByText('Support', { exact: true })).toBeVisible()
        if (name === 'hours-new')
          await expect(page.getByRole('region', { name: 'What it says' })).toContainText('Closed')
        if (name === 'people') await expect(page.getByText(OWNER.email).filter({ visible: true })).toBeVisible()
        if (name === 'account') {
          await page.getByRole('button', { name: 'Test now' }).click()
          await expect(page.getByText('Everything answers as it should.')).toBeVisible()
        }
        await look(name)
      }
      await context.close()
    })
  }
}

test('the keyboard alone: list, thread, reply, back', async ({ page, server, graph }) => {
  await beOwner(page, server)
  await connect(page, server, graph, 'Keys')
  await graph.person().writes('Lower in the list')
  await graph.person().writes('Top of the list')
  await page.goto('/threads')
  await expect(row(page, 'Top of the list')).toBeVisible()
  await row(page, 'Top of the list').focus()
  await page.keyboard.press('j')
  await expect(row(page, 'Lower in the list')).toBeFocused()
  await page.keyboard.press('k')
  await expect(row(page, 'Top of the list')).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(log(page).getByText('Top of the list')).toBeVisible()
  await page.keyboard.press('r')
  await expect(page.getByRole('textbox')).toBeFocused()
  await page.keyboard.type('jkr')
  await expect(page.getByRole('textbox')).toHaveValue('jkr')
  await page.keyboard.press('Escape')
  await expect(log(page)).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(row(page, 'Top of the list')).toBeFocused()
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog')).toBeVisible()
  await accessible(page, 'keys')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await page.keyboard.press('i')
  await expect(page.getByText('Where they write from')).toHaveCount(0)
})

test('signing out and in again leads back to the place', async ({ page, server }) => {
  await beOwner(page, server)
  await page.goto('/settings/yours')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await page.goto('/settings/people')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await page.getByLabel('E-mail').fill(OWNER.email)
  await page.getByLabel('Password', { exact: true }).fill('not the password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByText('E-mail and password do not belong together.')).toBeVisible()
  await page.getByLabel('Password', { exact: true }).fill(OWNER.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'People' })).toBeVisible()
})

test('an invited person chooses a password, and sees only what their role allows', async ({
  page,
  server,
  graph,
}, info) => {
  await beOwner(page, server)
  await connect(page, server, graph, 'Readers')
  await graph.person().writes('Can anybody read this?')
  await page.context().clearCookies()
  const email = `reader-${Date.now()}@norrvik.example`
  const link = await server.run(
    'user',
    'create',
    '--email',
    email,
    '--name',
    'Rasa Kazlauskienė',
    '--role',
    'read-only',
  )
  const { pathname, search } = new URL(link.match(/https?:\S+/)?.[0] ?? '')
  await page.goto(pathname + search)
  await expect(page.getByRole('heading', { name: 'Welcome, Rasa Kazlauskienė' })).toBeVisible()
  await accessible(page, 'invited')
  await picture(page, info, 'invited')
  await page.getByLabel('Password', { exact: true }).fill('one more quiet parcel')
  await page.getByRole('button', { name: 'Save and sign in' }).click()
  await row(page, 'Can anybody read this?').click()
  await expect(page.getByText('Your role may read but not answer.')).toBeVisible()
  await expect(page.getByRole('link', { name: 'Operations' })).toHaveCount(0)
  await page.goto('/settings')
  await expect(page.getByRole('heading', { name: 'Yours' })).toBeVisible()
  await expect(page.getByRole('link', { name: 'Channel accounts' })).toHaveCount(0)
})
