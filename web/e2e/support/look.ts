import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Page, TestInfo } from '@playwright/test'
import { expect } from './fixtures.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']

/** No finding of axe on what is drawn now, but for rules that cannot hold there. */
export async function accessible(page: Page, screen: string, without: string[] = []): Promise<void> {
  // Axe sees hover: the pointer must not rest on the control that was just pressed.
  await page.mouse.move(0, 0)
  await page.evaluate(AXE)
  const findings = await page.evaluate(
    async ({ tags, off }) => {
      type Found = { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }
      const { axe } = window as unknown as {
        axe: { run: (root: Document, options: unknown) => Promise<{ violations: Found[] }> }
      }
      const { violations } = await axe.run(document, {
        runOnly: tags,
        rules: Object.fromEntries(off.map((rule) => [rule, { enabled: false }])),
      })
      return violations.flatMap(({ id, nodes }) =>
        nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`),
      )
    },
    { tags: RULES, off: without },
  )
  expect(findings, `axe on ${screen}`).toEqual([])
}

/** A picture for the eye, in a folder that is not kept. */
export async function picture(page: Page, info: TestInfo, name: string, fullPage = false): Promise<void> {
  const path = join(import.meta.dirname, '../pictures', info.project.name, `${name}.png`)
  await page.screenshot({ path, fullPage, animations: 'disabled' })
}

/** Nothing scrolls sideways. */
export async function fits(page: Page, screen: string): Promise<void> {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  expect(over, `${screen} scrolls sideways`).toBeLessThanOrEqual(0)
}
