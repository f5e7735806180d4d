import { ProblemError, type Webhook, type WebhookDelivery } from '@onethread/client'
import { useState } from 'react'
import { ProblemRegion } from '../parts/Problem.tsx'
import { at } from '../states/samples.ts'
import { Deliveries, SecretOnce, StandingPanel, TestResult } from './WebhookPanels.tsx'
import { NoWebhooks, WebhookList, WebhookSkeleton } from './WebhooksPage.tsx'
import { emptyWebhook, KindFields } from './webhookForm.tsx'

const webhook = (place: number, more: Partial<Webhook> = {}): Webhook => ({
  id: `whk_${place}`,
  name: 'CRM',
  url: 'https://crm.example.com/onethread',
  kinds: ['message.*'],
  enabled: true,
  state: 'healthy',
  cursor: 'c00000000000042',
  failed_events: 0,
  last_success_at: at(0),
  created_at: at(-900),
  ...more,
})

const delivery = (place: number, more: Partial<WebhookDelivery> = {}): WebhookDelivery => ({
  id: `whd_${place}`,
  event_id: `evt_${place}`,
  kind: 'message.received',
  cursor: 'c00000000000042',
  attempt: 1,
  at: at(place),
  duration_ms: 48,
  outcome: 'delivered',
  status: 200,
  ...more,
})

const failing = webhook(2, {
  name: 'Atsiskaitymų sistema su labai ilgu pavadinimu, kuris netelpa į vieną eilutę',
  url: `https://hooks.example.com/${'a-long-path/'.repeat(14)}`,
  state: 'failing',
  failing_since: at(-1500),
  last_error: 'no_answer',
  next_try_at: at(40),
  failed_events: 3,
})

const off = new ProblemError({
  type: 'about:blank',
  title: 'Service Unavailable',
  status: 503,
  code: 'unavailable',
  detail: 'store busy',
  request_id: '7f3k-20m1',
})

function Kinds() {
  const [form, setForm] = useState({ ...emptyWebhook, everything: false, kinds: ['message.*', 'token.revoked'] })
  const families = ['customer', 'message', 'event', 'channel_account', 'agent', 'sign_in', 'token', 'webhook', 'brand']
  return <KindFields families={families} form={form} onChange={setForm} />
}

const nothing = () => {}

export default {
  list: () => (
    <WebhookList
      webhooks={[
        webhook(1),
        failing,
        webhook(3, { name: '订单系统', state: 'retrying', failing_since: at(-4), last_error: 'not_accepted' }),
        webhook(4, { state: 'disabled', enabled: false }),
        webhook(5, { state: 'gone', enabled: false, last_error: 'not_accepted' }),
        webhook(6, { last_success_at: null }),
      ]}
    />
  ),
  empty: () => <NoWebhooks />,
  loading: () => <WebhookSkeleton />,
  error: () => <ProblemRegion title="This list could not be read" error={off} onAgain={nothing} />,
  'secret, once': () => <SecretOnce secret="whsec_b25ldGhyZWFkOiBhIHNlY3JldCBmb3IgZXhhbXBsZXM=" onStored={nothing} />,
  kinds: () => <Kinds />,
  failing: () => <StandingPanel webhook={failing} onReplay={nothing} replaying={false} />,
  'failing and off': () => (
    <StandingPanel webhook={{ ...failing, state: 'disabled', enabled: false }} onReplay={nothing} replaying={false} />
  ),
  'test arrived': () => <TestResult delivery={delivery(1, { kind: 'webhook.test', status: 204 })} />,
  'test refused': () => (
    <TestResult
      delivery={delivery(1, {
        outcome: 'failed',
        status: null,
        error: 'address_refused',
        detail: 'the address is private; if it is meant, have its host allowed in the settings',
      })}
    />
  ),
  deliveries: () => (
    <Deliveries
      failed={false}
      onReplay={() => Promise.resolve()}
      deliveries={[
        delivery(5),
        delivery(4, {
          outcome: 'retrying',
          status: 503,
          error: 'not_accepted',
          detail: 'upstream is busy',
          attempt: 2,
        }),
        delivery(3, {
          outcome: 'failed',
          status: null,
          error: 'no_answer',
          detail: 'operation timed out',
          attempt: 31,
        }),
        delivery(2, { outcome: 'gone', status: 410, error: 'not_accepted' }),
        delivery(1, { kind: 'webhook.test', cursor: null }),
      ]}
    />
  ),
  'no deliveries': () => <Deliveries failed={false} deliveries={[]} />,
  'no failed deliveries': () => <Deliveries failed deliveries={[]} />,
}
