import { type Episode, type Label, ProblemError } from '@onethread/client'
import { episode, label } from '../states/samples.ts'
import bar from './MatterBar.module.css'
import { MatterActs, MatterLine } from './MatterBar.tsx'
import { MatterSheet, type SheetName } from './MatterSheet.tsx'
import type { Offer } from './offer.ts'

const MINUTE = 60_000
const ahead = (minutes: number) => new Date(Date.now() + minutes * MINUTE).toISOString()
const open = (more: Partial<Episode> = {}) =>
  episode(1, {
    subject: 'Parcel not arrived',
    topic: 'Delivery',
    unanswered_since: ahead(-12),
    opened_at: ahead(-95),
    ...more,
  })

const there = <T,>(items: T[]): Offer<T> => ({ items, error: null, onAgain: () => {} })
const labels: Label[] = [
  label(1, 'Refund', { colour: 'plum' }),
  label(2, 'Urgent', { colour: 'amber' }),
  label(3, '需要回电', { colour: 'blue' }),
]
const many = Array.from({ length: 12 }, (_, place) => label(place + 1, `Label ${place + 1}`))
const busy = new ProblemError({
  type: 'about:blank',
  title: 'Service Unavailable',
  status: 503,
  code: 'unavailable',
  detail: 'store busy',
  request_id: '7f3k-20m1',
})
const LONG = 'Rücksendungsbestätigungsnummer '

function line(one: Episode, others: Episode[] = [], promisedAt?: number) {
  return (
    <div>
      <MatterLine
        episode={one}
        open={[one, ...others]}
        me="agt_1"
        promisedAt={promisedAt}
        now={Date.now()}
        onSwitch={() => {}}
      />
      <MatterActs
        episode={one}
        linkable
        busy={false}
        onSheet={() => {}}
        onDone={() => {}}
        onResume={() => {}}
        onReopen={() => {}}
        onCloseMatter={() => {}}
      />
    </div>
  )
}

function sheet(name: SheetName, offer: Offer<Label> = there(labels), one: Episode = open()) {
  return (
    <div className={bar.under} style={{ minHeight: 420 }}>
      <MatterSheet
        name={name}
        threadId="thr_1"
        episode={one}
        episodes={[one, episode(2, { subject: 'Money back' })]}
        agents={[
          {
            id: 'agt_1',
            name: 'Tomas Vaitkus',
            email: 't@example.com',
            role: 'agent',
            disabled: false,
            created_at: ahead(-9),
          },
          {
            id: 'agt_2',
            name: 'Ieva Malmö store',
            email: 'i@example.com',
            role: 'agent',
            disabled: false,
            created_at: ahead(-9),
          },
        ]}
        me="agt_1"
        selection={new Set(['msg_1', 'msg_2'])}
        moving={undefined}
        busy={false}
        labels={offer}
        mayDefine
        onLabel={() => {}}
        now={Date.now()}
        onAct={() => {}}
        onMove={() => {}}
        onClose={() => {}}
      />
    </div>
  )
}

export default {
  'waits for us, yours': () => line(open({ assignee: { id: 'agt_1', name: 'Tomas Vaitkus' } })),
  promised: () => line(open({ promise_due_at: ahead(38) }), [], Date.now() - 20 * MINUTE),
  'promised, soon': () => line(open({ promise_due_at: ahead(4) }), [], Date.now() - 50 * MINUTE),
  'promised, late': () => line(open({ promise_due_at: ahead(-7) }), [], Date.now() - 90 * MINUTE),
  'asleep until': () => line(open({ state: 'snoozed', ball: 'customer', until: ahead(3000) })),
  'on hold': () => line(open({ state: 'on_hold', ball: 'third_party', hold_reason: 'the carrier looks for it' })),
  'several open': () => line(open(), [episode(2, { subject: 'Money back' }), episode(3)]),
  solved: () => line(open({ state: 'resolved', ball: 'nobody', resolved_at: ahead(-1) })),
  'no subject': () => line(open({ subject: '', topic: '' })),
  'very long': () => line(open({ subject: LONG.repeat(10), promise_due_at: ahead(60) })),
  labelled: () => line(open({ labels: labels.slice(0, 2) })),
  'labelled, very long': () =>
    line(open({ labels: [label(1, LONG.repeat(2)), ...labels, ...many], promise_due_at: ahead(60) })),
  labels: () => sheet('labels', there(labels), open({ labels: labels.slice(0, 1) })),
  'labels, many': () => sheet('labels', there(many)),
  'labels, none defined': () => sheet('labels', there<Label>([])),
  'labels, loading': () => sheet('labels', { items: undefined, error: null, onAgain: () => {} }),
  'labels, error': () => sheet('labels', { items: undefined, error: busy, onAgain: () => {} }),
  later: () => sheet('later'),
  assign: () => sheet('assign'),
  split: () => sheet('split'),
  hold: () => sheet('hold'),
}
