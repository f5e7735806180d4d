import { ActionIcon, Button, Drawer } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import type { MessageEntry } from '@onethread/client'
import { take } from '@onethread/client'
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { entriesQuery, kindsQuery, may, threadQuery, useMe } from '../api/queries.ts'
import { FIND_KEYS, useFindKey, useKeys } from '../app/keys.ts'
import { useFormats } from '../i18n/format.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { flat } from '../live/reduce.ts'
import { Avatar, Icon } from '../parts/Glyphs.tsx'
import { Kbd } from '../parts/Kbd.tsx'
import { useLater } from '../parts/later.ts'
import { ProblemRegion, problemText } from '../parts/Problem.tsx'
import { ThreadSearch } from '../search/ThreadSearch.tsx'
import { Composer, type ComposerHandle } from './Composer.tsx'
import { ContextPanel } from './ContextPanel.tsx'
import { markSeen } from './seen.ts'
import styles from './ThreadPage.module.css'
import { OlderSkeleton, Timeline } from './Timeline.tsx'
import { customerName, replyIdentity } from './words.ts'

/** Each thread is a screen of its own: nothing typed or scrolled in one leaks into the next. */
export function ThreadPage() {
  const { threadId = '' } = useParams({ strict: false })
  const { entry } = useSearch({ strict: false })
  return <ThreadScreen key={threadId} threadId={threadId} target={entry} />
}

/** Pages of older entries that are read to reach the entry that somebody wants to see: 2,000 entries. */
const PAGES_TO_TARGET = 40

function ThreadScreen({ threadId, target }: { threadId: string; target: string | undefined }) {
  const { t } = useTranslation()
  const format = useFormats()
  const me = useMe()
  const { began, state, cache, outbox } = useLive()
  const thread = useQuery({ ...threadQuery(threadId), enabled: began })
  const kinds = useQuery(kindsQuery)
  const query = useInfiniteQuery({ ...entriesQuery(threadId), enabled: began })
  const entries = useMemo(() => flat(query.data), [query.data])
  const all = useSyncExternalStore(outbox.subscribe, outbox.all)
  const pending = useMemo(() => all.filter((item) => item.threadId === threadId), [all, threadId])
  const slow = useLater(query.isPending || thread.isPending)
  const composer = useRef<ComposerHandle>(null)
  const wide = useMediaQuery('(min-width: 1160px)', true, { getInitialValueInEffect: false })
  const [panel, setPanel] = useState(false)
  const [folded, setFolded] = useState(false)
  const [finding, setFinding] = useState(false)
  const navigate = useNavigate()
  const maySend = may(me, 'send_messages')
  const customer = thread.data?.customer
  const identity = customer ? replyIdentity(customer) : undefined
  const maxChars = kinds.data?.items.find((known) => known.kind === identity?.kind)?.max_text_chars
  const name = customer ? customerName(t, customer) : ''

  const newest = entries[0]?.seq
  useEffect(() => {
    if (newest !== undefined && document.visibilityState === 'visible') markSeen(threadId, newest)
  }, [threadId, newest])

  useEffect(() => {
    if (name) document.title = `${name} · onethread`
    return () => {
      document.title = 'onethread'
    }
  }, [name])

  // An entry from a search may stand far back: older pages are read until it is there.
  const { fetchNextPage, hasNextPage, isFetching, isFetchNextPageError } = query
  const pages = query.data?.pages.length ?? 0
  const missing = target !== undefined && pages > 0 && !entries.some((entry) => entry.id === target)
  const seeking = missing && hasNextPage && !isFetchNextPageError && pages < PAGES_TO_TARGET
  useEffect(() => {
    if (seeking && !isFetching) void fetchNextPage()
  }, [seeking, isFetching, fetchNextPage])

  const retry = useMutation({
    mutationFn: (entry: MessageEntry) =>
      take(api.POST('/api/v1/messages/{id}/retry', { params: { path: { id: entry.id } } })),
    onSuccess: (entry) => cache.entryKnown(threadId, entry),
    onError: (error) => notifications.show({ color: 'red', message: problemText(t, error), autoClose: false }),
  })
  const onAgain = useCallback((entry: MessageEntry) => retry.mutate(entry), [retry.mutate])

  const togglePanel = () => (wide ? setFolded(!folded) : setPanel(!panel))
  useKeys({
    r: (event) => {
      event.preventDefault()
      composer.current?.focus()
    },
    i: togglePanel,
  })
  useFindKey(() => {
    // The second time it is the browser's own.
    if (finding) return false
    setFinding(true)
    return true
  })

  if (thread.isError) {
    return (
      <main className={styles.main} id="main" tabIndex={-1}>
        <ProblemRegion title={t('thread.error_title')} error={thread.error} onAgain={() => void thread.refetch()} />
      </main>
    )
  }
  const context = customer ? <ContextPanel customer={customer} /> : null
  return (
    <>
      <main className={styles.main} id="main" tabIndex={-1}>
        <header className={styles.top}>
          <ActionIcon
            component={Link}
            to="/threads"
            className={styles.back ?? ''}
            size={44}
            aria-label={t('thread.back')}
          >
            <Icon name="left" size="l" />
          </ActionIcon>
          <Avatar name={name} who="customer" size="m" />
          <div className="grow">
            <h1 className="cut" dir="auto">
              {name || ' '}
            </h1>
            <div className="xs fnt cut">
              {thread.data ? t('thread.since', { date: format.date(Date.parse(thread.data.created_at)) }) : ' '}
            </div>
          </div>
          <ActionIcon
            className={styles.find ?? ''}
            size={28}
            onClick={() => setFinding(!finding)}
            aria-expanded={finding}
            aria-label={t('search.in_thread')}
            title={`${t('search.in_thread')} (${FIND_KEYS})`}
          >
            <Icon name="search" />
          </ActionIcon>
          <ActionIcon
            className={styles.aboutNarrow ?? ''}
            size={44}
            onClick={togglePanel}
            aria-label={t('context.open')}
          >
            <Icon name="people" size="l" />
          </ActionIcon>
          <Button
            className={styles.about ?? ''}
            onClick={togglePanel}
            aria-expanded={wide ? !folded : panel}
            rightSection={<Kbd keys="I" className={styles.aboutKey} />}
          >
            {t('context.open')}
          </Button>
        </header>
        {finding ? (
          <ThreadSearch
            threadId={threadId}
            onOpen={(hit) =>
              void navigate({
                to: '/threads/$threadId',
                params: { threadId },
                search: hit.entry ? { entry: hit.entry.id } : {},
              })
            }
            onClose={() => setFinding(false)}
          />
        ) : null}
        {query.isPending || thread.isPending ? (
          <div className={styles.loading}>{slow ? <OlderSkeleton label={t('app.loading')} /> : null}</div>
        ) : query.isError && entries.length === 0 ? (
          <ProblemRegion title={t('thread.error_title')} error={query.error} onAgain={() => void query.refetch()} />
        ) : (
          <Timeline
            customer={customer}
            entries={entries}
            pending={pending}
            target={target}
            offline={state.phase !== 'live'}
            older={query.hasNextPage}
            loadingOlder={query.isFetchingNextPage}
            olderFailed={query.isFetchNextPageError}
            onOlder={() => void query.fetchNextPage()}
            me={me.caller.id}
            maySend={maySend}
            again={retry.isPending ? retry.variables.id : undefined}
            onAgain={onAgain}
            onEdit={(item) => {
              outbox.remove(item.key)
              composer.current?.put(item.text)
            }}
          />
        )}
        {customer ? (
          <Composer
            ref={composer}
            threadId={threadId}
            customer={customer}
            identity={identity}
            maySend={maySend}
            maxChars={maxChars}
            onSend={(text) => outbox.add(threadId, identity?.id, text)}
          />
        ) : null}
      </main>
      {wide ? (
        folded ? null : (
          <aside
            className={styles.context}
            aria-label={t('context.title', { name })}
            data-region="context"
            tabIndex={-1}
          >
            {context}
          </aside>
        )
      ) : (
        <Drawer
          opened={panel}
          onClose={() => setPanel(false)}
          position="right"
          size={336}
          title={t('context.open')}
          padding="md"
        >
          {context}
        </Drawer>
      )}
    </>
  )
}
