import type { Thread } from '@onethread/client'
import { ProblemError } from '@onethread/client'
import { ProblemRegion } from '../parts/Problem.tsx'
import { customer, episode, event, inbound, note, outbound, thread } from '../states/samples.ts'
import { ListSkeleton, NobodyYet, Rows } from './ThreadList.tsx'

const named = (place: number, name: string, last: Thread['last_entry']): Thread => ({
  ...thread(place, 1000 - place, last ?? null),
  customer: { ...customer(place), name },
})

const rows = (threads: Thread[], current?: string) => (
  <Rows threads={threads} current={current} me="agt_1" more={false} loading={false} failed={false} onMore={() => {}} />
)

const busy = new ProblemError({
  type: 'about:blank',
  title: 'Service Unavailable',
  status: 503,
  code: 'unavailable',
  detail: 'store busy',
  request_id: '7f3k-20m1',
})

const LONG = 'Maria Magdalena Wolfeschlegelsteinhausenbergerdorff-Oyelaran'

export default {
  rest: () =>
    rows([
      named(1, 'Maya Lindqvist', inbound(10, 'this is the note on the door')),
      named(2, 'Gintarė Petrauskaitė', outbound(9, 'Taip, spėsime iki 12 val.', { state: 'read', tries: 1 })),
      named(3, '陈思远', inbound(8, '显示已签收，但我没有收到包裹。')),
      named(
        4,
        'Jonas Falk',
        outbound(7, 'The Tarn 45 fits', {
          state: 'failed',
          error: { reason: 'blocked', next_step: 'resend' },
          tries: 1,
        }),
      ),
    ]),
  matters: () => (
    <Rows
      me="agt_1"
      threads={[
        named(1, 'Ove Brandsæter', inbound(10, 'You charged me twice and nobody')),
        named(2, 'Gintarė Petrauskaitė', note(9, 'Address is checked')),
        named(3, 'Peter Okonjo', event(8, 'episode.resolved', { subject: 'Return', by: 'Tomas' })),
        named(4, 'Lena Brugger', outbound(7, 'Here are three times', { state: 'read', tries: 1 })),
      ]}
      episodes={
        new Map([
          [
            'thr_1',
            episode(1, { subject: 'Double charge', promise_due_at: new Date(Date.now() - 420_000).toISOString() }),
          ],
          [
            'thr_2',
            episode(2, {
              subject: 'Change of address',
              unanswered_since: new Date(Date.now() - 600_000).toISOString(),
            }),
          ],
          [
            'thr_4',
            episode(4, { ball: 'customer', state: 'snoozed', until: new Date(Date.now() + 90_000_000).toISOString() }),
          ],
        ])
      }
      current={undefined}
      more={false}
      loading={false}
      failed={false}
      onMore={() => {}}
    />
  ),
  current: () => rows([named(1, 'Maya Lindqvist', inbound(10, 'Hello')), named(2, 'Ove', inbound(9, 'Hi'))], 'thr_1'),
  'very long': () =>
    rows([
      named(1, LONG, inbound(10, 'Aw: Re: Fwd: Re: Ihre Rücksendungsbestätigungsnummer RMA-2026-11-000000412')),
      named(2, 'customer-7c41e9ab02d84f6c9e1f@privaterelay.example', inbound(9, 'a'.repeat(400))),
      named(3, 'محمد عبد الرحمن الأنصاري', inbound(8, 'هل يمكنني تغيير موعد التسليم إلى يوم الخميس؟')),
      named(4, '👨‍👩‍👧‍👦 🏔️', inbound(7, '❤️'.repeat(60))),
      named(5, '', null),
    ]),
  '10,000 rows': () =>
    rows(
      Array.from({ length: 10_000 }, (_, place) => named(place, `Person ${place}`, inbound(place, `Message ${place}`))),
    ),
  empty: () => <NobodyYet mayConnect={false} />,
  'empty, may connect': () => <NobodyYet mayConnect />,
  loading: () => <ListSkeleton />,
  error: () => <ProblemRegion title="This list could not be read" error={busy} onAgain={() => {}} />,
}
