import type { Delivery, Entry } from '@onethread/client'
import { at, customer, inbound, outbound } from '../states/samples.ts'
import type { Pending } from './outbox.ts'
import { Timeline } from './Timeline.tsx'

const pending = (state: Pending['state'], text: string): Pending => ({
  key: text,
  threadId: 'thr_1',
  identityId: 'idn_1',
  text,
  at: 0,
  state,
})

function line(oldestFirst: Entry[], more: Partial<Parameters<typeof Timeline>[0]> = {}) {
  return (
    <div style={{ display: 'flex', flex: 1, minHeight: 0, background: 'var(--bg-surface)' }}>
      <Timeline
        customer={{ ...customer(1), name: 'Maya Lindqvist' }}
        entries={oldestFirst.toReversed()}
        pending={[]}
        offline={false}
        older={false}
        loadingOlder={false}
        olderFailed={false}
        onOlder={() => {}}
        me="agt_1"
        maySend
        again={undefined}
        onAgain={() => {}}
        onEdit={() => {}}
        {...more}
      />
    </div>
  )
}

const fate = (delivery: Partial<Delivery>, seq = 4) =>
  line([inbound(1, 'Where is it?'), outbound(seq, 'On its way.', delivery)])

const HAN = '您好，我的订单 NV-40761 昨天下午三点显示“已签收”，但是我一整天都在家，没有人按门铃，邻居那里也都没有。'

export default {
  'first contact': () => line([inbound(1, 'Hello?')]),
  'who speaks': () =>
    line([
      inbound(1, 'Where is my parcel?'),
      outbound(3, 'It never left the sorting hall.', { state: 'read', tries: 1 }),
      {
        ...outbound(9, 'I am the onethread bot.', { state: 'sent', tries: 1 }),
        author: { type: 'bot', id: 'bot_1', name: 'Pim' },
      },
      {
        ...outbound(16, 'Order NV-40718 was packed.', { state: 'sent', tries: 1 }),
        author: { type: 'system', id: 'tok_1', name: 'Shop' },
      },
    ]),
  'very long': () => line([inbound(1, HAN.repeat(12)), inbound(2, 'x'.repeat(300))]),
  'kept, not shown': () =>
    line([
      inbound(1, '', { blocks: [], not_shown: ['attachment:image', 'attachment:file'] }),
      inbound(2, 'with words', { not_shown: ['attachment:sticker'] }),
      { type: 'event', seq: 3, id: 'ent_3', at: at(3), identity_id: 'idn_1', name: 'not_shown', what: 'postback' },
    ]),
  'merged and two again': () =>
    line([
      inbound(1, 'Hello'),
      {
        type: 'event',
        seq: 2,
        id: 'ent_2',
        at: at(2),
        identity_id: 'idn_1',
        name: 'customer.merged',
        what: '',
        by: 'Ada',
      },
      { type: 'event', seq: 3, id: 'ent_3', at: at(3), identity_id: 'idn_1', name: 'customer.unmerged', what: '' },
    ]),
  'other than words': () =>
    line([
      inbound(1, '', { blocks: [{ type: 'image', file_id: 'fil_1', name: 'lamp.jpg', state: 'stored' }] }),
      inbound(2, '', {
        blocks: [
          { type: 'text', text: 'Is this still there?' },
          { type: 'card', title: 'Desk lamp', subtitle: '49.00 EUR' },
          { type: 'location', latitude: 54.6872, longitude: 25.2797, name: 'Shop' },
          { type: 'rich_link', url: 'https://shop.example.com/l1', title: 'Lamps' },
        ],
      }),
      {
        ...outbound(3, '', { state: 'sent', tries: 1 }),
        blocks: [
          {
            type: 'choice',
            text: 'Which one?',
            options: [
              { id: 'a', title: 'Desk lamp' },
              { id: 'b', title: 'Floor lamp' },
            ],
          },
        ],
      },
    ]),
  queued: () => fate({ state: 'queued' }),
  'trying again': () => fate({ state: 'queued', error: { reason: 'temporary' }, tries: 3 }),
  delivered: () => fate({ state: 'delivered', tries: 1 }),
  read: () => fate({ state: 'read', tries: 1 }),
  'failed: window': () =>
    fate({
      state: 'failed',
      error: { reason: 'outside_window', code: '10 (2018278)', detail: 'outside of allowed window' },
      tries: 1,
    }),
  'failed: credentials': () => fate({ state: 'failed', error: { reason: 'unauthorized' }, tries: 1 }),
  uncertain: () => fate({ state: 'uncertain', error: { reason: 'no_answer' }, tries: 1 }),
  'waits for the connection': () =>
    line([inbound(1, 'Hi')], { pending: [pending('waiting', 'Not yet sent')], offline: true }),
  refused: () => line([inbound(1, 'Hi')], { pending: [pending('refused', 'Too late')] }),
  'loading older': () => line([inbound(1, 'Hello')], { older: true, loadingOlder: true }),
}
