import type { Author, Block, Customer, Entry, Identity, MessageEntry } from '@onethread/client'
import type { TFunction } from 'i18next'

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

const WHATS = [
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

/** One line of an entry, for lists. */
export function lineOf(t: TFunction, entry: Entry): string {
  if (entry.type === 'event') return t('entry.event_not_shown', { what: whatText(t, entry.what) })
  if (entry.type === 'note') return entry.text.replace(/\s+/g, ' ').trim()
  const words = textOf(entry).replace(/\s+/g, ' ').trim()
  if (words) return words
  const first = entry.blocks.map((block) => partOf(t, block)).find(Boolean)
  const part = entry.not_shown?.[0]
  return first ?? (part ? t('entry.part_not_shown', { what: whatText(t, part) }) : '')
}

/** Why an answer cannot be sent now, or undefined when it can. */
export type Closed = 'no_right' | 'no_identity' | 'blocked' | 'closed'

export function closedBecause(maySend: boolean, identity: Identity | undefined, now: number): Closed | undefined {
  if (!maySend) return 'no_right'
  if (!identity) return 'no_identity'
  if (identity.blocked) return 'blocked'
  // Only what the server said counts: where it names no end, the server decides when the message is sent.
  if (identity.window_until && Date.parse(identity.window_until) <= now) return 'closed'
  return undefined
}
