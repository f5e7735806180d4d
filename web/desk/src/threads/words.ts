import type { Author, Block, Customer, Entry, Episode, EventEntry, Identity, MessageEntry } from '@onethread/client'
import type { TFunction } from 'i18next'
import { channelName } from '../parts/channels.ts'

/** What is said in a block, where it is words. */
function wordsOf(block: Block): string {
  if (block.type === 'text' || block.type === 'choice') return block.text
  return ''
}

/** The words of a message as they are read. */
export const textOf = (entry: MessageEntry): string => entry.blocks.map(wordsOf).filter(Boolean).join('\n')

/** What a block other than words is, and what it is called: one line. Undefined for words alone. */
export function partOf(t: TFunction, block: Block): string | undefined {
  const named = (kind: (typeof WHATS)[number], ...names: (string | null | undefined)[]) =>
    [t(`what.${kind}`), names.filter(Boolean).join(', ')].filter(Boolean).join(' – ')
  switch (block.type) {
    case 'text':
      return undefined
    case 'choice':
      return t('entry.options', { titles: block.options.map((option) => option.title).join(' · ') })
    case 'location':
      return named('location', block.name, block.address, `${block.latitude}, ${block.longitude}`)
    case 'card':
      return named('template', block.title, block.subtitle)
    case 'carousel':
      return named('carousel', ...block.cards.map((card) => card.title))
    case 'rich_link':
      return named('fallback', block.title, block.url)
    default:
      return named(block.type, block.name, block.caption)
  }
}

/** A name to show: the provider's, or the address when there is none. */
export function customerName(t: TFunction, customer: Customer): string {
  return customer.name || customer.identities[0]?.address || t('author.customer_unnamed')
}

/** Who wrote our side's words. `customer` stands for the person where the provider gave no name. */
export function authorName(t: TFunction, { type, name }: Author, customer: string): string {
  if (type === 'bot') return name ? t('author.bot', { name }) : t('author.bot_unnamed')
  if (type === 'system') return name ? t('author.system', { name }) : t('author.system_unnamed')
  if (type === 'customer') return name || customer
  return name || t('author.person')
}

/** Before our words in a list: "You:", or the name of whoever else wrote them. Undefined for what the customer wrote. */
export function byline(t: TFunction, entry: Entry | null | undefined, me: string): string | undefined {
  if (entry?.type !== 'message' || entry.direction !== 'outbound') return undefined
  if (entry.author.id === me) return t('list.you')
  return t('list.by', { name: authorName(t, entry.author, t('author.person')) })
}

/** Whether an entry is news for whoever answers: not what our own side wrote, nor the page's own echo of it. */
export function isNews(entry: Entry | null | undefined): boolean {
  if (entry?.type === 'message') return entry.direction === 'inbound'
  return entry?.type === 'event' && !OURS.has(entry.what)
}

/** The identity that an answer goes to: the one that the person used last. */
export function replyIdentity(customer: Customer): Identity | undefined {
  const last = (identity: Identity) => (identity.last_inbound_at ? Date.parse(identity.last_inbound_at) : 0)
  return customer.identities.reduce<Identity | undefined>(
    (best, one) => (best && last(best) >= last(one) ? best : one),
    undefined,
  )
}

/** The picture of a customer: that of the address which they used last, else any. */
export function customerPicture(customer: Customer): string | undefined {
  const ways = [replyIdentity(customer), ...customer.identities]
  return ways.find((identity) => identity?.picture)?.picture?.url
}

const WHATS = [
  'message',
  'image',
  'video',
  'audio',
  'file',
  'sticker',
  'location',
  'fallback',
  'template',
  'reaction',
  'postback',
  'referral',
  'optin',
  'message_edit',
  'echo',
  'standby',
  'quick_reply',
  'reply_to',
  'choice',
  'carousel',
  'control_passed',
  'control_taken',
  'control_requested',
  'account_linked',
  'account_unlinked',
  'feedback',
  'policy_enforced',
  'roles_changed',
  'template_status',
] as const

/** Other words for the same. */
const SAME: Record<string, string> = { message_echo: 'echo', edited: 'message_edit', opt_in: 'optin' }

/** Events of our own side. */
const OURS = new Set(['echo', 'message_echo'])

/** Something without a form of its own ("attachment:image") in words; the provider's own word where we have none. */
export function whatText(t: TFunction, what: string): string {
  const given = what.replace(/^attachment:/, '')
  const word = SAME[given] ?? given
  const known = WHATS.find((one) => one === word)
  return known ? t(`what.${known}`) : word.replaceAll('_', ' ')
}

/** What a matter is called. */
export const episodeName = (t: TFunction, episode: Pick<Episode, 'subject' | 'topic'>): string =>
  episode.subject || episode.topic || t('matter.unnamed')

const CLOSED = ['silence', 'customer', 'agent', 'system'] as const
const REOPENED = ['customer_message', 'not_solved', 'agent', 'send_failed'] as const

/** What happened, in words without its subject: "solved", "reopened, the customer wrote". */
export function eventText(t: TFunction, event: EventEntry): string {
  switch (event.name) {
    case 'episode.resolved':
      return event.reason === 'customer' ? t('event.resolved_customer') : t('event.resolved')
    case 'episode.closed': {
      const reason = CLOSED.find((one) => one === event.reason)
      return reason ? t(`event.closed_${reason}`) : t('event.closed_agent')
    }
    case 'episode.reopened': {
      const reason = REOPENED.find((one) => one === event.reason)
      return reason ? t(`event.reopened_${reason}`) : t('event.reopened_agent')
    }
    case 'episode.linked':
      return t('event.linked')
    case 'episode.split':
      return t('event.split')
    case 'customer.merged':
      return t('event.merged')
    case 'customer.unmerged':
      return t('event.unmerged')
    case 'not_shown':
      return t('entry.event_not_shown', { what: whatText(t, event.what) })
    default:
      return whatText(t, event.what || event.name.replace(/^.*\./, ''))
  }
}

/** The matter that an event is about, by name, where it is about one. */
export const eventSubject = (t: TFunction, event: EventEntry): string =>
  event.name.startsWith('episode.') ? event.subject || t('matter.unnamed') : ''

/** One line of an entry, for lists. */
export function lineOf(t: TFunction, entry: Entry): string {
  if (entry.type === 'event') {
    return [eventSubject(t, entry), eventText(t, entry), entry.by].filter(Boolean).join(' · ')
  }
  if (entry.type === 'note')
    return `${t('note.by', { name: entry.author.name })} ${entry.text.replace(/\s+/g, ' ').trim()}`
  const words = textOf(entry).replace(/\s+/g, ' ').trim()
  if (words) return words
  const first = entry.blocks.map((block) => partOf(t, block)).find(Boolean)
  const part = entry.not_shown?.[0]
  return first ?? (part ? t('entry.part_not_shown', { what: whatText(t, part) }) : '')
}

/** An address of a customer, and the channel account through which it is reached. */
export type Way = {
  identity: Identity
  /** The account's name; undefined while it is not known. */
  account?: string | undefined
}

/** The account where it is known, for two pages of one channel differ in nothing else; the address otherwise. */
export function wayName(t: TFunction, { identity, account }: Way): string {
  return account ?? `${channelName(t, identity.kind)} ${identity.address}`
}

/** Why an answer cannot be sent now, or undefined when it can. */
export type Closed = 'no_right' | 'no_identity' | 'blocked' | 'suppressed' | 'closed'

export function closedBecause(maySend: boolean, identity: Identity | undefined, now: number): Closed | undefined {
  if (!maySend) return 'no_right'
  if (!identity) return 'no_identity'
  if (identity.suppression) return 'suppressed'
  if (identity.blocked) return 'blocked'
  // Only what the server said counts: where it names no end, the server decides when the message is sent.
  const until = answerUntil(identity, now)
  if (until && until.at <= now) return 'closed'
  return undefined
}

/** Until when an answer may be sent, and whether only because a person writes it; undefined where nothing ends. */
export function answerUntil(identity: Identity, now: number): { at: number; human: boolean } | undefined {
  if (!identity.window_until) return undefined
  const at = Date.parse(identity.window_until)
  const extended = identity.human_window_until ? Date.parse(identity.human_window_until) : at
  return at <= now && extended > now ? { at: extended, human: true } : { at, human: false }
}
