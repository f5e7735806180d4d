import { ProblemError, type SearchHit } from '@onethread/client'
import { customer, inbound, note, outbound } from '../states/samples.ts'
import { SearchField } from './SearchField.tsx'
import { SearchFilters } from './SearchFilters.tsx'
import { rowId, SearchResults } from './SearchResults.tsx'
import type { Found, FoundPart, SearchFilter } from './useSearch.ts'

const person = (place: number, name: string, text: string, highlights: [number, number][]): SearchHit => ({
  kind: 'customer',
  thread_id: `thr_${place}`,
  customer: { ...customer(place), name },
  snippet: { text, highlights },
})

const message = (
  place: number,
  name: string,
  text: string,
  highlights: [number, number][],
  ours = false,
): SearchHit => ({
  kind: 'message',
  thread_id: `thr_${place}`,
  customer: { ...customer(place), name },
  entry: ours ? outbound(place, text, { state: 'read' }) : inbound(place, text),
  snippet: { text, highlights },
})

const written = (place: number, name: string, text: string, highlights: [number, number][]): SearchHit => ({
  kind: 'note',
  thread_id: `thr_${place}`,
  customer: { ...customer(place), name },
  entry: note(place, text),
  snippet: { text, highlights },
})

/** The groups as they are shown, with what each holds. */
const groups = (people: SearchHit[], notes: SearchHit[], messages: SearchHit[], more = false): FoundPart[] => [
  { kind: 'customers', hits: people, more },
  { kind: 'notes', hits: notes, more },
  { kind: 'messages', hits: messages, more },
]

const nothing: Found = {
  words: 'skarv',
  groups: [],
  pending: false,
  error: null,
  more: false,
  loadingMore: false,
  onMore: () => {},
  onAgain: () => {},
}

const busy = new ProblemError({
  type: 'about:blank',
  title: 'Service Unavailable',
  status: 503,
  code: 'unavailable',
  detail: 'this cannot be done now; nothing was lost, try again',
  request_id: '7f3k-20m1',
})

let lists = 0
const draw = (found: Partial<Found>, choose?: SearchHit, filter: SearchFilter = 'all', within?: boolean) => {
  // Each list of the page of states has an id of its own.
  const list = `states-${lists++}`
  return (
    <>
      <SearchField
        list={list}
        label="Search people, messages and notes"
        placeholder="Name, order, any word"
        keys="/"
        words={found.words ?? nothing.words}
        onWords={() => {}}
        open={Boolean(choose)}
        active={choose ? rowId(list, choose) : undefined}
        onMove={() => {}}
        onOpen={() => {}}
        onLeave={() => {}}
      />
      {found.words === '' ? null : (
        <>
          <SearchFilters filter={filter} onFilter={() => {}} within={within ?? false} />
          <SearchResults
            list={list}
            found={{ ...nothing, ...found }}
            active={choose ? rowId(list, choose) : undefined}
            within={within ?? false}
            onOpen={() => {}}
            onFilter={() => {}}
          />
        </>
      )}
    </>
  )
}

const maya = person(1, 'Maya Lindqvist', 'Maya Lindqvist · 7001002003001', [[0, 4]])
const messages = [
  message(2, 'Gintarė Petrauskaitė', 'Ar galiu grąžinti striukę Skarv? Užsakymas NV-40802', [[9, 17]]),
  message(3, '陈思远', '👍 您好，退款单号是 NV-40655', [[5, 9]]),
  message(
    4,
    'Jonas Falk',
    '…the Skarv in moss green, size L, is set aside in Malmö until Saturday evening and…',
    [[5, 10]],
    true,
  ),
]

const called = written(8, 'Gintarė Petrauskaitė', 'Called the shop in Malmö: the Skarv is there', [[30, 35]])

export default {
  idle: () => draw({ words: '' }),
  found: () => draw({ groups: groups([maya], [called], messages) }, maya),
  'a message chosen': () => draw({ groups: groups([maya], [called], messages) }, messages[1]),
  'more to come': () => draw({ groups: groups([maya], [called], messages, true), more: true }),
  'notes alone': () => draw({ groups: [{ kind: 'notes', hits: [called], more: false }] }, called, 'notes'),
  'within a thread': () =>
    draw({ groups: [{ kind: undefined, hits: [called, ...messages], more: false }] }, called, 'all', true),
  'still looking, earlier hits': () => draw({ groups: groups([], [], messages), pending: true }),
  loading: () => draw({ groups: groups([], [], []), pending: true }),
  none: () => draw({ words: 'Skarv XXL violet', groups: groups([], [], []) }),
  error: () => draw({ error: busy }),
  'very long': () =>
    draw({
      groups: groups(
        [person(5, 'Maria Magdalena Wolfeschlegelsteinhausenbergerdorff-Oyelaran', 'Maria Magdalena', [[0, 5]])],
        [written(9, '', 'b'.repeat(160), [[80, 160]])],
        [
          message(6, 'محمد عبد الرحمن', 'هل يمكنني تغيير موعد التسليم إلى يوم الخميس؟', [[3, 9]]),
          message(7, '', 'a'.repeat(160), [[0, 160]]),
        ],
      ),
    }),
}
