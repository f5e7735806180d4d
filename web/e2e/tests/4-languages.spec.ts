import type { Page } from '@playwright/test'
import { beOwner, connect, expect, log, row, test } from '../support/fixtures.ts'
import { fits, picture } from '../support/look.ts'

/** Words on the page that did not come through the locale files. Customers' own words and code are not ours to translate. */
async function untranslated(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = []
    const foreign = (element: Element | null) =>
      element?.closest(
        '[dir=auto], code, pre, [lang]:not(html), script, style, [role=option], [aria-hidden=true], .av',
      ) != null
    const check = (text: string | null, where: string) => {
      const words = (text ?? '').replace(/⟦[^⟧]*⟧/g, '').match(/\p{L}{3,}/gu)
      if (words) found.push(`${where}: ${text?.trim().slice(0, 80)}`)
    }
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      if (!foreign(node.parentElement)) check(node.textContent, 'text')
    }
    for (const element of document.body.querySelectorAll('*')) {
      for (const name of ['aria-label', 'title', 'placeholder', 'alt']) {
        if (element.hasAttribute(name) && !foreign(element)) check(element.getAttribute(name), name)
      }
    }
    return found
  })
}

/** Names, addresses, dates and keys stand in the page as they are. */
const GIVEN =
  /onethread|Norrvik|Tomas|norrvik|127\.0\.0\.1|graph\.facebook|\d{1,2} \w{3,4} \d{4}|^(text|title): (⟦[^⟧]*⟧, )?(\w{3,4},? )?\d{1,2} \w{3,4}|^title: ⟦[^⟧]*⟧ \(Ctrl F\)$/

test('nothing is left in English when the language changes, and everything has room', async ({
  page,
  server,
  graph,
}) => {
  await beOwner(page, server)
  const account = await connect(page, server, graph, 'Norrvik')
  const person = graph.person()
  await person.writes('Hello')
  await person.taps('Get started')
  await page.addInitScript(() => localStorage.setItem('onethread.language', 'en-XA'))
  const clean = async (screen: string) => {
    await expect(page.locator('body')).toContainText('⟦')
    const left = (await untranslated(page)).filter((text) => !GIVEN.test(text))
    expect(left, `English left on ${screen}`).toEqual([])
    await fits(page, screen)
  }
  await page.goto('/threads')
  await expect(page.locator('[data-thread]').first()).toBeVisible()
  await clean('the list')
  await page.locator('[data-thread]').first().click()
  await expect(log(page)).toContainText('⟦')
  await clean('a thread')
  for (const path of [
    '/settings/accounts',
    '/settings/accounts/new',
    '/settings/webhooks',
    '/settings/webhooks/new',
    `/settings/accounts/${account}`,
    '/settings/people',
    '/settings/yours',
    '/operations',
    '/nowhere',
    '/link?code=none',
  ]) {
    await page.goto(path)
    await expect(page.locator('h1, h2').first()).toContainText(/⟦|Norrvik/)
    await clean(path)
  }
  await page.context().clearCookies()
  await page.goto('/login')
  await clean('sign-in')
})

for (const [language, send, threads] of [
  ['lt', 'Siųsti', 'Gijos'],
  ['lv', 'Sūtīt', 'Pavedieni'],
  ['pl', 'Wyślij', 'Wątki'],
  ['zh-Hans', '发送', '会话'],
  ['zh-Hant', '傳送', '對話'],
] as const) {
  test(`the desk in ${language}`, async ({ page, server, graph }, info) => {
    await beOwner(page, server)
    await connect(page, server, graph, 'Norrvik')
    const person = graph.person()
    await person.writes(`Hello in ${language}`)
    await page.addInitScript((chosen) => localStorage.setItem('onethread.language', chosen), language)
    await page.goto('/threads')
    await expect(page.locator('html')).toHaveAttribute('lang', language)
    await expect(page.getByRole('heading', { name: threads, exact: true })).toBeVisible()
    await row(page, `Hello in ${language}`).click()
    await expect(page.getByRole('button', { name: send, exact: true })).toBeVisible()
    await fits(page, language)
    await picture(page, info, `language-${language}`)
  })
}

test('the language is chosen at the door and kept', async ({ page, server }) => {
  await beOwner(page, server)
  await page.context().clearCookies()
  await page.goto('/login')
  await page.getByRole('combobox', { name: 'Language' }).click()
  await page.getByRole('option', { name: 'Lietuvių' }).click()
  await expect(page.getByRole('button', { name: 'Prisijungti' })).toBeVisible()
  await page.reload()
  await expect(page.getByRole('button', { name: 'Prisijungti' })).toBeVisible()
})
