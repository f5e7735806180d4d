import type { Block, Entry, MessageEntry } from '@onethread/client'
import { createContext, useContext } from 'react'
import type { Way } from './words.ts'

/** What an entry may ask of the thread that it stands in. */
export type TimelineActs = {
  /** An entry that is loaded. */
  find: (id: string) => Entry | undefined
  /** Brings an entry into view and gives it the focus. */
  jump: (id: string) => void
  /** The option that was chosen of a message's choice. */
  chosen: (messageId: string) => string | undefined
  /** The name of a colleague. */
  colleague: (id: string) => string | undefined
  /** Absent where nobody may answer. */
  onReply?: (entry: MessageEntry) => void
  /** The ways in which the customer can be reached. */
  ways?: readonly Way[]
  /** This person may change channel accounts. */
  mayManage?: boolean
  /** Sends what failed through another identity. Absent where nobody may answer; so are the next two. */
  onSendBy?: (entry: MessageEntry, identityId: string) => void
  /** Changes a message that waits for its time. */
  onChange?: (entry: MessageEntry, change: { send_at?: string; blocks?: Block[] }) => void
  /** Calls a message back that has not left. */
  onCancel?: (entry: MessageEntry) => void
  /** Absent where there is no other matter to move it to. */
  onMove?: (entry: MessageEntry) => void
  /** The messages that are being gathered for a matter of their own; absent otherwise. */
  selection?: ReadonlySet<string>
  onSelect?: (entry: MessageEntry, selected: boolean) => void
}

export const NO_ACTS: TimelineActs = {
  find: () => undefined,
  jump: () => {},
  chosen: () => undefined,
  colleague: () => undefined,
}

export const TimelineContext = createContext<TimelineActs>(NO_ACTS)
export const useTimelineActs = (): TimelineActs => useContext(TimelineContext)
