import { Button, Modal, Tabs } from '@mantine/core'
import { type InboundEvent, take } from '@onethread/client'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { type EventState, eventsQuery, jobsQuery, may, useMe } from '../api/queries.ts'
import { useFormats } from '../i18n/format.ts'
import { flat } from '../live/reduce.ts'
import { CopyButton } from '../parts/Copy.tsx'
import { ProblemNote, ProblemRegion } from '../parts/Problem.tsx'
import settings from '../settings/Settings.module.css'
import { AT_THE_ACCOUNT } from '../threads/DeliveryView.tsx'
import styles from './Operations.module.css'
import { eventErrorText, kindText } from './words.ts'

/** The lists that somebody has to look at, in the order of their tabs. */
const ATTENTION = ['dead', 'undecodable', 'unroutable'] as const

/** How many stand in a list, as far as it is read; `chip` shows it and is nothing where nothing stands. */
function useCount(query: { data: { pages: { items: readonly unknown[] }[] } | undefined } & Asked) {
  const { number } = useFormats()
  const count = query.data?.pages.reduce((sum, page) => sum + page.items.length, 0) ?? 0
  return {
    count,
    settled: !query.isFetching,
    chip: count > 0 ? <span className="chip bad num">{`${number(count)}${query.hasNextPage ? '+' : ''}`}</span> : null,
  }
}

type Asked = { isFetching: boolean; hasNextPage: boolean }

/** What did not go as it should: work that failed for good, and callbacks that found no thread. */
export function OperationsPage() {
  const { t } = useTranslation()
  const counts = {
    dead: useCount(useInfiniteQuery({ ...jobsQuery('dead'), staleTime: 0 })),
    undecodable: useCount(useInfiniteQuery({ ...eventsQuery('undecodable'), staleTime: 0 })),
    unroutable: useCount(useInfiniteQuery({ ...eventsQuery('unroutable'), staleTime: 0 })),
  }
  const [chosen, setChosen] = useState<string>()
  const settled = ATTENTION.every((tab) => counts[tab].settled)
  const first = ATTENTION.find((tab) => counts[tab].count > 0) ?? 'dead'
  // Chosen once: a list that empties while somebody works through it does not lead them elsewhere.
  useEffect(() => {
    if (settled) setChosen((have) => have ?? first)
  }, [settled, first])
  return (
    <main className={settings.main} id="main" tabIndex={-1} data-region="main">
      <h1>{t('operations.title')}</h1>
      <p className={settings.lead}>{t('operations.intro')}</p>
      <Tabs
        value={chosen ?? null}
        onChange={(tab) => tab && setChosen(tab)}
        keepMounted={false}
        className={styles.tabs ?? ''}
      >
        <Tabs.List className={styles.list ?? ''}>
          <Tabs.Tab value="dead" rightSection={counts.dead.chip}>
            {t('operations.jobs_dead')}
          </Tabs.Tab>
          <Tabs.Tab value="undecodable" rightSection={counts.undecodable.chip}>
            {t('operations.events_dead')}
          </Tabs.Tab>
          <Tabs.Tab value="unroutable" rightSection={counts.unroutable.chip}>
            {t('operations.events_lost')}
          </Tabs.Tab>
          <Tabs.Tab value="ready">{t('operations.jobs_ready')}</Tabs.Tab>
          <Tabs.Tab value="stored">{t('operations.events_stored')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="dead">
          <Jobs state="dead" hint={t('operations.dead_hint')} empty={t('operations.dead_empty')} />
        </Tabs.Panel>
        <Tabs.Panel value="undecodable">
          <Events
            state="undecodable"
            hint={t('operations.events_dead_hint')}
            empty={t('operations.events_dead_empty')}
          />
        </Tabs.Panel>
        <Tabs.Panel value="unroutable">
          <Events
            state="unroutable"
            hint={t('operations.events_lost_hint')}
            empty={t('operations.events_lost_empty')}
          />
        </Tabs.Panel>
        <Tabs.Panel value="ready">
          <Jobs state="ready" hint={t('operations.jobs_ready_hint')} empty={t('operations.jobs_ready_empty')} />
        </Tabs.Panel>
        <Tabs.Panel value="stored">
          <Events
            state="stored"
            hint={t('operations.events_stored_hint')}
            empty={t('operations.events_stored_empty')}
          />
        </Tabs.Panel>
      </Tabs>
    </main>
  )
}

type ListState = {
  data: unknown
  isPending: boolean
  isFetching: boolean
  dataUpdatedAt: number
  error: unknown
  isError: boolean
  hasNextPage: boolean
  isFetchingNextPage: boolean
  refetch: () => unknown
  fetchNextPage: () => unknown
}

/** The frame of one list: its meaning, how old it is, and its rows or the good news that there are none. */
function Frame({
  query,
  hint,
  empty,
  count,
  children,
}: {
  query: ListState
  hint: string
  empty: string
  count: number
  children: React.ReactNode
}) {
  const { t } = useTranslation()
  const { time } = useFormats()
  if (query.isError && count === 0) {
    return <ProblemRegion title={t('list.error_title')} error={query.error} onAgain={() => void query.refetch()} />
  }
  return (
    <>
      <div className={styles.hint}>
        <p className="mut grow">{hint}</p>
        <span className="xs fnt">
          {query.dataUpdatedAt ? t('operations.as_of', { time: time(query.dataUpdatedAt) }) : ''}
        </span>
        <Button loading={query.isFetching && !query.isFetchingNextPage} onClick={() => void query.refetch()}>
          {t('app.refresh')}
        </Button>
      </div>
      {query.isPending ? (
        <div className={styles.hint} aria-busy="true">
          <div className="sk grow" style={{ height: 36 }} />
        </div>
      ) : count === 0 ? (
        <p className={styles.good}>{empty}</p>
      ) : (
        <div className={settings.scroll}>{children}</div>
      )}
      {query.hasNextPage ? (
        <Button mt="md" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t('app.load_more')}
        </Button>
      ) : null}
    </>
  )
}

type Act = { id: string; what: 'job' | 'event' }

/** Takes a dead letter up once more. */
function replay({ id, what }: Act): Promise<unknown> {
  const params = { params: { path: { id } } }
  return what === 'job'
    ? take(api.POST('/api/v1/jobs/{id}/replay', params))
    : take(api.POST('/api/v1/inbound-events/{id}/replay', params))
}

/** Removes a dead letter for good. */
function dismiss({ id, what }: Act): Promise<unknown> {
  const params = { params: { path: { id } } }
  return what === 'job'
    ? take(api.DELETE('/api/v1/jobs/{id}', params))
    : take(api.DELETE('/api/v1/inbound-events/{id}', params))
}

/** What can be done about one dead letter; removing it is asked once more, since it cannot be taken back. */
function Acts({ id, what, name }: Act & { name: string }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [asking, setAsking] = useState(false)
  // The live frame reads the list again at every desk; here at once.
  const onSettled = () => client.invalidateQueries({ queryKey: [what === 'job' ? 'jobs' : 'events'] })
  const again = useMutation({ mutationFn: replay, onSettled })
  const away = useMutation({ mutationFn: dismiss, onSuccess: () => setAsking(false), onSettled })
  return (
    <>
      <div className={styles.acts}>
        <Button loading={again.isPending} onClick={() => again.mutate({ id, what })}>
          <span aria-hidden="true">{t('operations.replay')}</span>
          <span className="vh">{t('operations.replay_named', { name })}</span>
        </Button>
        <Button
          onClick={() => {
            away.reset()
            setAsking(true)
          }}
        >
          <span aria-hidden="true">{t('operations.dismiss')}</span>
          <span className="vh">{t('operations.dismiss_named', { name })}</span>
        </Button>
      </div>
      <ProblemNote error={again.error} />
      <Modal opened={asking} onClose={() => setAsking(false)} title={t(`operations.dismiss_${what}_title`)}>
        <p>{t(`operations.dismiss_${what}_body`)}</p>
        <p className="xs fnt mono">{name}</p>
        <ProblemNote error={away.error} />
        <div className={styles.answers}>
          <Button onClick={() => setAsking(false)}>{t('app.cancel')}</Button>
          <Button variant="filled" loading={away.isPending} onClick={() => away.mutate({ id, what })}>
            {t('operations.dismiss_yes')}
          </Button>
        </div>
      </Modal>
    </>
  )
}

/** The server's own words, which are English and for whoever looks closer. */
function ServerWords({ words }: { words: string }) {
  const { t } = useTranslation()
  return (
    <details className="xs fnt">
      <summary>{t('app.details')}</summary>
      <span lang="en">{words}</span>
    </details>
  )
}

function Jobs({ state, hint, empty }: { state: 'ready' | 'dead'; hint: string; empty: string }) {
  const { t } = useTranslation()
  const { dateTime } = useFormats()
  // What the list showed last time may be long past: it is read anew when it is opened.
  const query = useInfiniteQuery({ ...jobsQuery(state), staleTime: 0 })
  const jobs = flat(query.data)
  const mayManage = may(useMe(), 'manage_channels')
  const mayAct = mayManage && state === 'dead'
  return (
    <Frame query={query} hint={hint} empty={empty} count={jobs.length}>
      <table className={`${settings.table} ${styles.rows}`}>
        <thead>
          <tr>
            <th scope="col">{t('operations.col_kind')}</th>
            <th scope="col">{t('operations.col_error')}</th>
            <th scope="col">{t('operations.col_tries')}</th>
            <th scope="col">{t('operations.col_when')}</th>
            {mayAct ? (
              <th scope="col">
                <span className="vh">{t('operations.acts')}</span>
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <td>
                {kindText(t, job.kind) ?? (
                  <>
                    {t('operations.kind_unknown')} <code className="mono">{job.kind}</code>
                  </>
                )}
                <div className="xs fnt mono">{job.subject_id}</div>
              </td>
              <td>
                {job.reason ? (
                  <>
                    {t(`failure.${job.reason}`)} {t(`failure.${job.reason}_next`)}
                    {mayManage && job.channel_account_id && job.next_step && AT_THE_ACCOUNT.includes(job.next_step) ? (
                      <div>
                        <Link to="/settings/accounts/$accountId" params={{ accountId: job.channel_account_id }}>
                          {t('failure.open_account')}
                        </Link>
                      </div>
                    ) : null}
                  </>
                ) : null}
                {job.last_error && job.last_error !== job.reason ? (
                  <>
                    {job.reason ? null : t('operations.error_unknown')}
                    <ServerWords words={job.last_error} />
                  </>
                ) : null}
              </td>
              <td className="num" data-name={t('operations.col_tries')}>
                {job.tries}
              </td>
              <td className={`num ${styles.when}`} data-name={t('operations.col_when')}>
                {dateTime(Date.parse(job.due_at))}
              </td>
              {mayAct ? (
                <td>
                  <Acts id={job.id} what="job" name={job.subject_id} />
                </td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </Frame>
  )
}

function Events({ state, hint, empty }: { state: EventState; hint: string; empty: string }) {
  const { t } = useTranslation()
  const { dateTime } = useFormats()
  const me = useMe()
  const query = useInfiniteQuery({ ...eventsQuery(state), staleTime: 0 })
  const events = flat(query.data)
  const [shown, setShown] = useState<InboundEvent>()
  const mayLook = may(me, 'manage_channels')
  const mayAct = mayLook && state !== 'stored'
  return (
    <Frame query={query} hint={hint} empty={empty} count={events.length}>
      <table className={`${settings.table} ${styles.rows}`}>
        <thead>
          <tr>
            <th scope="col">{t('operations.col_event')}</th>
            <th scope="col">{t('operations.col_error')}</th>
            <th scope="col">{t('operations.col_when')}</th>
            {mayLook ? (
              <th scope="col">
                <span className="vh">{t('operations.payload')}</span>
              </th>
            ) : null}
            {mayAct ? (
              <th scope="col">
                <span className="vh">{t('operations.acts')}</span>
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.id}>
              <td className="mono xs">{event.key}</td>
              <td>
                {event.error ? (
                  <>
                    {eventErrorText(t, state, event.error)}
                    <ServerWords words={event.error} />
                  </>
                ) : null}
              </td>
              <td className={`num ${styles.when}`} data-name={t('operations.col_when')}>
                {dateTime(Date.parse(event.received_at))}
              </td>
              {mayLook ? (
                <td>
                  <Button onClick={() => setShown(event)}>{t('operations.show_payload')}</Button>
                </td>
              ) : null}
              {mayAct ? (
                <td>
                  <Acts id={event.id} what="event" name={event.id} />
                </td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
      <Modal
        opened={shown !== undefined}
        onClose={() => setShown(undefined)}
        size="lg"
        title={shown ? t('operations.event', { id: shown.id }) : ''}
      >
        {shown ? <Payload id={shown.id} /> : null}
      </Modal>
    </Frame>
  )
}

/** The bytes as they came, drawn as text and as nothing else. */
function Payload({ id }: { id: string }) {
  const query = useQuery({
    queryKey: ['event', id],
    queryFn: () => take(api.GET('/api/v1/inbound-events/{id}', { params: { path: { id } } })),
  })
  if (query.isError) return <ProblemNote error={query.error} />
  const payload = query.data?.payload
  if (payload === undefined) return <div className="sk" style={{ height: 120 }} />
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload, null, 2)
  return (
    <>
      <pre className={styles.payload}>{text}</pre>
      <CopyButton text={text} />
    </>
  )
}
