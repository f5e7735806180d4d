import { existsSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { expect, test } from '@playwright/test'
import { accessible, fits, picture } from '../support/look.ts'

const BUILT = join(import.meta.dirname, '../../desk/dist-states')
const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

// No server: these are components alone, with made-up people.
for (const scheme of ['light', 'dark'] as const) {
  for (const width of [1440, 390]) {
    test(`every state, ${width}, ${scheme}`, async ({ page }, info) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      await page.setViewportSize({ width, height: 900 })
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(error.message))
      await page.route('http://states.test/**', (route) => {
        const { pathname } = new URL(route.request().url())
        const path = join(BUILT, pathname === '/' ? 'states.html' : pathname)
        if (!existsSync(path)) return route.fulfill({ status: 404 })
        return route.fulfill({ contentType: TYPES[extname(path)] ?? 'text/plain', body: readFileSync(path) })
      })
      await page.goto('http://states.test/')
      const states = page.locator('[data-state-name]')
      await expect(states.first()).toBeVisible()
      expect(await states.count()).toBeGreaterThan(25)
      // A virtual list of ten thousand draws a screenful.
      expect(await page.locator('[data-state-name="ThreadList 10,000 rows"] li').count()).toBeLessThan(60)
      await fits(page, 'states')
      // The same component stands on this page many times, and nowhere else.
      await accessible(page, 'states', ['landmark-unique'])
      await picture(page, info, `states-${width}-${scheme}`, true)
      expect(complaints).toEqual([])
    })
  }
}
