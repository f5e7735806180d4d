import { beOwner, connect, expect, listen, log, row, test } from '../support/fixtures.ts'
import { accessible, fits, picture } from '../support/look.ts'

const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } }

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const scheme of ['light', 'dark'] as const) {
    test(`search finds people and messages, ${size}, ${scheme}`, async ({
      browser,
      server,
      graph,
      complaints,
    }, info) => {
      test.setTimeout(120_000)
      const phone = size === 'phone'
      const context = await browser.newContext({
        locale: 'en-GB',
        timezoneId: 'Europe/Vilnius',
        baseURL: server.address,
        viewport,
        colorScheme: scheme,
        reducedMotion: 'reduce',
        ...(phone ? { isMobile: true, hasTouch: true, deviceScaleFactor: 2 } : {}),
      })
      const page = await context.newPage()
      listen(page, complaints)
      const look = async (name: string) => {
        await accessible(page, name)
        await fits(page, name)
        await picture(page, info, `${name}-${size}-${scheme}`)
      }
      await beOwner(page, server)
      await connect(page, server, graph, `Search ${size} ${scheme}`)
      const mark = `zq${size}${scheme}`
      const [one, other] = [graph.person(), graph.person()]
      await one.writes(`Ar galiu grąžinti striukę? Užsakymas NV-40802 ${mark}`)
      await one.writes('👍 您好，退款单号是多少？')
      await other.writes(`The Skarv in moss green is set aside until Saturday evening ${mark}`)
      await page.goto('/threads')
      await expect(row(page, mark).first()).toBeVisible()
      await look('search-idle')

      const field = page.getByRole('combobox', { name: 'Search people, messages and notes' })
      if (phone) await field.tap()
      else await page.keyboard.press('/')
      await expect(field).toBeFocused()
      await field.fill(`GRAZINTI ${mark}`)
      const options = page.getByRole('option')
      await expect(options).toHaveCount(1)
      await expect(options.first().locator('mark').first()).toHaveText('grąžinti')
      await field.fill(mark)
      await expect(options).toHaveCount(2)
      await look('search-found')
      await field.fill('there is no such word anywhere')
      await expect(page.getByText('Nothing found for')).toBeVisible()
      await look('search-none')

      // The arrows choose, Enter opens the thread at the message.
      await field.fill(mark)
      await expect(options).toHaveCount(2)
      await page.keyboard.press('ArrowDown')
      await expect(options.nth(1)).toHaveAttribute('aria-selected', 'true')
      await page.keyboard.press('Enter')
      await expect(log(page).getByText('Užsakymas NV-40802')).toBeVisible()
      await expect(page.locator('[data-found]')).toContainText('NV-40802')
      await look('search-opened')

      // Within the thread.
      if (phone) await page.getByRole('button', { name: 'Search in this thread' }).tap()
      else await page.keyboard.press('ControlOrMeta+f')
      const within = page.getByRole('combobox', { name: 'Search in this thread' })
      await expect(within).toBeFocused()
      await within.fill('退款')
      const found = page.getByRole('search').last().getByRole('option')
      await expect(found).toHaveCount(1)
      await look('search-in-thread')
      await page.keyboard.press('Enter')
      await expect(page.locator('[data-found]')).toContainText('退款单号')
      await page.keyboard.press('Escape')
      await expect(within).toHaveCount(0)
      if (!phone) {
        await field.focus()
        await page.keyboard.press('Escape')
        await expect(field).toHaveValue('')
        await expect(row(page, mark).first()).toBeVisible()
      }
      await context.close()
    })
  }
}

test('an entry far back is reached from a search', async ({ page, server, graph }) => {
  test.setTimeout(120_000)
  await beOwner(page, server)
  await connect(page, server, graph, 'Far back')
  const person = graph.person()
  await person.writes('the needle of long ago')
  for (let n = 0; n < 120; n++) await person.writes(`hay ${n}, and some more words to fill a line or two`)
  await page.goto('/threads')
  await expect(row(page, 'hay 119')).toBeVisible()
  await page.keyboard.press('/')
  await page.keyboard.type('needle of long')
  await expect(page.getByRole('option')).toHaveCount(1)
  await page.keyboard.press('Enter')
  await expect(page.locator('[data-found]')).toContainText('the needle of long ago')
  await expect(page.locator('[data-found]')).toBeInViewport()
})

test('notes are found, alone or among the rest, and a folded matter opens for what was found in it', async ({
  page,
  server,
  graph,
}, info) => {
  await beOwner(page, server)
  await connect(page, server, graph, 'Notes found')
  const person = graph.person()
  await person.writes('The zqfold parcel is late')
  await page.goto('/threads')
  await row(page, 'zqfold').click()
  await expect(log(page).getByText('The zqfold parcel is late')).toBeVisible()
  await page.keyboard.press('n')
  await expect(page.getByRole('textbox', { name: /^Note about/ })).toBeFocused()
  await page.keyboard.type('Asked the carrier about zqfold, reference 774411')
  await page.keyboard.press('Control+Enter')
  await expect(log(page).getByText('reference 774411')).toBeVisible()
  await page.keyboard.press('Escape')

  // The matter is closed, and another one has begun: the first is folded when the thread is opened anew.
  await page.getByRole('button', { name: 'More about this matter' }).click()
  await page.getByRole('menuitem', { name: 'Close without waiting for thanks' }).click()
  const matter = page.getByRole('region', { name: 'The matter at hand' })
  await expect(matter).toContainText('closed')
  await page.getByRole('button', { name: 'More about this matter' }).click()
  await page.getByRole('menuitem', { name: 'Open a new matter' }).click()
  await page.getByRole('dialog', { name: 'Open a new matter' }).getByLabel('Subject').fill('Something else')
  await page.keyboard.press('Enter')
  await expect(matter).toContainText('Something else')
  await person.writes('And now something else')
  await expect(log(page).getByText('And now something else')).toBeVisible()
  await page.goto('/threads')
  await row(page, 'something else').click()
  await expect(log(page).getByText('And now something else')).toBeVisible()
  await expect(log(page).getByText('reference 774411')).toHaveCount(0)

  const field = page.getByRole('combobox', { name: 'Search people, messages and notes' })
  await page.getByRole('log').focus()
  await page.keyboard.press('/')
  await field.fill('zqfold')
  await expect(page.getByRole('group', { name: 'Notes' }).getByRole('option')).toHaveCount(1)
  await expect(page.getByRole('group', { name: 'Messages' }).getByRole('option')).toHaveCount(1)
  const filters = page.getByRole('group', { name: 'What to look for' })
  await filters.getByRole('button', { name: 'Notes' }).click()
  await expect(field).toBeFocused()
  await expect(page.getByRole('option')).toHaveCount(1)
  await expect(page.getByRole('option')).toContainText('Tomas Vaitkus: Asked the carrier')
  await accessible(page, 'notes found')
  await page.keyboard.press('Enter')
  const found = page.locator('[data-found]')
  await expect(found).toContainText('reference 774411')
  await expect(found).toBeInViewport()
  await picture(page, info, 'search-note')

  // Once more the same hit, after scrolling away: it is shown again.
  await field.fill('zqfold')
  await filters.getByRole('button', { name: 'People' }).click()
  await expect(page.getByText('Nothing found for')).toBeVisible()
  await filters.getByRole('button', { name: 'All' }).click()
  await page.getByRole('group', { name: 'Messages' }).getByRole('option').click()
  await expect(found).toContainText('The zqfold parcel is late')

  // Where only one of list and thread is seen, the key leads back to the list, with what was found.
  await page.setViewportSize({ width: 800, height: 900 })
  await page.getByRole('log').focus()
  await page.keyboard.press('/')
  await expect(field).toBeFocused()
  await expect(page.getByRole('option')).toHaveCount(2)
})
