import type { Page } from '@playwright/test'
import { beOwner, connect, expect, log, row, test } from '../support/fixtures.ts'
import { accessible, fits } from '../support/look.ts'

const aside = (page: Page) => page.getByRole('complementary')

test('labels and fields are defined, put on a person and seen on another desk', async ({ page, server, graph }) => {
  await beOwner(page, server)
  await connect(page, server, graph, 'Catalogue')
  await graph.person().writes('Which shelf is mine?')

  await page.goto('/settings/labels')
  await page.getByRole('button', { name: 'Add a label' }).first().click()
  await page.getByLabel('Word').fill('Wholesale')
  await page.getByRole('combobox', { name: 'Colour' }).click()
  await page.getByRole('option', { name: 'Plum' }).click()
  await accessible(page, 'label form')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('listitem').filter({ hasText: 'Wholesale' })).toBeVisible()
  await page.getByRole('button', { name: 'Add a label' }).click()
  await page.getByLabel('Word').fill('wholesale')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Something else has this name already')).toBeVisible()
  await page.getByRole('button', { name: 'Cancel' }).click()

  await page.goto('/settings/fields')
  for (const [name, type] of [
    ['Shelf', 'Number'],
    ['Invoices to', 'E-mail address'],
  ] as const) {
    await page.getByRole('button', { name: 'Add a field' }).first().click()
    await page.getByLabel('Name', { exact: true }).fill(name)
    await page.getByRole('combobox', { name: 'Type' }).click()
    await page.getByRole('option', { name: type, exact: true }).click()
    await accessible(page, 'field form')
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByRole('listitem').filter({ hasText: name })).toBeVisible()
  }
  await page.getByRole('button', { name: 'Move Invoices to up' }).click()
  await expect(page.getByText(/^Invoices to|^Shelf/).first()).toHaveText('Invoices to')

  // The other desk looks at the same person all the while.
  await page.goto('/threads')
  await row(page, 'Which shelf is mine?').click()
  await expect(log(page).getByText('Which shelf is mine?')).toBeVisible()
  const other = await page.context().newPage()
  await other.goto(page.url())
  await expect(aside(other).getByText('What we know')).toBeVisible()

  await aside(page).getByRole('button', { name: 'Change the name' }).click()
  await page.keyboard.type('Maya Lindqvist')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'Maya Lindqvist' })).toBeVisible()
  await expect(aside(page).getByRole('button', { name: 'Change the name' })).toBeFocused()
  await expect(other.getByRole('heading', { level: 1, name: 'Maya Lindqvist' })).toBeVisible()
  await expect(other.locator('[data-thread]').filter({ hasText: 'Maya Lindqvist' })).toBeVisible()

  await aside(page).getByRole('button', { name: 'Add label' }).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByPlaceholder('Find a label')).toBeFocused()
  await page.keyboard.type('whole')
  await accessible(page, 'label choice')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(aside(page).getByRole('button', { name: 'Take off Wholesale' })).toBeVisible()
  await expect(aside(other).getByText('Wholesale')).toBeVisible()

  await aside(page).getByRole('button', { name: 'Change Shelf' }).click()
  await page.keyboard.type('12,5')
  await page.keyboard.press('Enter')
  await expect(aside(other).getByText('12.5')).toBeVisible()
  await aside(page).getByRole('button', { name: 'Change Invoices to' }).click()
  await page.keyboard.type('nobody')
  await page.keyboard.press('Enter')
  await expect(aside(page).getByText('A complete e-mail address.')).toBeVisible()
  await accessible(page, 'field with a fault')
  await page.keyboard.press('Escape')
  await expect(aside(page).getByText('A complete e-mail address.')).toHaveCount(0)

  await aside(page).getByRole('button', { name: 'Take off Wholesale' }).click()
  await expect(aside(other).getByText('Wholesale')).toHaveCount(0)
  await page.getByRole('button', { name: 'Undo' }).last().click()
  await expect(aside(page).getByText('Wholesale')).toBeVisible()
  await expect(aside(other).getByText('Wholesale')).toBeVisible()

  // What is renamed is renamed on everybody who carries it; what is carried stays.
  await page.goto('/settings/labels')
  await page.getByRole('button', { name: 'Edit Wholesale' }).click()
  await page.getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByText('Archive it instead')).toBeVisible()
  await page.getByLabel('Word').fill('Big orders')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(aside(other).getByText('Big orders')).toBeVisible()
  await other.close()
})

test('opening hours: spans, exceptions, a live preview, faults beside the fields', async ({ page, server }) => {
  await beOwner(page, server)
  await page.goto('/settings/hours/new')
  const preview = page.getByRole('region', { name: 'What it says' })
  await page.getByLabel('Name for your team').fill('Night line')
  await page.getByRole('combobox', { name: 'Time zone' }).fill('warsaw')
  await page.getByRole('option', { name: 'Europe/Warsaw' }).click()
  await expect(preview.getByText('now in Europe/Warsaw')).toBeVisible()

  await page.getByRole('button', { name: 'Add hours on Monday' }).click()
  await page.getByLabel('Monday, hours 2, from').fill('16:00')
  await expect(page.getByText('It overlaps other hours of this day.')).toBeVisible()
  await expect(preview.getByText('Mend what is marked')).toBeVisible()
  await accessible(page, 'hours with a fault')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Something is marked above.')).toBeVisible()
  await page.getByLabel('Monday, hours 2, from').fill('18:00')
  await page.getByLabel('Monday, hours 2, until').fill('00:00')
  await expect(page.getByText('It overlaps other hours of this day.')).toHaveCount(0)
  await expect(preview.getByText('18:00–00:00').or(preview.getByText('6:00 PM–12:00 AM')).first()).toBeVisible()

  await page.getByRole('button', { name: 'Add a day that differs' }).click()
  await page.getByPlaceholder('For example Christmas Eve').fill('Stocktaking')
  await expect(preview.getByText('differs')).toBeVisible()
  await fits(page, 'hours')
  await accessible(page, 'hours')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('heading', { name: 'Opening hours' })).toBeVisible()
  await page.getByRole('link', { name: 'Edit Night line' }).click()
  await expect(page.getByPlaceholder('For example Christmas Eve')).toHaveValue('Stocktaking')
  await expect(page.getByLabel('Monday, hours 2, until')).toHaveValue('00:00')

  // Somebody else saves meanwhile: nothing typed here is lost, and theirs is one press away.
  const id = page.url().split('/').at(-1)
  const changed = await page.request.patch(`/api/v1/calendars/${id}`, {
    headers: { origin: server.address },
    data: { name: 'Late line' },
  })
  expect(changed.status()).toBe(200)
  await expect(page.getByText('Somebody changed these hours meanwhile.')).toBeVisible()
  await expect(page.getByLabel('Name for your team')).toHaveValue('Night line')
  await page.getByRole('button', { name: 'Show theirs' }).click()
  await expect(page.getByLabel('Name for your team')).toHaveValue('Late line')

  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(
    page.getByRole('heading', { name: 'Opening hours' }).or(page.getByText('No opening hours yet')),
  ).toBeVisible()
  await expect(page.getByText('Late line')).toHaveCount(0)
})
