import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import type { Episode, MessageEntry, Promised } from '@onethread/client'
import { useMutation, useQueries } from '@tanstack/react-query'
import { useCallback, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { promisesQuery } from '../api/queries.ts'
import { useKeys } from '../app/keys.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { isOpen } from '../live/reduce.ts'
import { problemText } from '../parts/Problem.tsx'
import { episodeActs, moveMessage } from './episodeActs.ts'
import type { SheetName } from './MatterSheet.tsx'
import { episodeName } from './words.ts'

/** Matters whose promises are drawn in the timeline: the open ones and the last that ended. */
const WITH_PROMISES = 5
const NONE: readonly Episode[] = []
const NOTHING: ReadonlySet<string> = new Set()

/** The matters of the open thread: which one is meant, what is being asked about it, and what can be done with it. */
export function useMatters(threadId: string, known: readonly Episode[] | undefined, maySend: boolean) {
  const { t } = useTranslation()
  const { cache } = useLive()
  const episodes = known ?? NONE
  const open = useMemo(() => episodes.filter(isOpen), [episodes])
  const [chosen, choose] = useState<string>()
  const current = open.find((one) => one.id === chosen) ?? open[0] ?? episodes[0]
  const [sheet, setSheet] = useState<SheetName>()
  const [selection, setSelection] = useState(NOTHING)
  const [moving, setMoving] = useState<MessageEntry>()

  const show = useCallback((name: SheetName | undefined) => {
    setSheet(name)
    setSelection(NOTHING)
    if (name !== 'move') setMoving(undefined)
  }, [])
  const failed = (error: unknown) =>
    notifications.show({ color: 'red', message: problemText(t, error), autoClose: false })
  const acting = useMutation({
    mutationFn: (act: () => Promise<Episode>) => act(),
    onSuccess: (episode) => {
      cache.episodeKnown(episode)
      if (sheet === 'split' || sheet === 'new') choose(episode.id)
      show(undefined)
    },
    onError: failed,
  })
  const moved = useMutation({
    mutationFn: ({ entry, to }: { entry: MessageEntry; to: string }) => moveMessage(entry.id, to),
    onSuccess: (entry) => {
      cache.entryChanged(threadId, entry)
      show(undefined)
    },
    onError: failed,
  })
  const labelled = useMutation({
    mutationFn: (to: { episode: string; label: string; carried: boolean }) =>
      episodeActs.label(to.episode, to.label, to.carried),
    // The sheet stays: there may be several to put on.
    onSuccess: (episode) => cache.episodeKnown(episode),
    onError: failed,
  })
  const act = acting.mutate
  const busy = acting.isPending || moved.isPending || labelled.isPending
  const allowed = maySend && !busy

  const done = () => {
    if (!current || !isOpen(current)) return
    const undo = `done-${current.id}`
    act(() => episodeActs.resolve(current.id), {
      onSuccess: () =>
        notifications.show({
          id: undo,
          message: (
            <span className="row">
              <span className="grow">{t('matter.done_toast', { name: episodeName(t, current) })}</span>
              <Button
                onClick={() => {
                  notifications.hide(undo)
                  act(() => episodeActs.reopen(current.id))
                }}
              >
                {t('app.undo')}
              </Button>
            </span>
          ),
          autoClose: 6000,
        }),
    })
  }
  const onOpen = (name: SheetName) => (event: KeyboardEvent) => {
    if (!allowed || !current || !isOpen(current)) return
    event.preventDefault()
    show(name)
  }
  useKeys({
    e: () => {
      if (allowed) done()
    },
    h: onOpen('later'),
    a: onOpen('assign'),
    p: onOpen('promise'),
    t: (event) => {
      if (!allowed || !current) return
      event.preventDefault()
      show('describe')
    },
    l: (event) => {
      if (!allowed || !current) return
      event.preventDefault()
      show('labels')
    },
  })

  const shown = episodes.slice(0, WITH_PROMISES)
  const promises = useQueries({
    queries: shown.map((episode) => promisesQuery(episode.id)),
    combine: flatPromises,
  })
  const promisedAt = promises.findLast((one) => one.episode_id === current?.id && one.state === 'open')?.made_at

  const splitting = sheet === 'split'
  const several = episodes.length > 1
  const acts = useMemo(
    () => ({
      ...(maySend && several
        ? {
            onMove: (entry: MessageEntry) => {
              setMoving(entry)
              setSheet('move')
            },
          }
        : {}),
      ...(splitting
        ? {
            selection,
            onSelect: (entry: MessageEntry, selected: boolean) =>
              setSelection((have) => {
                const next = new Set(have)
                if (selected) next.add(entry.id)
                else next.delete(entry.id)
                return next
              }),
          }
        : {}),
    }),
    [maySend, several, splitting, selection],
  )

  return {
    current,
    open,
    choose,
    sheet,
    show,
    selection,
    moving,
    act,
    busy,
    done,
    move: (entry: MessageEntry, to: string) => moved.mutate({ entry, to }),
    label: (label: string, carried: boolean) => current && labelled.mutate({ episode: current.id, label, carried }),
    resume: () => current && act(() => episodeActs.resume(current.id)),
    reopen: () => current && act(() => episodeActs.reopen(current.id)),
    closeMatter: () => current && act(() => episodeActs.close(current.id)),
    promises,
    promisedAt: promisedAt ? Date.parse(promisedAt) : undefined,
    acts,
  }
}

function flatPromises(results: { data?: { items: Promised[] } | undefined }[]): Promised[] {
  return results.flatMap((result) => result.data?.items ?? [])
}
