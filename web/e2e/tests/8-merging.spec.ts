import type { Page } from '@playwright/test'
import { beOwner, connect, expect, listen, log, row, test } from '../support/fixtures.ts'
import { accessible, fits, picture } from '../support/look.ts'

const dialog = (page: Page) => page.getByRole('dialog', { name: /^Merge .* with…/ })
/** The entries that tell of merging. */
const told = (page: Page, name: string) => log(page).locator(`[data-event="${name}"]`)

test('two customers are made one, and two again, by keyboard', async ({ page, server, graph }, info) => {
  test.setTimeout(120_000)
  await beOwner(page, server)
  await connect(page, server, graph, 'Merging')
  const [one, other] = [graph.person(), graph.person()]
  await one.writes('First account here, about the tent zqmerge')
  await other.writes('It is me again from another account zqmerge')
  await page.goto('/threads')
  await expect(row(page, 'It is me again')).toBeVisible()

  const call = async (person: string, name: string) => {
    await row(page, person).click()
    await page.getByRole('button', { name: 'Change the name' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill(name)
    await page.keyboard.press('Enter')
    await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible()
  }
  await test.step('both have names; the other one has a label', async () => {
    await call('First account', 'Jonas Zqfalk')
    await call('It is me again', 'Jonathan Zqfalk')
    await page.getByRole('log').focus()
  })

  await test.step('the other one is found by name, the own one never', async () => {
    await page.keyboard.press('m')
    await expect(dialog(page)).toBeVisible()
    const field = page.getByRole('combobox', { name: 'Find the other customer' })
    await expect(field).toBeFocused()
    await page.keyboard.type('nobody by that name')
    await expect(dialog(page).getByText('Nothing found for')).toBeVisible()
    await field.fill('zqfalk')
    await expect(dialog(page).getByRole('option')).toHaveCount(1)
    await expect(dialog(page).getByRole('option')).toContainText('Jonas Zqfalk')
    await accessible(page, 'finding the other customer')
    await picture(page, info, 'merge-find')
    await page.keyboard.press('Enter')
  })

  await test.step('it is said who stays, and what to think about', async () => {
    const sides = dialog(page).getByRole('region')
    await expect(sides).toHaveCount(2)
    await expect(sides.first()).toContainText('Jonas Zqfalk')
    await expect(sides.first()).toContainText('stays')
    await expect(sides.last()).toContainText('Jonathan Zqfalk')
    await expect(dialog(page).getByText('Their names differ')).toBeVisible()
    await expect(dialog(page).getByText('Both have open matters')).toBeVisible()
    await accessible(page, 'before merging')
    await picture(page, info, 'merge-question')
    // Back to the other choice and here again: nothing was done.
    await page.getByRole('button', { name: 'Choose another' }).click()
    await expect(page.getByRole('combobox', { name: 'Find the other customer' })).toHaveValue('zqfalk')
    await page.keyboard.press('Enter')
    await expect(page.getByLabel(/^Why/)).toBeFocused()
    await page.keyboard.type('told us so on the telephone')
    await page.keyboard.press('Enter')
    await expect(dialog(page)).toHaveCount(0)
  })

  await test.step('there is one thread with what both wrote', async () => {
    await expect(page.getByRole('heading', { name: 'Jonas Zqfalk', level: 1 })).toBeVisible()
    await expect(log(page).getByText('First account here')).toBeVisible()
    await expect(log(page).getByText('It is me again')).toBeVisible()
    await expect(told(page, 'customer.merged')).toHaveCount(1)
    await expect(page.getByText('told us so on the telephone')).toBeVisible()
    await expect(page.getByText(/Merged from Jonathan Zqfalk/)).toBeVisible()
    await expect(row(page, 'Zqfalk')).toHaveCount(1)
    await accessible(page, 'merged')
    await picture(page, info, 'merged')
    await fits(page, 'merged')
  })

  await test.step('either name finds the one person', async () => {
    await page.getByRole('log').focus()
    await page.keyboard.press('/')
    const field = page.getByRole('combobox', { name: 'Search people, messages and notes' })
    await field.fill('jonathan zqfalk')
    const people = page.getByRole('group', { name: 'People' }).getByRole('option')
    await expect(people).toHaveCount(1)
    await expect(people).toContainText('Jonas Zqfalk')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
  })

  await test.step('they are two again', async () => {
    await page.getByRole('button', { name: 'Un-merge' }).click()
    const question = page.getByRole('dialog', { name: 'Make them two again?' })
    await expect(question.getByText('This goes back to Jonathan Zqfalk')).toBeVisible()
    await question.getByRole('button', { name: 'Un-merge' }).click()
    await expect(told(page, 'customer.unmerged')).toHaveCount(1)
    await expect(row(page, 'Zqfalk')).toHaveCount(2)
    await expect(log(page).getByText('It is me again')).toHaveCount(0)
    await row(page, 'Jonathan Zqfalk').click()
    await expect(page.getByRole('heading', { name: 'Jonathan Zqfalk', level: 1 })).toBeVisible()
    await expect(log(page).getByText('It is me again')).toBeVisible()
    await expect(log(page).getByText('First account here')).toHaveCount(0)
  })

  await test.step('merging can be taken back at once where it is told', async () => {
    await expect(page.getByText('Merged into')).toHaveCount(0)
    await page.getByRole('button', { name: 'Merge with…' }).click()
    await page.keyboard.type('jonas zqfalk')
    await expect(dialog(page).getByRole('option')).toHaveCount(1)
    await page.keyboard.press('Enter')
    await dialog(page).getByRole('button', { name: 'Merge', exact: true }).click()
    await expect(page.getByRole('heading', { name: 'Jonas Zqfalk', level: 1 })).toBeVisible()
    await page.getByRole('alert').filter({ hasText: 'Merged into' }).getByRole('button', { name: 'Undo' }).click()
    await expect(row(page, 'Zqfalk')).toHaveCount(2)
  })
})

test('merging on a phone', async ({ browser, server, graph, complaints }, info) => {
  const context = await browser.newContext({
    locale: 'en-GB',
    baseURL: server.address,
    viewport: { width: 390, height: 844 },
    reducedMotion: 'reduce',
    isMobile: true,
    hasTouch: true,
  })
  const page = await context.newPage()
  listen(page, complaints)
  await beOwner(page, server)
  await connect(page, server, graph, 'Merging on a phone')
  const [one, other] = [graph.person(), graph.person()]
  await one.writes('zqphone one')
  await other.writes('zqphone other')
  await page.goto('/threads')
  await row(page, 'zqphone other').click()
  await page.getByRole('button', { name: 'About this person' }).tap()
  await page.getByRole('button', { name: 'Merge with…' }).tap()
  await page.getByRole('combobox', { name: 'Find the other customer' }).fill(one.id)
  await dialog(page).getByRole('option').first().tap()
  await expect(dialog(page).getByRole('region')).toHaveCount(2)
  await accessible(page, 'merging on a phone')
  await fits(page, 'merging on a phone')
  await picture(page, info, 'merge-phone')
  await dialog(page).getByRole('button', { name: 'Merge', exact: true }).tap()
  await expect(log(page).getByText('zqphone one')).toBeVisible()
  await expect(log(page).getByText('zqphone other')).toBeVisible()
  await context.close()
})
