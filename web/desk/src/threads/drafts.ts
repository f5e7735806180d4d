import { readPref, writePref } from '../app/prefs.ts'

/** Drafts are kept per thread on this device. */
const name = (threadId: string) => `draft.${threadId}`

/** A note that is being written has a draft of its own. */
export const noteDraft = (threadId: string) => `${threadId}.note`

export const readDraft = (threadId: string): string => readPref(name(threadId)) ?? ''

export function writeDraft(threadId: string, text: string): void {
  writePref(name(threadId), text.trim() === '' ? null : text)
}
