import { Button } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import type { Episode, SearchHit, Thread } from '@onethread/client'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { may, openEpisodesQuery, threadsQuery, useMe } from '../api/queries.ts'
import { useKeys } from '../app/keys.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { flat } from '../live/reduce.ts'
import { Empty } from '../parts/Empty.tsx'
import { Kbd } from '../parts/Kbd.tsx'
import { useLater, useNow } from '../parts/later.ts'
import { ProblemRegion } from '../parts/Problem.tsx'
import { SearchField } from '../search/SearchField.tsx'
import { SearchFilters } from '../search/SearchFilters.tsx'
import { SearchResults } from '../search/SearchResults.tsx'
import { useChoice } from '../search/useChoice.ts'
import { type SearchFilter, useSearch } from '../search/useSearch.ts'
import { useCalmOrder } from './calm.ts'
import { seenUpTo, useSeen } from './seen.ts'
import styles from './ThreadList.module.css'
import { ThreadRow } from './ThreadRow.tsx'
import { isNews } from './words.ts'

const RESULTS = 'search-all'

/** The list of the desk: read from the server, kept current by the socket. */
export function ThreadList({ current }: { current: string | undefined }) {
  const { t } = useTranslation()
  const { began } = useLive()
  const me = useMe()
  const query = useInfiniteQuery({ ...threadsQuery, enabled: began })
  const threads = useMemo(() => flat(query.data), [query.data])
  const episodes = useOpenEpisodes(threads, began)
  const slow = useLater(query.isPending)
  const search = useRef<HTMLInputElement>(null)
  const [words, setWords] = useState('')
  const [filter, setFilter] = useState<SearchFilter>('all')
  const found = useSearch(words, filter)
  const choice = useChoice(RESULTS, found)
  const searching = words.trim() !== ''
  const navigate = useNavigate()
  const open = (hit: SearchHit) =>
    void navigate({
      to: '/threads/$threadId',
      params: { threadId: hit.thread_id },
      search: hit.entry ? { entry: hit.entry.id } : {},
    })
  // On a narrow screen without an open thread the list is all there is.
  const narrow = useMediaQuery('(max-width: 899px)', false, { getInitialValueInEffect: false })
  const toSearch = () => {
    search.current?.focus()
    search.current?.select()
  }
  useKeys({
    '/': (event) => {
      event.preventDefault()
      if (narrow && current) void navigate({ to: '/threads' }).then(() => requestAnimationFrame(toSearch))
      else toSearch()
    },
  })
  const Region = narrow && !current ? 'main' : 'section'
  return (
    <Region className={styles.list} aria-label={t('thread.list')} aria-busy={query.isPending}>
      <header className={styles.head}>
        <h1>{t('nav.threads')}</h1>
        {slow ? <span className="xs fnt">{t('app.loading')}</span> : null}
      </header>
      <search className={styles.search}>
        <SearchField
          ref={search}
          list={RESULTS}
          label={t('search.label')}
          placeholder={t('search.placeholder')}
          keys="/"
          words={words}
          onWords={(next) => {
            setWords(next)
            search.current?.focus()
          }}
          open={searching && Boolean(choice.chosen)}
          active={choice.active}
          onMove={choice.move}
          onOpen={() => choice.chosen && open(choice.chosen)}
          onLeave={() => {
            if (words) setWords('')
            else search.current?.blur()
          }}
        />
      </search>
      {searching ? (
        <>
          <SearchFilters filter={filter} onFilter={setFilter} />
          <SearchResults list={RESULTS} found={found} active={choice.active} onOpen={open} onFilter={setFilter} />
        </>
      ) : query.isPending ? (
        slow ? (
          <ListSkeleton />
        ) : (
          <div className="grow" />
        )
      ) : query.isError && threads.length === 0 ? (
        <ProblemRegion
          title={t('list.error_title')}
          body={t('list.error_body')}
          error={query.error}
          onAgain={() => void query.refetch()}
        />
      ) : threads.length === 0 ? (
        <NobodyYet mayConnect={may(me, 'manage_channels')} />
      ) : (
        <Rows
          threads={threads}
          episodes={episodes}
          current={current}
          me={me.caller.id}
          more={query.hasNextPage}
          loading={query.isFetchingNextPage}
          failed={query.isFetchNextPageError}
          onMore={() => void query.fetchNextPage()}
        />
      )}
      <footer className={styles.foot}>
        <Kbd keys={searching ? '↓' : 'J'} />
        <Kbd keys={searching ? '↑' : 'K'} /> {t('list.move')}
        <Kbd keys="↵" /> {t('list.open')}
        <span className="grow" />
        <Kbd keys="?" /> {t('list.keys')}
      </footer>
    </Region>
  )
}

/** The open matter of each listed thread: the one that waits for us, or the latest. Read as far as the list goes. */
function useOpenEpisodes(threads: readonly Thread[], enabled: boolean): ReadonlyMap<string, Episode> {
  const query = useInfiniteQuery({ ...openEpisodesQuery, enabled })
  const episodes = useMemo(() => flat(query.data), [query.data])
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query
  const listed = threads.at(-1)?.last_activity_at
  const read = episodes.at(-1)?.last_activity_at
  const behind = listed !== undefined && read !== undefined && Date.parse(read) > Date.parse(listed)
  useEffect(() => {
    if (behind && hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage()
  }, [behind, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage])
  return useMemo(() => {
    const byThread = new Map<string, Episode>()
    for (const episode of episodes) {
      const have = byThread.get(episode.thread_id)
      if (!have || (have.ball !== 'human' && episode.ball === 'human')) byThread.set(episode.thread_id, episode)
    }
    return byThread
  }, [episodes])
}

export function NobodyYet({ mayConnect }: { mayConnect: boolean }) {
  const { t } = useTranslation()
  return (
    <Empty title={t('list.empty_title')} body={mayConnect ? t('list.empty_connect') : t('list.empty_body')}>
      {mayConnect ? (
        <Button component={Link} to="/settings/accounts">
          {t('accounts.connect')}
        </Button>
      ) : null}
    </Empty>
  )
}

const SKELETON = [
  [48, 86, 60],
  [38, 74, 52],
  [56, 80, 44],
  [42, 66, 58],
] as const

export function ListSkeleton() {
  return (
    <div className="grow" aria-hidden="true">
      {SKELETON.map(([a, b, c]) => (
        <div key={a} className={styles.bone}>
          <div className="sk" style={{ height: 11, width: `${a}%` }} />
          <div className="sk" style={{ height: 10, width: `${b}%` }} />
          <div className="sk" style={{ height: 8, width: `${c}%` }} />
        </div>
      ))}
    </div>
  )
}

/** One row on a screen with a mouse; the style sheet says the same. */
const ROW = 68
const ROW_TOUCH = 78
/** Rows from the end at which the next page is asked for. */
const AHEAD = 12

type RowsProps = {
  threads: Thread[]
  episodes?: ReadonlyMap<string, Episode>
  current: string | undefined
  /** Who looks. */
  me: string
  more: boolean
  loading: boolean
  failed: boolean
  onMore: () => void
}

export function Rows({ threads: newest, episodes, current, me, more, loading, failed, onMore }: RowsProps) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const now = useNow()
  const scroller = useRef<HTMLDivElement>(null)
  const [over, setOver] = useState(false)
  const threads = useCalmOrder(newest, over)
  useSeen()
  const [focused, setFocused] = useState<string>()
  const touch = globalThis.matchMedia?.('(max-width: 639px)').matches ?? false
  const rows = useVirtualizer({
    count: threads.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (touch ? ROW_TOUCH : ROW),
    getItemKey: (index) => threads[index]?.id ?? index,
    overscan: 8,
    useFlushSync: false,
  })
  const items = rows.getVirtualItems()
  const lastDrawn = items.at(-1)?.index ?? 0

  useEffect(() => {
    if (more && !loading && !failed && lastDrawn >= threads.length - AHEAD) onMore()
  }, [more, loading, failed, lastDrawn, threads.length, onMore])

  const indexOf = (id: string | undefined) => (id ? threads.findIndex((thread) => thread.id === id) : -1)
  const entrance = threads[Math.max(indexOf(focused), 0)]?.id === focused ? focused : (current ?? threads[0]?.id)

  const move = (step: number) => {
    const here = indexOf(
      document.activeElement?.closest<HTMLElement>('[data-thread]')?.dataset.thread ?? focused ?? current,
    )
    const target = Math.min(Math.max(here + step, 0), threads.length - 1)
    const thread = threads[target]
    if (!thread) return
    setFocused(thread.id)
    rows.scrollToIndex(target)
    // The row may only be drawn after the scroll.
    const focus = (tries: number) => {
      const row = scroller.current?.querySelector<HTMLElement>(`[data-thread="${thread.id}"]`)
      if (row) row.focus({ preventScroll: true })
      else if (tries > 0) requestAnimationFrame(() => focus(tries - 1))
    }
    requestAnimationFrame(() => focus(10))
  }
  const inList = () => scroller.current?.contains(document.activeElement) ?? false
  const arrows = (step: number) => (event: KeyboardEvent) => {
    if (!inList()) return
    event.preventDefault()
    move(step)
  }
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: arrows(1),
    ArrowUp: arrows(-1),
    Home: (event) => {
      if (!inList()) return
      event.preventDefault()
      move(-threads.length)
    },
    End: (event) => {
      if (!inList()) return
      event.preventDefault()
      move(threads.length)
    },
    Escape: () => {
      if (current && !inList() && document.activeElement?.closest('[data-region=list]') === null) {
        setFocused(current)
        scroller.current?.querySelector<HTMLElement>(`[data-thread="${current}"]`)?.focus()
        if (globalThis.matchMedia?.('(max-width: 899px)').matches) void navigate({ to: '/threads' })
      }
    },
  })

  return (
    // What scrolls is reachable by keyboard.
    // biome-ignore lint/a11y/useSemanticElements: a group of rows is no set of form fields
    <div
      role="group"
      ref={scroller}
      className={styles.rows}
      aria-label={t('thread.list')}
      data-region="list"
      onPointerEnter={(event) => event.pointerType === 'mouse' && setOver(true)}
      onPointerLeave={() => setOver(false)}
    >
      <ul style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {items.map((item) => {
          const thread = threads[item.index]
          if (!thread) return null
          const last = thread.last_entry
          const unread = Boolean(last && isNews(last) && thread.id !== current && last.seq > seenUpTo(thread.id))
          return (
            <li
              key={item.key}
              aria-setsize={more ? -1 : threads.length}
              aria-posinset={item.index + 1}
              className={styles.slot}
              style={{ height: item.size, transform: `translateY(${item.start}px)` }}
            >
              <Link
                to="/threads/$threadId"
                params={{ threadId: thread.id }}
                className={styles.row}
                aria-current={thread.id === current ? 'page' : undefined}
                data-thread={thread.id}
                tabIndex={thread.id === entrance ? 0 : -1}
                onFocus={() => setFocused(thread.id)}
              >
                <ThreadRow thread={thread} unread={unread} now={now} me={me} episode={episodes?.get(thread.id)} />
              </Link>
            </li>
          )
        })}
      </ul>
      {failed ? (
        <div className={styles.end}>
          <Button onClick={onMore}>{t('app.try_again')}</Button>
        </div>
      ) : loading ? (
        <div className={styles.bone} aria-hidden="true">
          <div className="sk" style={{ height: 11, width: '48%' }} />
          <div className="sk" style={{ height: 10, width: '80%' }} />
        </div>
      ) : more ? null : threads.length > 20 ? (
        <p className={styles.end}>{t('list.end')}</p>
      ) : null}
    </div>
  )
}
