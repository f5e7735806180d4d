import type { Page } from '@playwright/test'
import { beOwner, connect, expect, log, row, test } from '../support/fixtures.ts'
import { accessible, fits, picture } from '../support/look.ts'

const matter = (page: Page) => page.getByRole('region', { name: 'The matter at hand' })
const send = async (page: Page, words: string) => {
  await page.keyboard.press('r')
  await page.keyboard.type(words)
  await page.keyboard.press('Control+Enter')
  await expect(log(page).getByText(words)).toBeVisible()
  await page.keyboard.press('Escape')
}
/** A local date and time some hours ahead, as its input takes it. */
const inHours = (page: Page, hours: number) =>
  page.evaluate((ahead) => {
    const at = new Date(Date.now() + ahead * 3_600_000)
    return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
  }, hours)

test('a matter from its first word to its follow-up, by keyboard', async ({ page, server, graph }, info) => {
  await beOwner(page, server)
  await connect(page, server, graph, 'Matters')
  const person = graph.person()
  await person.writes('Where is my parcel NV-40718?')
  await page.goto('/threads')
  await row(page, 'Where is my parcel').click()

  await test.step('it waits for us, under a knot of its own', async () => {
    await expect(matter(page)).toContainText('waits for us')
    await expect(log(page).getByRole('button', { name: /A matter without a subject/ })).toBeVisible()
  })

  await test.step('it gets a subject', async () => {
    await page.keyboard.press('t')
    await page.getByRole('dialog', { name: 'Subject and topic' }).getByLabel('Subject').fill('Parcel not arrived')
    await page.keyboard.press('Tab')
    await page.keyboard.type('Delivery')
    await page.keyboard.press('Enter')
    await expect(matter(page)).toContainText('Parcel not arrived')
    await expect(log(page).getByRole('button', { name: /Parcel not arrived/ })).toBeVisible()
  })

  await test.step('a colleague is called in a note, which never leaves the house', async () => {
    await page.keyboard.press('n')
    await page.keyboard.type('@tom')
    await expect(page.getByRole('option', { name: 'Tomas Vaitkus' })).toBeVisible()
    await accessible(page, 'a note')
    await page.keyboard.press('Enter')
    await page.keyboard.type('look at the sorting hall')
    await page.keyboard.press('Control+Enter')
    await expect(log(page).getByText('look at the sorting hall')).toBeVisible()
    await expect(log(page).getByText('@Tomas Vaitkus', { exact: true })).toBeVisible()
    await page.keyboard.press('Escape')
    expect(graph.sent).toEqual([])
  })

  await test.step('an answer is promised, with a clock', async () => {
    await page.keyboard.press('r')
    await page.keyboard.type('You hear from me within two hours.')
    await page.getByRole('button', { name: 'Asks for patience' }).click()
    await page.getByRole('button', { name: 'Send', exact: false }).last().click()
    await expect(log(page).getByText('asks for patience')).toBeVisible()
    await page.keyboard.press('Escape')
    await log(page).focus()
    await page.keyboard.press('p')
    const sheet = page.getByRole('dialog', { name: 'Promise an answer' })
    await sheet.getByLabel('Answer by').fill(await inHours(page, 2))
    await sheet.getByLabel('What was promised').fill('Where the parcel is')
    await accessible(page, 'a promise')
    await picture(page, info, 'promise')
    await page.keyboard.press('Enter')
    await expect(sheet).toHaveCount(0)
    await expect(matter(page)).toContainText(/Promised by/)
    await expect(log(page).locator('[data-promise=made]')).toContainText('Where the parcel is')
  })

  await test.step('the reply keeps it', async () => {
    await send(page, 'It never left the sorting hall. A second one is on its way.')
    await expect(log(page).locator('[data-promise=kept]')).toBeVisible()
    await expect(matter(page)).toContainText('waiting for the customer')
    await expect.poll(() => graph.sent.length).toBe(2)
  })

  await test.step('it is set aside, and the customer wakes it', async () => {
    await page.keyboard.press('h')
    await page.getByRole('dialog', { name: 'Later' }).getByRole('button', { name: 'When they write' }).press('Enter')
    await expect(matter(page)).toContainText('set aside until they write')
    await expect(row(page, 'set aside until they write')).toBeVisible()
    await person.writes('When will it come?')
    await expect(matter(page)).toContainText('waits for us')
    await send(page, 'On Friday before noon.')
  })

  await test.step('it is done, and thanks do not bring it back', async () => {
    await page.keyboard.press('e')
    await expect(log(page).locator('[data-event="episode.resolved"]')).toContainText('solved')
    await expect(matter(page)).toContainText('solved')
    await person.writes('Thank you!')
    await expect(log(page).getByText('Thank you!')).toBeVisible()
    await expect(page.getByRole('button', { name: 'Reopen' })).toBeVisible()
    await expect(log(page).locator('[data-event="episode.reopened"]')).toHaveCount(0)
  })

  await test.step('a new question about it does', async () => {
    await person.writes('The parcel still has not arrived, where is it?')
    await expect(log(page).locator('[data-event="episode.reopened"]')).toContainText('reopened')
    await expect(matter(page)).toContainText('waits for us')
  })

  await test.step('a matter that follows it, with both of them in the switcher', async () => {
    await page.getByRole('button', { name: 'More about this matter' }).click()
    await page.getByRole('menuitem', { name: 'Open a new matter' }).click()
    await page.getByRole('dialog', { name: 'Open a new matter' }).getByLabel('Subject').fill('Money back')
    await page.keyboard.press('Enter')
    await expect(matter(page)).toContainText('Money back')
    await page.getByRole('button', { name: 'More about this matter' }).click()
    await page.getByRole('menuitem', { name: 'Link to an earlier matter' }).click()
    await page.getByRole('dialog', { name: 'Link to an earlier matter' }).getByRole('button', { name: /^Link/ }).click()
    await expect(log(page).locator('[data-event="episode.linked"]')).toContainText('Money back')
    await matter(page)
      .getByRole('button', { name: /2 open/ })
      .click()
    await page.getByRole('menuitem', { name: 'Parcel not arrived' }).click()
    await expect(matter(page)).toContainText('Parcel not arrived')
  })

  await test.step('a message is answered, and another is moved', async () => {
    const asked = log(page).getByRole('article').filter({ hasText: 'where is it?' }).first()
    await asked.hover()
    await asked.getByRole('button', { name: /^Reply to/ }).click()
    await page.keyboard.type('It is at the pick-up point.')
    await page.keyboard.press('Control+Enter')
    const answer = log(page).getByRole('article').filter({ hasText: 'It is at the pick-up point.' })
    await answer
      .getByRole('button', { name: /where is it\?/ })
      .first()
      .click()
    await expect(asked).toBeFocused()
    await asked.getByRole('button', { name: /^Move to another matter/ }).click()
    const sheet = page.getByRole('dialog', { name: 'Move the message' })
    await sheet.getByRole('button', { name: 'Move the message' }).click()
    await expect(sheet).toHaveCount(0)
  })

  await test.step('the knot folds the matter and opens it again', async () => {
    const knot = log(page).getByRole('button', { name: /^Parcel not arrived/ })
    await knot.click()
    await expect(log(page).getByText('look at the sorting hall')).toHaveCount(0)
    await expect(knot).toContainText(/entries/)
    await knot.click()
    await expect(log(page).getByText('look at the sorting hall')).toBeVisible()
  })

  await test.step('it looks right everywhere, and a fresh reading is the same', async () => {
    const before = await log(page)
      .getByRole('article')
      .evaluateAll((all) => all.map((one) => one.getAttribute('data-entry')))
    await page.reload()
    await expect(log(page).getByRole('article').last()).toBeVisible()
    await expect
      .poll(() =>
        log(page)
          .getByRole('article')
          .evaluateAll((all) => all.map((one) => one.getAttribute('data-entry'))),
      )
      .toEqual(before)
    for (const [name, width, height] of [
      ['wide', 1440, 900],
      ['1280', 1280, 800],
      ['phone', 390, 844],
    ] as const) {
      await page.setViewportSize({ width, height })
      for (const scheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
        await fits(page, `matters ${name}`)
        await accessible(page, `matters ${name} ${scheme}`)
        await picture(page, info, `matters-${name}-${scheme}`)
      }
    }
  })
})
