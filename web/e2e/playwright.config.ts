import { defineConfig } from '@playwright/test'

/**
 * The tests run against the real binary. Without a database address it keeps its data in a SQLite file; with
 * E2E_DATABASE_URL they run on both engines, with ONETHREAD_DATABASE on PostgreSQL alone.
 */
const url = process.env.ONETHREAD_DATABASE ?? process.env.E2E_DATABASE_URL
const sqlite = { name: 'sqlite', metadata: { database: undefined } }
const postgres = { name: 'postgres', metadata: { database: url } }

export default defineConfig({
  testDir: './tests',
  // A database holds one installation, so its tests share one server.
  workers: url ? 1 : 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: process.env.CI ? [['line']] : [['list']],
  use: {
    locale: 'en-GB',
    timezoneId: 'Europe/Vilnius',
    viewport: { width: 1440, height: 900 },
    contextOptions: { reducedMotion: 'reduce' },
    trace: process.env.CI ? 'retain-on-failure' : 'off',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell',
      // No host but this machine is looked up, whatever the browser would like to ask at home.
      args: [
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--no-pings',
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
      ],
    },
  },
  projects: process.env.ONETHREAD_DATABASE ? [postgres] : url ? [sqlite, postgres] : [sqlite],
})
