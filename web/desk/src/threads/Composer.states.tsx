import type { Customer } from '@onethread/client'
import { customer, episode, inbound } from '../states/samples.ts'
import { Composer } from './Composer.tsx'
import { writeDraft } from './drafts.ts'

const HOUR = 3_600_000
const left = (millis: number): Customer => {
  const person = { ...customer(1), name: 'Maya Lindqvist' }
  const window_until = new Date(Date.now() + millis).toISOString()
  return { ...person, identities: person.identities.map((identity) => ({ ...identity, window_until })) }
}
const people = (person: Customer): Customer => {
  const human_window_until = new Date(Date.now() + 100 * HOUR).toISOString()
  return { ...person, identities: person.identities.map((identity) => ({ ...identity, human_window_until })) }
}
const blocked = (person: Customer): Customer => ({
  ...person,
  identities: person.identities.map((identity) => ({ ...identity, blocked: true })),
})

function box(key: string, person: Customer, maySend = true, draft = '') {
  if (draft) writeDraft(key, draft)
  return (
    <Composer
      threadId={key}
      customer={person}
      identity={person.identities[0]}
      maySend={maySend}
      maxChars={2000}
      onSend={() => {}}
    />
  )
}

function rich() {
  const person = left(23 * HOUR)
  return (
    <Composer
      threadId="s8"
      customer={person}
      identity={person.identities[0]}
      maySend
      maxChars={2000}
      onSend={() => {}}
      episodes={[episode(1, { subject: 'Parcel not arrived' }), episode(2, { subject: 'Money back' })]}
      episodeId="epi_2"
      replyTo={inbound(1, 'Is this still there?')}
      onNoReplyTo={() => {}}
    />
  )
}

/** One person under two pages; the one that they used last takes no answer any more. */
function ways(key: string, closed: boolean) {
  const [one, other] = [left(closed ? -HOUR : 20 * HOUR), left(3 * HOUR)]
  const identities = [...one.identities, ...other.identities.map((identity) => ({ ...identity, id: 'idn_2' }))]
  const person = { ...one, identities }
  return (
    <Composer
      threadId={key}
      customer={person}
      identity={identities[0]}
      ways={identities.map((identity, place) => ({ identity, account: place ? 'Norrvik Outlet' : 'Norrvik' }))}
      onWay={() => {}}
      maySend
      maxChars={2000}
      onSend={() => {}}
    />
  )
}

export default {
  'two ways': () => ways('s9', false),
  'another way is open': () => ways('s10', true),
  'several matters, in reply to': rich,
  rest: () => box('s1', left(23 * HOUR)),
  draft: () => box('s2', left(23 * HOUR), true, 'Maya, the jacket is set aside in our Malmö store.'),
  'near the limit': () => box('s3', left(HOUR), true, 'a'.repeat(1990)),
  'over the limit': () => box('s4', left(HOUR), true, 'a'.repeat(2003)),
  'window closed': () => box('s5', left(-HOUR)),
  'only people': () => box('s8', people(left(-HOUR))),
  blocked: () => box('s6', blocked(left(HOUR))),
  'no right': () => box('s7', left(HOUR), false),
}
