import type { Page } from '@playwright/test'
import { beOwner, connect, expect, log, row, test } from '../support/fixtures.ts'
import { Graph } from '../support/graph.ts'
import { accessible, fits, picture } from '../support/look.ts'

const matter = (page: Page) => page.getByRole('region', { name: 'The matter at hand' })
/** The entries that tell of something. */
const told = (page: Page, name: string) => log(page).locator(`[data-event="${name}"]`)
const entries = (page: Page) =>
  log(page)
    .getByRole('article')
    .evaluateAll((all) => all.map((one) => one.getAttribute('data-entry')))

test('one person, two pages, and a thread that lasts', async ({ page, server, graph }, info) => {
  test.setTimeout(120_000)
  const outlet = await new Graph().start()
  await beOwner(page, server)
  await connect(page, server, graph, 'Norrvik Shop')
  await connect(page, server, outlet, 'Norrvik Outlet')
  const [shopSide, outletSide] = [graph.person(), outlet.person()]
  const field = page.getByRole('textbox', { name: /^Reply to/ })
  const send = async (words: string) => {
    await page.keyboard.press('r')
    await page.keyboard.type(words)
    await page.keyboard.press('Control+Enter')
    await expect(log(page).getByText(words)).toBeVisible()
    await page.keyboard.press('Escape')
  }
  await page.goto('/threads')

  await test.step('a customer writes to two pages', async () => {
    await shopSide.writes('Where is my tent, order NV-51877?')
    await outletSide.writes('Same question here: the tent NV-51877')
    await row(page, 'Where is my tent').click()
    await page.getByRole('button', { name: 'Change the name' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Greta Zqlund')
    await page.keyboard.press('Enter')
    await expect(page.getByRole('heading', { name: 'Greta Zqlund', level: 1 })).toBeVisible()
  })

  await test.step('they are made one customer', async () => {
    await log(page).focus()
    await page.keyboard.press('m')
    const dialog = page.getByRole('dialog', { name: /^Merge .* with…/ })
    await dialog.getByRole('combobox').fill(outletSide.id)
    await expect(dialog.getByRole('option')).toHaveCount(1)
    await page.keyboard.press('Enter')
    await dialog.getByRole('button', { name: 'Merge', exact: true }).click()
    await expect(log(page).getByText('Where is my tent')).toBeVisible()
    await expect(log(page).getByText('Same question here')).toBeVisible()
    // Each page's stretch says which one it is.
    await expect(log(page).getByText('Norrvik Shop')).toBeVisible()
    await expect(log(page).getByText('Norrvik Outlet')).toBeVisible()
  })

  await test.step('the answer goes where they wrote last, or where the agent says', async () => {
    await expect(page.getByRole('button', { name: /^Norrvik Outlet/ })).toHaveAttribute('aria-pressed', 'true')
    await send('It left this morning.')
    await expect.poll(() => outlet.sent.map((sent) => sent.text)).toEqual(['It left this morning.'])
    await log(page).focus()
    await page.keyboard.press('c')
    const ways = page.getByRole('menu', { name: 'Answer another way' })
    await expect(ways.getByRole('menuitemradio')).toHaveCount(2)
    // Mantine keeps a place for the focus inside a menu, and menus stand outside of the landmarks.
    await accessible(page, 'the ways to answer', ['aria-required-children', 'region'])
    await picture(page, info, 'lasting-ways')
    await ways.getByRole('menuitemradio', { name: /^Norrvik Shop/ }).click()
    await send('You get a note from the carrier.')
    await expect.poll(() => graph.sent.map((sent) => sent.text)).toEqual(['You get a note from the carrier.'])
    expect(graph.sent[0]?.recipient).toBe(shopSide.id)
  })

  await test.step('the matters of both are resolved, and thanks change nothing', async () => {
    await page.keyboard.press('e')
    await expect(told(page, 'episode.resolved')).toHaveCount(1)
    if (await page.getByRole('button', { name: 'Done' }).isVisible()) await page.keyboard.press('e')
    await expect(page.getByRole('button', { name: 'Reopen' })).toBeVisible()
    await shopSide.writes('Thank you!')
    await expect(log(page).getByText('Thank you!')).toBeVisible()
    await expect(told(page, 'episode.reopened')).toHaveCount(0)
    await expect(page.getByRole('button', { name: 'Reopen' })).toBeVisible()
  })

  await test.step('the same issue opens it again, from the other page too', async () => {
    await outletSide.writes('Still no tent NV-51877')
    await expect(told(page, 'episode.reopened')).toHaveCount(1)
    await expect(matter(page)).toContainText('waits for us')
  })

  await test.step('another question follows it up', async () => {
    await send('The carrier lost it. A new one leaves today.')
    await page.keyboard.press('e')
    await page.getByRole('button', { name: 'More about this matter' }).click()
    await page.getByRole('menuitem', { name: 'Open a new matter' }).click()
    await page.getByRole('dialog', { name: 'Open a new matter' }).getByLabel('Subject').fill('Tent pegs missing')
    await page.keyboard.press('Enter')
    await expect(matter(page)).toContainText('Tent pegs missing')
    await page.getByRole('button', { name: 'More about this matter' }).click()
    await page.getByRole('menuitem', { name: 'Link to an earlier matter' }).click()
    await page.getByRole('dialog', { name: 'Link to an earlier matter' }).getByRole('button', { name: /^Link/ }).click()
    await expect(told(page, 'episode.linked')).toContainText('Tent pegs missing')
    await outletSide.writes('The pegs are missing')
    await expect(matter(page)).toContainText('waits for us')
  })

  await test.step('a message fails outside the window and is sent another way', async () => {
    const message = '(#10) This message is sent outside of allowed window.'
    outlet.fail({ status: 400, code: 10, subcode: 2018278, message })
    await send('We send you pegs.')
    const failed = log(page).getByRole('article').filter({ hasText: 'We send you pegs.' })
    await expect(failed.getByText('Not delivered.')).toBeVisible()
    await accessible(page, 'a message that failed, with another way')
    await picture(page, info, 'lasting-failed')
    await failed.getByRole('button', { name: 'Send another way' }).click()
    await page.getByRole('menuitem', { name: 'Norrvik Shop' }).click()
    await expect(failed).toHaveCount(2)
    await expect.poll(() => graph.sent.map((sent) => sent.text)).toContain('We send you pegs.')
    expect(outlet.sent.map((sent) => sent.text)).not.toContain('We send you pegs.')
    // The page that closed is said to be closed, and the open one is offered.
    const other = page.getByRole('button', { name: 'Answer through Norrvik Shop' })
    await expect(other).toBeVisible()
    expect(await other.evaluate((button) => button.scrollWidth <= button.clientWidth), 'it is cut').toBe(true)
    await picture(page, info, 'lasting-another-way')
  })

  await test.step('it looks right, and a fresh reading is the same', async () => {
    const before = await entries(page)
    await page.reload()
    await expect(log(page).getByRole('article').last()).toBeVisible()
    await expect.poll(() => entries(page)).toEqual(before)
    for (const [name, width, height] of [
      ['wide', 1440, 900],
      ['phone', 390, 844],
    ] as const) {
      await page.setViewportSize({ width, height })
      await fits(page, `lasting ${name}`)
      await accessible(page, `lasting ${name}`)
      await picture(page, info, `lasting-${name}`)
    }
    await page.setViewportSize({ width: 1440, height: 900 })
  })

  await test.step('they are two again, and each keeps what went through their page', async () => {
    await page.getByRole('button', { name: 'Un-merge' }).click()
    const question = page.getByRole('dialog', { name: 'Make them two again?' })
    await question.getByRole('button', { name: 'Un-merge' }).click()
    await expect(told(page, 'customer.unmerged')).toHaveCount(1)
    await expect(log(page).getByText('Same question here')).toHaveCount(0)
    await expect(log(page).getByText('You get a note from the carrier.')).toBeVisible()
    await expect(log(page).getByText('Thank you!')).toBeVisible()
    await row(page, 'Tent pegs missing').click()
    await expect(log(page).getByText('Same question here')).toBeVisible()
    await expect(log(page).getByText('Still no tent')).toBeVisible()
    await expect(log(page).getByText('Thank you!')).toHaveCount(0)
    await expect(field).toHaveCount(0)
  })
  await outlet.stop()
})
