/** The words of the contract, by the names that the screens use. */
import type { components } from './schema.d.ts'

type Schemas = components['schemas']

export type Me = Schemas['Me']
export type Role = Schemas['Role']
export type Agent = Schemas['Agent']
export type AccountPause = Schemas['AccountPause']
export type ChannelAccount = Schemas['ChannelAccount']
export type NewChannelAccount = Schemas['NewChannelAccount']
export type TestReport = Schemas['TestReport']
export type Webhook = Schemas['Webhook']
export type WebhookState = Schemas['WebhookState']
export type WebhookDelivery = Schemas['WebhookDelivery']
export type WebhookReplay = Schemas['WebhookReplay']
export type Customer = Schemas['Customer']
export type Identity = Schemas['Identity']
export type Label = Schemas['Label']
export type AppliedLabel = Schemas['AppliedLabel']
export type LabelColour = Schemas['LabelColour']
export type Attribute = Schemas['Attribute']
export type AttributeType = Schemas['AttributeType']
export type NewAttribute = Schemas['NewAttribute']
export type Calendar = Schemas['Calendar']
export type CalendarPreview = Schemas['CalendarPreview']
export type HoursDraft = Schemas['HoursDraft']
export type Merge = Schemas['Merge']
export type Unmerge = Schemas['Unmerge']
export type MergePreview = Schemas['MergePreview']
export type MergeSide = Schemas['MergeSide']
export type MergeWarning = Schemas['MergeWarning']
export type SearchHit = Schemas['SearchHit']
export type Snippet = Schemas['Snippet']
export type Thread = Schemas['Thread']
export type Entry = Schemas['Entry']
export type MessageEntry = Extract<Entry, { type: 'message' }>
export type EventEntry = Extract<Entry, { type: 'event' }>
export type NoteEntry = Extract<Entry, { type: 'note' }>
export type Episode = Schemas['Episode']
export type Promised = Schemas['Promise']
export type ReplyKind = Schemas['ReplyKind']
export type NewMessage = Schemas['NewMessage']
export type NewNote = Schemas['NewNote']
export type Media = Schemas['Media']
export type Card = Schemas['Card']
export type ChoiceOption = Schemas['ChoiceOption']
export type Reaction = Schemas['Reaction']
export type Author = Schemas['Author']
export type Block = Schemas['Block']
export type Delivery = Schemas['Delivery']
export type DeliveryState = Schemas['DeliveryState']
export type FailureReason = Schemas['FailureReason']
export type StoredFile = Schemas['File']
export type Job = Schemas['Job']
export type InboundEvent = Schemas['InboundEvent']
/** Kinds that this desk does not know yet may come from a newer server, so the kind is any text. */
export type LogFrame = Omit<Schemas['LogFrame'], 'kind'> & { kind: string }
export type Problem = Schemas['Problem']

/** One page of a list; `next_cursor` is absent or null on the last. */
export type Page<T> = { items: T[]; next_cursor?: string | null }
