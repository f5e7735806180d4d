import type { Delivery, Entry } from '@onethread/client'
import { at, customer, episode, event, inbound, note, outbound, promised } from '../states/samples.ts'
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

const [own] = customer(1).identities
const [second] = customer(9).identities
/** What a person may do about messages that have not arrived. */
const reach = {
  colleague: () => undefined,
  mayManage: true,
  ways:
    own && second
      ? [
          { identity: own, account: 'Norrvik' },
          { identity: second, account: 'Norrvik Outlet' },
        ]
      : [],
  onSendBy: () => {},
  onChange: () => {},
  onCancel: () => {},
}

const HAN = '您好，我的订单 NV-40761 昨天下午三点显示“已签收”，但是我一整天都在家，没有人按门铃，邻居那里也都没有。'

const of = (seq: number, text: string, more: Parameters<typeof inbound>[2] = {}) =>
  inbound(seq, text, { episode_id: 'epi_1', ...more })
const epi = episode(1, { subject: 'Parcel not arrived', topic: 'Delivery' })
const answer = { ...outbound(4, 'It never left the sorting hall.', { state: 'read', tries: 1 }), episode_id: 'epi_1' }
const LONG_NAME = 'Maria Magdalena Wolfeschlegelsteinhausenbergerdorff-Oyelaran '.repeat(5)
const happened = (name: string, more: Parameters<typeof event>[2] = {}, seq = 3) =>
  event(seq, name, { episode_id: 'epi_1', subject: 'Parcel not arrived', ...more })
const EMOJI = ['👍', '❤️', '😂', '😮', '😢', '🙏', '🎉', '🔥', '👏', '🤔', '✅', '👀']

export default {
  empty: () => line([]),
  'a matter, note and promise kept': () =>
    line(
      [
        of(1, 'Where is my parcel?'),
        { ...note(2, '@Ieva can you look in the sorting hall?', { mentions: ['agt_2'] }), episode_id: 'epi_1' },
        answer,
        happened('episode.resolved', { by: 'Tomas', reason: 'agent' }, 6),
      ],
      {
        episodes: [epi],
        promises: [promised(3, 'epi_1', { state: 'kept', ended_at: at(5) })],
        acts: { colleague: () => 'Ieva' },
      },
    ),
  'a promise made and broken': () =>
    line([of(1, 'Where is my parcel?'), of(70, 'Nobody answers?')], {
      episodes: [epi],
      promises: [promised(2, 'epi_1', { state: 'broken', ended_at: at(62) })],
    }),
  'folded and open matters': () =>
    line([of(1, 'Exchange, please'), { ...inbound(9, 'And where is the other?'), episode_id: 'epi_2' }], {
      episodes: [
        episode(9, { id: 'epi_2', subject: 'Parcel not arrived', follows_id: 'epi_1' }),
        episode(1, { subject: 'Exchange Skarv M → L', state: 'closed', closed_at: at(5) }),
      ],
    }),
  'every event in words': () =>
    line(
      [
        happened('episode.resolved', { by: 'Tomas' }, 1),
        happened('episode.resolved', { reason: 'customer' }, 2),
        ...(['silence', 'customer', 'agent', 'system'] as const).map((reason, place) =>
          happened('episode.closed', { reason }, 3 + place),
        ),
        ...(['customer_message', 'not_solved', 'agent', 'send_failed'] as const).map((reason, place) =>
          happened('episode.reopened', { reason }, 8 + place),
        ),
        happened('episode.linked', { by: 'Tomas' }, 13),
        happened('episode.split', { by: 'Ieva', subject: '' }, 14),
        event(15, 'customer.merged', { by: 'Ieva' }),
        event(16, 'customer.unmerged'),
        event(17, 'event.happened', { what: 'referral' }),
        event(18, 'not_shown', { what: 'postback' }),
      ],
      { episodes: [epi] },
    ),
  'reactions, edited, quoted': () =>
    line([
      inbound(1, 'Is it still there?', {
        edited_at: at(2),
        reactions: EMOJI.flatMap((emoji) => [
          { emoji, from: 'customer' as const },
          { emoji, from: 'agent' as const },
        ]),
      }),
      { ...outbound(3, 'Yes.', { state: 'read', tries: 1 }), reply_to: { message_id: 'msg_1' }, reply_kind: 'holding' },
      inbound(4, 'Then I take it', { reply_to: { external_id: 'm_unknown' }, standby: true }),
    ]),
  'media that is fetched or failed': () =>
    line([
      inbound(1, '', { blocks: [{ type: 'image', file_id: 'fil_1', name: 'lamp.jpg', state: 'fetching' }] }),
      inbound(2, '', {
        blocks: [{ type: 'audio', file_id: 'fil_2', name: 'voice.ogg', state: 'failed', failure: 'expired' }],
      }),
      inbound(3, '', {
        blocks: [{ type: 'video', file_id: 'fil_3', name: 'door.mp4', state: 'failed', failure: 'too_large' }],
      }),
      inbound(6, '', {
        blocks: [{ type: 'image', file_id: 'fil_6', name: 'shelf.jpg', state: 'failed', failure: 'unreachable' }],
      }),
      inbound(4, '', { blocks: [{ type: 'file', file_id: 'fil_4', name: 'receipt.pdf', state: 'fetching' }] }),
      inbound(5, '', { blocks: [{ type: 'sticker', file_id: 'fil_5', state: 'failed' }] }),
    ]),
  'a choice and what was chosen': () =>
    line([
      {
        ...outbound(1, '', { state: 'read', tries: 1 }),
        blocks: [
          {
            type: 'choice',
            text: 'How would you like it?',
            options: [
              { id: 'a', title: 'Pick up by 19:00' },
              { id: 'b', title: 'Courier Fri 8–10', description: 'free' },
              { id: 'c', title: 'Look at the offer', url: 'https://shop.example.com/o' },
            ],
          },
        ],
      },
      inbound(2, 'Courier Fri 8–10', { choice: { option_id: 'b', message_id: 'msg_1' } }),
      {
        ...outbound(3, '', { state: 'sent', tries: 1 }),
        blocks: [
          {
            type: 'carousel',
            cards: [
              { title: 'Desk lamp', subtitle: '49.00 EUR', options: [{ id: 'l1', title: 'Take it' }] },
              { title: 'Floor lamp', subtitle: '129.00 EUR', url: 'https://shop.example.com/l2' },
            ],
          },
        ],
      },
    ]),
  'right to left': () =>
    line([
      inbound(1, 'هل يمكنني تغيير موعد التسليم إلى يوم الخميس؟ رقم الطلب NV-40718'),
      note(2, 'نتحقق من المستودع أولاً'),
    ]),
  'names of 300 characters': () =>
    line([inbound(1, 'Hello'), note(2, 'Note', { author: { type: 'agent', id: 'agt_9', name: LONG_NAME } })], {
      customer: { ...customer(1), name: LONG_NAME },
      episodes: [{ ...epi, subject: LONG_NAME }],
    }),
  '10,000 characters': () => line([inbound(1, 'A long letter. '.repeat(667))]),
  'very many entries': () =>
    line(
      Array.from({ length: 300 }, (_, place) => of(place + 1, `Message ${place}`)),
      { episodes: [epi] },
    ),
  'choosing messages': () =>
    line([inbound(1, 'About the parcel'), inbound(2, 'And something else')], {
      acts: { colleague: () => undefined, selection: new Set(['msg_2']), onSelect: () => {} },
    }),
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
  'trying again': () => fate({ state: 'queued', error: { reason: 'temporary', next_step: 'resend' }, tries: 3 }),
  delivered: () => fate({ state: 'delivered', tries: 1 }),
  read: () => fate({ state: 'read', tries: 1 }),
  'failed: window': () =>
    fate({
      state: 'failed',
      error: {
        reason: 'outside_window',
        next_step: 'resend',
        code: '10 (2018278)',
        detail: 'outside of allowed window',
      },
      tries: 1,
    }),
  'failed: credentials': () =>
    fate({ state: 'failed', error: { reason: 'unauthorized', next_step: 'resend' }, tries: 1 }),
  uncertain: () => fate({ state: 'uncertain', error: { reason: 'no_answer', next_step: 'resend' }, tries: 1 }),
  'waits for its time': () =>
    line(
      [
        inbound(1, 'Call me on Monday?'),
        {
          ...outbound(4, 'Good morning, shall I call now?', { state: 'queued', tries: 0 }),
          episode_id: null,
          send_at: at(4000),
          cancel_on_reply: true,
        },
      ],
      { acts: reach },
    ),
  'held by a pause': () =>
    line(
      [
        inbound(1, 'Where is it?'),
        outbound(4, 'On its way.', {
          state: 'queued',
          error: { reason: 'unauthorized', next_step: 'reconnect_account', code: '190/463' },
          tries: 1,
        }),
      ],
      { acts: reach },
    ),
  'called off, and another way': () =>
    line(
      [
        outbound(2, 'Are you there?', {
          state: 'failed',
          error: { reason: 'customer_replied', next_step: 'resend' },
          tries: 0,
        }),
        inbound(3, 'Yes'),
        {
          ...outbound(4, 'Then here it is.', {
            state: 'failed',
            error: {
              reason: 'outside_window',
              next_step: 'send_by_other',
              alternatives: [{ identity_id: 'idn_9', reason: 'open_window' }],
            },
            tries: 1,
          }),
          resent_as: 'msg_6',
        },
        { ...outbound(6, 'Then here it is.', { state: 'sent', tries: 1 }), resent_from: 'msg_4' },
      ],
      { acts: reach },
    ),
  'waits for the connection': () =>
    line([inbound(1, 'Hi')], { pending: [pending('waiting', 'Not yet sent')], offline: true }),
  refused: () => line([inbound(1, 'Hi')], { pending: [pending('refused', 'Too late')] }),
  'loading older': () => line([inbound(1, 'Hello')], { older: true, loadingOlder: true }),
}
