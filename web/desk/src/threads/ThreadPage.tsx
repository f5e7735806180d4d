import { ActionIcon, Button, Drawer } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import type { Block, Entry, Episode, MessageEntry } from '@onethread/client'
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { Link, Navigate, useLocation, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import {
  agentsQuery,
  entriesQuery,
  episodesQuery,
  kindsQuery,
  labelsQuery,
  may,
  threadQuery,
  useMe,
} from '../api/queries.ts'
import { useFindKey, useKeys } from '../app/keys.ts'
import { useFormats } from '../i18n/format.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { flat, isOpen } from '../live/reduce.ts'
import { Avatar, Icon } from '../parts/Glyphs.tsx'
import { Kbd } from '../parts/Kbd.tsx'
import { useLater, useNow } from '../parts/later.ts'
import { ProblemRegion, problemText } from '../parts/Problem.tsx'
import { ThreadSearch } from '../search/ThreadSearch.tsx'
import { Composer, type ComposerHandle } from './Composer.tsx'
import { ContextPanel } from './ContextPanel.tsx'
import bar from './MatterBar.module.css'
import { MatterActs, MatterLine } from './MatterBar.tsx'
import { MatterSheet } from './MatterSheet.tsx'
import { MergeDialog } from './MergeDialog.tsx'
import { MergesSection } from './MergesSection.tsx'
import { toldOnce } from './merging.ts'
import { messageActs } from './messageActs.ts'
import { SeekLine } from './SeekLine.tsx'
import { markSeen } from './seen.ts'
import { useSeen, useTyping } from './signals.ts'
import styles from './ThreadPage.module.css'
import { OlderSkeleton, Timeline } from './Timeline.tsx'
import { useMatters } from './useMatters.tsx'
import { type Target, useSeek } from './useSeek.ts'
import { useWays } from './useWays.ts'
import { customerName, customerPicture, replyIdentity } from './words.ts'

const NO_EPISODES: readonly Episode[] = []

/** Each thread is a screen of its own: nothing typed or scrolled in one leaks into the next. */
export function ThreadPage() {
  const { threadId = '' } = useParams({ strict: false })
  const { entry } = useSearch({ strict: false })
  const visit = useLocation({ select: (location) => location.state.__TSR_key })
  const target = useMemo(() => (entry ? { id: entry, visit } : undefined), [entry, visit])
  return <ThreadScreen key={threadId} threadId={threadId} target={target} />
}

function ThreadScreen({ threadId, target }: { threadId: string; target: Target | undefined }) {
  const { t } = useTranslation()
  const format = useFormats()
  const me = useMe()
  const { began, state, cache, outbox } = useLive()
  const thread = useQuery({ ...threadQuery(threadId), enabled: began })
  const kinds = useQuery(kindsQuery)
  const query = useInfiniteQuery({ ...entriesQuery(threadId), enabled: began })
  const entries = useMemo(() => toldOnce(flat(query.data)), [query.data])
  const all = useSyncExternalStore(outbox.subscribe, outbox.all)
  const pending = useMemo(() => all.filter((item) => item.threadId === threadId), [all, threadId])
  const slow = useLater(query.isPending || thread.isPending)
  const composer = useRef<ComposerHandle>(null)
  const wide = useMediaQuery('(min-width: 1160px)', true, { getInitialValueInEffect: false })
  const [panel, setPanel] = useState(false)
  const [folded, setFolded] = useState(false)
  const [finding, setFinding] = useState(false)
  const [merging, setMerging] = useState(false)
  const navigate = useNavigate()
  const seek = useSeek(query, target)
  const maySend = may(me, 'send_messages')
  const customer = thread.data?.customer
  const lastUsed = customer ? replyIdentity(customer) : undefined
  // A way that was chosen holds until the person writes again: they are answered where they wrote.
  const wrote = `${lastUsed?.id} ${lastUsed?.last_inbound_at}`
  const [way, setWay] = useState<{ identityId: string; wrote: string }>()
  const chosen = way?.wrote === wrote ? customer?.identities.find((one) => one.id === way.identityId) : undefined
  const identity = chosen ?? lastUsed
  const maxChars = kinds.data?.items.find((known) => known.kind === identity?.kind)?.max_text_chars
  const name = customer ? customerName(t, customer) : ''

  const now = useNow()
  const episodes = useQuery({ ...episodesQuery(threadId), enabled: began })
  const people = useInfiniteQuery(agentsQuery)
  const labels = useQuery(labelsQuery)
  const agents = useMemo(() => flat(people.data), [people.data])
  const matters = useMatters(threadId, episodes.data, maySend)
  const { current, open, sheet, acts } = matters
  const [replyTo, setReplyTo] = useState<MessageEntry>()
  const onReply = useCallback((entry: MessageEntry) => {
    setReplyTo(entry)
    composer.current?.focus()
  }, [])
  const asking = useCallback(
    async (act: () => Promise<Entry>) => {
      const asked = cache.place()
      cache.entryKnown(threadId, await act(), asked)
    },
    [cache, threadId],
  )
  const onError = useCallback(
    (error: unknown) => notifications.show({ color: 'red', message: problemText(t, error), autoClose: false }),
    [t],
  )
  const ask = useMutation({ mutationFn: asking, onError })
  const ways = useWays(customer)
  const mayManage = may(me, 'manage_channels')
  const timelineActs = useMemo(
    () => ({
      ...acts,
      mayManage,
      ways,
      ...(maySend
        ? {
            onSendBy: (entry: MessageEntry, identityId: string) =>
              ask.mutate(() => messageActs.retry(entry.id, identityId)),
            onChange: (entry: MessageEntry, change: { send_at?: string; blocks?: Block[] }) =>
              ask.mutate(() => messageActs.change(entry.id, change)),
            onCancel: (entry: MessageEntry) => ask.mutate(() => messageActs.cancel(entry.id)),
          }
        : {}),
      colleague: (id: string) => agents.find((agent) => agent.id === id)?.name,
      ...(maySend ? { onReply } : {}),
    }),
    [acts, agents, maySend, onReply, ways, mayManage, ask.mutate],
  )

  const newest = entries[0]?.seq
  useEffect(() => {
    if (newest !== undefined && document.visibilityState === 'visible') markSeen(threadId, newest)
  }, [threadId, newest])

  const newestInbound = entries.find((entry) => entry.type === 'message' && entry.direction === 'inbound')?.seq
  useSeen(threadId, newestInbound, maySend)
  const typing = useTyping(threadId, identity?.id)

  useEffect(() => {
    if (name) document.title = `${name} · onethread`
    return () => {
      document.title = 'onethread'
    }
  }, [name])

  const retry = useMutation({
    mutationFn: (entry: MessageEntry) => asking(() => messageActs.retry(entry.id)),
    onError,
  })
  const onAgain = useCallback((entry: MessageEntry) => retry.mutate(entry), [retry.mutate])

  const togglePanel = () => (wide ? setFolded(!folded) : setPanel(!panel))
  useKeys({
    r: (event) => {
      event.preventDefault()
      composer.current?.focus()
    },
    n: (event) => {
      if (!maySend) return
      event.preventDefault()
      composer.current?.note()
    },
    c: (event) => {
      event.preventDefault()
      composer.current?.ways()
    },
    i: togglePanel,
    m: (event) => {
      if (!maySend || !customer) return
      event.preventDefault()
      setMerging(true)
    },
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
  // An alias answers with the thread that survived.
  if (thread.data && thread.data.id !== threadId) {
    const search = target ? { entry: target.id } : {}
    return <Navigate to="/threads/$threadId" params={{ threadId: thread.data.id }} search={search} replace />
  }
  const context = customer ? (
    <>
      <ContextPanel customer={customer} />
      <MergesSection
        customerId={customer.id}
        maySend={maySend}
        onMerge={() => {
          setPanel(false)
          setMerging(true)
        }}
      />
    </>
  ) : null
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
          <Avatar name={name} who="customer" size="m" picture={customer && customerPicture(customer)} />
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
            size={30}
            onClick={() => setFinding(!finding)}
            aria-expanded={finding}
            aria-label={t('search.in_thread')}
            title={t('search.in_thread')}
          >
            <Icon name="search" />
          </ActionIcon>
          {maySend && episodes.data ? (
            <MatterActs
              episode={current}
              linkable={episodes.data.length > 1}
              busy={matters.busy}
              onSheet={matters.show}
              onDone={matters.done}
              onResume={matters.resume}
              onReopen={matters.reopen}
              onCloseMatter={matters.closeMatter}
            />
          ) : null}
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
        {current ? (
          <MatterLine
            episode={current}
            open={open}
            me={me.caller.id}
            promisedAt={matters.promisedAt}
            now={now}
            onSwitch={(episode) => matters.choose(episode.id)}
          />
        ) : null}
        {sheet ? (
          <div className={bar.under}>
            <MatterSheet
              key={sheet}
              name={sheet}
              threadId={threadId}
              episode={current}
              episodes={episodes.data ?? NO_EPISODES}
              agents={agents}
              me={me.caller.id}
              selection={matters.selection}
              moving={matters.moving}
              busy={matters.busy}
              labels={{ items: labels.data, error: labels.error, onAgain: () => void labels.refetch() }}
              mayDefine={may(me, 'manage_channels')}
              onLabel={matters.label}
              now={now}
              onAct={matters.act}
              onMove={matters.move}
              onClose={() => matters.show(undefined)}
            />
          </div>
        ) : null}
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
            onClose={() => {
              setFinding(false)
              document.querySelector<HTMLElement>('[data-region=thread]')?.focus()
            }}
          />
        ) : null}
        {seek.phase ? <SeekLine phase={seek.phase} onAgain={seek.onAgain} /> : null}
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
            episodes={episodes.data ?? NO_EPISODES}
            promises={matters.promises}
            acts={timelineActs}
            onEdit={(item) => {
              outbox.remove(item.key)
              composer.current?.put(item.text, Boolean(item.extra?.note))
            }}
          />
        )}
        {customer ? (
          <Composer
            ref={composer}
            threadId={threadId}
            customer={customer}
            identity={identity}
            ways={ways}
            onWay={(identityId) => setWay({ identityId, wrote })}
            maySend={maySend}
            maxChars={maxChars}
            onSend={(text, extra) => {
              // A reply finds its matter by itself; a note belongs to the one that is looked at.
              if (!extra?.note) typing.sent()
              const about = extra?.note && current ? { episodeId: current.id } : {}
              outbox.add(threadId, identity?.id, text, { ...about, ...extra })
            }}
            onTyping={typing.typed}
            onStill={typing.stop}
            episodes={open}
            episodeId={current && isOpen(current) && open.length > 1 ? current.id : undefined}
            onEpisode={matters.choose}
            agents={agents}
            replyTo={replyTo}
            onNoReplyTo={() => setReplyTo(undefined)}
          />
        ) : null}
      </main>
      {customer ? <MergeDialog customer={customer} opened={merging} onClose={() => setMerging(false)} /> : null}
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
