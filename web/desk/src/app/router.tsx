import { ProblemError, take } from '@onethread/client'
import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { api } from '../api/api.ts'
import { may, meQuery, type Right } from '../api/queries.ts'
import { Desk } from './Desk.tsx'
import { Failed, NotFound } from './Fallbacks.tsx'

type Context = { client: QueryClient }

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

const root = createRootRouteWithContext<Context>()({ component: Outlet, notFoundComponent: NotFound })

/** A page that only some may see: for the others there is nothing at its address. */
const needs =
  (right: Right) =>
  async ({ context }: { context: Context }): Promise<void> => {
    const me = await context.client.ensureQueryData(meQuery)
    if (!may(me, right)) throw notFound()
  }

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  validateSearch: (search): { code?: string } => {
    // A code may look like a number, and the router reads search values as JSON.
    const code = search.code === undefined ? undefined : text(String(search.code))
    return code ? { code } : {}
  },
  component: lazyRouteComponent(() => import('../entry/SetUpPage.tsx'), 'SetUpPage'),
})

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (search): { next?: string } => {
    const next = text(search.next)
    // Only a place of our own: "//elsewhere" and "/\elsewhere" are other hosts.
    return next && /^\/(?![/\\])/.test(next) ? { next } : {}
  },
  beforeLoad: async () => {
    const { needed } = await take(api.GET('/api/v1/setup')).catch(() => ({ needed: false }))
    if (needed) throw redirect({ to: '/setup' })
  },
  component: lazyRouteComponent(() => import('../entry/SignInPage.tsx'), 'SignInPage'),
})

const link = createRoute({
  getParentRoute: () => root,
  path: '/link',
  validateSearch: (search): { code?: string } => {
    const code = search.code === undefined ? undefined : text(String(search.code))
    return code ? { code } : {}
  },
  component: lazyRouteComponent(() => import('../entry/LinkPage.tsx'), 'LinkPage'),
})

const desk = createRoute({
  getParentRoute: () => root,
  id: 'desk',
  beforeLoad: async ({ context, location }) => {
    try {
      await context.client.ensureQueryData(meQuery)
    } catch (cause) {
      if (cause instanceof ProblemError && cause.problem.status === 401) {
        throw redirect({ to: '/login', search: location.href === '/' ? {} : { next: location.href } })
      }
      throw cause
    }
  },
  component: Desk,
})

const home = createRoute({
  getParentRoute: () => desk,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/threads' })
  },
})

const threads = createRoute({
  getParentRoute: () => desk,
  path: '/threads',
  component: lazyRouteComponent(() => import('../threads/ThreadsPage.tsx'), 'ThreadsPage'),
})
const noThread = createRoute({
  getParentRoute: () => threads,
  path: '/',
  component: lazyRouteComponent(() => import('../threads/ThreadsPage.tsx'), 'NoThread'),
})
const thread = createRoute({
  getParentRoute: () => threads,
  path: '$threadId',
  validateSearch: (search): { entry?: string } => {
    const entry = text(search.entry)
    return entry ? { entry } : {}
  },
  component: lazyRouteComponent(() => import('../threads/ThreadPage.tsx'), 'ThreadPage'),
})

const settings = createRoute({
  getParentRoute: () => desk,
  path: '/settings',
  component: lazyRouteComponent(() => import('../settings/SettingsPage.tsx'), 'SettingsPage'),
})
const settingsHome = createRoute({
  getParentRoute: () => settings,
  path: '/',
  beforeLoad: async ({ context }) => {
    const me = await context.client.ensureQueryData(meQuery)
    throw redirect({ to: may(me, 'manage_channels') ? '/settings/accounts' : '/settings/yours' })
  },
})
const accounts = createRoute({
  getParentRoute: () => settings,
  path: 'accounts',
  beforeLoad: needs('manage_channels'),
  component: lazyRouteComponent(() => import('../settings/AccountsPage.tsx'), 'AccountsPage'),
})
const connect = createRoute({
  getParentRoute: () => settings,
  path: 'accounts/new',
  beforeLoad: needs('manage_channels'),
  component: lazyRouteComponent(() => import('../settings/ConnectPage.tsx'), 'ConnectPage'),
})
const account = createRoute({
  getParentRoute: () => settings,
  path: 'accounts/$accountId',
  beforeLoad: needs('manage_channels'),
  component: lazyRouteComponent(() => import('../settings/AccountPage.tsx'), 'AccountPage'),
})
const webhooks = createRoute({
  getParentRoute: () => settings,
  path: 'webhooks',
  beforeLoad: needs('manage_channels'),
  component: lazyRouteComponent(() => import('../settings/WebhooksPage.tsx'), 'WebhooksPage'),
})
const newWebhook = createRoute({
  getParentRoute: () => settings,
  path: 'webhooks/new',
  beforeLoad: needs('manage_channels'),
  component: lazyRouteComponent(() => import('../settings/NewWebhookPage.tsx'), 'NewWebhookPage'),
})
const webhook = createRoute({
  getParentRoute: () => settings,
  path: 'webhooks/$webhookId',
  beforeLoad: needs('manage_channels'),
  component: lazyRouteComponent(() => import('../settings/WebhookPage.tsx'), 'WebhookPage'),
})
const people = createRoute({
  getParentRoute: () => settings,
  path: 'people',
  component: lazyRouteComponent(() => import('../settings/PeoplePage.tsx'), 'PeoplePage'),
})
const calendars = createRoute({
  getParentRoute: () => settings,
  path: 'hours',
  beforeLoad: needs('manage_channels'),
  component: lazyRouteComponent(() => import('../settings/CalendarsPage.tsx'), 'CalendarsPage'),
})
const newCalendar = createRoute({
  getParentRoute: () => settings,
  path: 'hours/new',
  beforeLoad: needs('manage_channels'),
  component: lazyRouteComponent(() => import('../settings/CalendarPage.tsx'), 'NewCalendarPage'),
})
const calendar = createRoute({
  getParentRoute: () => settings,
  path: 'hours/$calendarId',
  beforeLoad: needs('manage_channels'),
  component: lazyRouteComponent(() => import('../settings/CalendarPage.tsx'), 'CalendarPage'),
})
const labels = createRoute({
  getParentRoute: () => settings,
  path: 'labels',
  beforeLoad: needs('manage_channels'),
  component: lazyRouteComponent(() => import('../settings/LabelsPage.tsx'), 'LabelsPage'),
})
const fields = createRoute({
  getParentRoute: () => settings,
  path: 'fields',
  beforeLoad: needs('manage_channels'),
  component: lazyRouteComponent(() => import('../settings/FieldsPage.tsx'), 'FieldsPage'),
})
const yours = createRoute({
  getParentRoute: () => settings,
  path: 'yours',
  component: lazyRouteComponent(() => import('../settings/YoursPage.tsx'), 'YoursPage'),
})

const operations = createRoute({
  getParentRoute: () => desk,
  path: '/operations',
  beforeLoad: needs('read_operations'),
  component: lazyRouteComponent(() => import('../operations/OperationsPage.tsx'), 'OperationsPage'),
})

const tree = root.addChildren([
  setup,
  login,
  link,
  desk.addChildren([
    home,
    threads.addChildren([noThread, thread]),
    settings.addChildren([
      settingsHome,
      accounts,
      connect,
      account,
      webhooks,
      newWebhook,
      webhook,
      calendars,
      newCalendar,
      calendar,
      labels,
      fields,
      people,
      yours,
    ]),
    operations,
  ]),
])

export function createDeskRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    defaultPreload: 'intent',
    defaultErrorComponent: Failed,
    scrollRestoration: false,
  })
}
