import { Button, Modal } from '@mantine/core'
import { type Merge, take, type Unmerge } from '@onethread/client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { keys } from '../api/keys.ts'
import { mergesQuery } from '../api/queries.ts'
import { useFormats } from '../i18n/format.ts'
import { channelName } from '../parts/channels.ts'
import { ChannelGlyph } from '../parts/Glyphs.tsx'
import { Kbd } from '../parts/Kbd.tsx'
import { ProblemNote } from '../parts/Problem.tsx'
import styles from './ContextPanel.module.css'

/** Who became a part of this person, and the way back. */
export function MergesSection({
  customerId,
  maySend,
  onMerge,
}: {
  customerId: string
  maySend: boolean
  /** Asks whom this person is to be merged with. */
  onMerge: () => void
}) {
  const query = useQuery(mergesQuery(customerId))
  const standing = (query.data?.items ?? []).filter((merge) => !merge.undone_at)
  return <MergeList merges={standing} maySend={maySend} onMerge={onMerge} />
}

export function MergeList({ merges, maySend, onMerge }: { merges: Merge[]; maySend: boolean; onMerge: () => void }) {
  const { t } = useTranslation()
  const { date } = useFormats()
  const [asked, setAsked] = useState<Merge>()
  if (merges.length === 0 && !maySend) return null
  return (
    <section className={styles.section}>
      <h3>{t(merges.length > 0 ? 'merge.title' : 'merge.title_none')}</h3>
      {merges.length > 0 ? (
        <ul>
          {merges.map((merge) => (
            <li key={merge.id} className={styles.identity}>
              <div className="sm" dir="auto">
                {t('merge.from', { name: aliasName(merge), date: date(Date.parse(merge.at)) })}
              </div>
              {merge.by ? <div className="xs mut">{t('merge.by', { name: merge.by })}</div> : null}
              {merge.reason ? (
                <div className="xs mut" dir="auto">
                  {merge.reason}
                </div>
              ) : null}
              {maySend ? (
                <Button size="compact-sm" variant="default" onClick={() => setAsked(merge)}>
                  {t('merge.undo')}
                </Button>
              ) : null}
            </li>
          ))}
        </ul>
      ) : null}
      {maySend ? (
        <Button className={styles.mergeWith ?? ''} onClick={onMerge} rightSection={<Kbd keys="M" />}>
          {t('merge.with')}
        </Button>
      ) : null}
      <Modal opened={asked !== undefined} onClose={() => setAsked(undefined)} title={t('merge.undo_title')}>
        {asked ? <UndoMerge merge={asked} onDone={() => setAsked(undefined)} /> : null}
      </Modal>
    </section>
  )
}

const aliasName = (merge: Merge): string => merge.alias_name || merge.identities[0]?.address || merge.alias_id

/** Says what goes back and what stays before it is done. */
function UndoMerge({ merge, onDone }: { merge: Merge; onDone: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const path = { id: merge.id }
  const preview = useQuery({
    queryKey: keys.unmerge(merge.id),
    queryFn: () => take(api.POST('/api/v1/merges/{id}/undo', { params: { path, query: { preview: true } } })),
    gcTime: 0,
  })
  const undo = useMutation({
    mutationFn: () => take(api.POST('/api/v1/merges/{id}/undo', { params: { path } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['merges'] })
      onDone()
    },
  })
  return (
    <>
      {preview.data ? <WhatGoes unmerge={preview.data} name={aliasName(merge)} /> : null}
      <ProblemNote error={preview.error ?? undo.error} />
      <div className={styles.actions}>
        <Button variant="default" onClick={onDone}>
          {t('app.cancel')}
        </Button>
        <Button onClick={() => undo.mutate()} loading={undo.isPending} disabled={!preview.data}>
          {t('merge.undo')}
        </Button>
      </div>
    </>
  )
}

export function WhatGoes({ unmerge, name }: { unmerge: Unmerge; name: string }) {
  const { t } = useTranslation()
  const { dateTime } = useFormats()
  return (
    <>
      <p className="sm" dir="auto">
        {t('merge.returns', { name })}
      </p>
      <ul>
        {unmerge.returns.map((identity) => (
          <li key={identity.id} className={styles.channel}>
            <ChannelGlyph kind={identity.kind} />
            <b>{channelName(t, identity.kind)}</b>
            <span className="num">{identity.address}</span>
          </li>
        ))}
      </ul>
      <p className="sm">{unmerge.stays.length > 0 ? t('merge.stays') : t('merge.nothing_stays')}</p>
      <ul>
        {unmerge.stays.map((staying) => (
          <li key={staying.id} className="sm">
            {t(staying.kind === 'note' ? 'merge.stays_note' : 'merge.stays_identity', {
              date: dateTime(Date.parse(staying.at)),
            })}
          </li>
        ))}
      </ul>
    </>
  )
}
