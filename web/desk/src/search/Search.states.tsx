import { ProblemError, type SearchHit } from '@onethread/client'
import { customer, inbound, outbound } from '../states/samples.ts'
import { SearchField } from './SearchField.tsx'
import { rowId, SearchResults } from './SearchResults.tsx'
import type { Found } from './useSearch.ts'

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

const nothing: Found = {
  words: 'skarv',
  people: [],
  messages: [],
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
const draw = (found: Partial<Found>, choose?: SearchHit) => {
  // Each list of the page of states has an id of its own.
  const list = `states-${lists++}`
  return (
    <>
      <SearchField
        list={list}
        label="Search people and messages"
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
        <SearchResults
          list={list}
          found={{ ...nothing, ...found }}
          active={choose ? rowId(list, choose) : undefined}
          onOpen={() => {}}
        />
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

export default {
  idle: () => draw({ words: '' }),
  found: () => draw({ people: [maya], messages }, maya),
  'a message chosen': () => draw({ people: [maya], messages }, messages[1]),
  'more to come': () => draw({ messages, more: true }),
  'still looking, earlier hits': () => draw({ messages, pending: true }),
  loading: () => draw({ pending: true }),
  none: () => draw({ words: 'Skarv XXL violet' }),
  error: () => draw({ error: busy }),
  'very long': () =>
    draw({
      people: [person(5, 'Maria Magdalena Wolfeschlegelsteinhausenbergerdorff-Oyelaran', 'Maria Magdalena', [[0, 5]])],
      messages: [
        message(6, 'محمد عبد الرحمن', 'هل يمكنني تغيير موعد التسليم إلى يوم الخميس؟', [[3, 9]]),
        message(7, '', 'a'.repeat(160), [[0, 160]]),
      ],
    }),
}
