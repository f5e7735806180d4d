import { Button, Modal, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { type Customer, type MergePreview, type MergeSide, take } from '@onethread/client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { may, mergePreviewQuery, useMe } from '../api/queries.ts'
import { useFormats } from '../i18n/format.ts'
import { channelName } from '../parts/channels.ts'
import { Avatar, ChannelGlyph, Icon } from '../parts/Glyphs.tsx'
import { newKey } from '../parts/key.ts'
import { ProblemNote, problemText } from '../parts/Problem.tsx'
import { offerUndo } from '../parts/undo.tsx'
import { SearchField } from '../search/SearchField.tsx'
import { SearchResults } from '../search/SearchResults.tsx'
import { useChoice } from '../search/useChoice.ts'
import { type Found, useSearch } from '../search/useSearch.ts'
import styles from './MergeDialog.module.css'
import { customerName, customerPicture } from './words.ts'

const LIST = 'merge-with'

/** Makes one customer of two: finds the other one, shows what would happen, and asks. */
export function MergeDialog({
  customer,
  opened,
  onClose,
}: {
  customer: Customer
  opened: boolean
  onClose: () => void
}) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('merge.with_title', { name: customerName(t, customer) })}
      size="lg"
    >
      {opened ? <Steps customer={customer} onClose={onClose} /> : null}
    </Modal>
  )
}

function Steps({ customer, onClose }: { customer: Customer; onClose: () => void }) {
  const [words, setWords] = useState('')
  const [other, setOther] = useState<Customer>()
  return other ? (
    <Confirm customer={customer} other={other} onBack={() => setOther(undefined)} onClose={onClose} />
  ) : (
    <FindOther customer={customer} words={words} onWords={setWords} onChoose={setOther} onClose={onClose} />
  )
}

/** Everybody but the customer themselves. */
const others = (found: Found, customer: Customer): Found => ({
  ...found,
  groups: found.groups.map((group) => ({
    ...group,
    kind: undefined,
    hits: group.hits.filter((hit) => hit.customer.id !== customer.id),
  })),
})

function FindOther({
  customer,
  words,
  onWords,
  onChoose,
  onClose,
}: {
  customer: Customer
  words: string
  onWords: (words: string) => void
  onChoose: (other: Customer) => void
  onClose: () => void
}) {
  const { t } = useTranslation()
  const found = others(useSearch(words, 'customers'), customer)
  const choice = useChoice(LIST, found)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  const open = words.trim() !== ''
  return (
    <search className={styles.find}>
      <p className="sm mut">{t('merge.find_hint')}</p>
      <SearchField
        ref={field}
        first
        list={LIST}
        label={t('merge.find')}
        placeholder={t('merge.find')}
        words={words}
        onWords={(next) => {
          onWords(next)
          field.current?.focus()
        }}
        open={open && Boolean(choice.chosen)}
        active={choice.active}
        onMove={choice.move}
        onOpen={() => choice.chosen && onChoose(choice.chosen.customer)}
        onLeave={() => (words ? onWords('') : onClose())}
      />
      {open ? (
        <div className={styles.found}>
          <SearchResults list={LIST} found={found} active={choice.active} onOpen={(hit) => onChoose(hit.customer)} />
        </div>
      ) : null}
    </search>
  )
}

/** Says what would happen before it is done. */
function Confirm({
  customer,
  other,
  onBack,
  onClose,
}: {
  customer: Customer
  other: Customer
  onBack: () => void
  onClose: () => void
}) {
  const { t } = useTranslation()
  const me = useMe()
  const client = useQueryClient()
  const navigate = useNavigate()
  const preview = useQuery(mergePreviewQuery(customer.id, other.id))
  // One key for this dialog: pressed twice, or tried again after a lost answer, it is one merge.
  const [key] = useState(newKey)
  const reread = () => {
    for (const name of ['merges', 'thread', 'threads', 'episodes', 'entries']) {
      void client.invalidateQueries({ queryKey: [name] })
    }
  }
  const undo = (id: string) =>
    take(api.POST('/api/v1/merges/{id}/undo', { params: { path: { id } } })).then(reread, (error) =>
      notifications.show({ color: 'red', message: problemText(t, error), autoClose: false }),
    )
  const merging = useMutation({
    mutationFn: ({ reason, force }: { reason: string; force: boolean }) =>
      take(
        api.POST('/api/v1/customers/{id}/merge', {
          params: { path: { id: customer.id }, header: { 'Idempotency-Key': key } },
          body: { customer_id: other.id, reason, force },
        }),
      ),
    onSuccess: (merge) => {
      reread()
      onClose()
      void navigate({ to: '/threads/$threadId', params: { threadId: merge.survivor_thread_id }, replace: true })
      offerUndo(
        t('merge.done', { name: preview.data?.name || customerName(t, customer) }),
        t('app.undo'),
        () => void undo(merge.id),
      )
    },
  })
  return (
    <MergeQuestion
      preview={preview.data}
      error={preview.error ?? merging.error}
      busy={merging.isPending}
      mayForce={may(me, 'force_merges')}
      onMerge={(reason, force) => merging.mutate({ reason, force })}
      onBack={onBack}
      onClose={onClose}
    />
  )
}

export function MergeQuestion({
  preview,
  error,
  busy,
  mayForce,
  onMerge,
  onBack,
  onClose,
}: {
  preview: MergePreview | undefined
  error: unknown
  busy: boolean
  /** May merge people who are known to be different ones. */
  mayForce: boolean
  onMerge: (reason: string, force: boolean) => void
  onBack: () => void
  onClose: () => void
}) {
  const { t } = useTranslation()
  const [reason, setReason] = useState('')
  const apart = preview?.warnings.includes('verified_apart') ?? false
  const ready = preview !== undefined && (!apart || (mayForce && reason.trim() !== ''))
  const field = useRef<HTMLInputElement>(null)
  const there = preview !== undefined
  useEffect(() => {
    if (there) field.current?.focus()
  }, [there])
  return (
    <form
      className={styles.question}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (ready && !busy) onMerge(reason.trim(), apart)
      }}
    >
      {preview ? (
        <>
          <div className={styles.sides}>
            <Side side={preview.survivor} part="survives" />
            <Side side={preview.alias} part="joins" />
          </div>
          {preview.warnings.length > 0 ? (
            <ul className={styles.warnings}>
              {preview.warnings.map((warning) => (
                <li key={warning}>
                  <Icon name="alert" size="s" />
                  <span>{t(`merge.${warning}`)}</span>
                </li>
              ))}
            </ul>
          ) : null}
          <p className="sm">
            {t('merge.what_happens', { name: preview.name || customerName(t, preview.survivor.customer) })}
          </p>
          {apart && !mayForce ? (
            <p className="sm">{t('merge.force_forbidden')}</p>
          ) : (
            <TextInput
              ref={field}
              label={t(apart ? 'merge.reason_required' : 'merge.reason')}
              maxLength={500}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
          )}
        </>
      ) : error ? null : (
        <div className={styles.sides} role="status" aria-label={t('app.loading')}>
          <div className="sk" style={{ height: 116 }} />
          <div className="sk" style={{ height: 116 }} />
        </div>
      )}
      <ProblemNote error={error} />
      <div className={styles.actions}>
        <Button variant="subtle" onClick={onBack} disabled={busy} leftSection={<Icon name="left" size="s" />}>
          {t('merge.another')}
        </Button>
        <span className="grow" />
        <Button onClick={onClose}>{t('app.cancel')}</Button>
        <Button type="submit" variant="filled" loading={busy} disabled={!ready}>
          {t(apart ? 'merge.do_force' : 'merge.do')}
        </Button>
      </div>
    </form>
  )
}

/** One of the two, with what tells them apart. */
function Side({ side, part }: { side: MergeSide; part: 'survives' | 'joins' }) {
  const { t } = useTranslation()
  const { date } = useFormats()
  const { customer } = side
  const name = customerName(t, customer)
  const number = ({ count, more }: MergeSide['entries']) => (more ? `${count}+` : String(count))
  return (
    <section className={styles.side} aria-label={name}>
      <div className={styles.who}>
        <Avatar name={name} who="customer" picture={customerPicture(customer)} />
        <h3 className="grow" dir="auto">
          {name}
        </h3>
        <span className={part === 'survives' ? 'chip acc' : 'chip'}>{t(`merge.${part}`)}</span>
      </div>
      <ul>
        {customer.identities.map((identity) => (
          <li key={identity.id} className={styles.identity}>
            <ChannelGlyph kind={identity.kind} />
            <b>{channelName(t, identity.kind)}</b>
            <span className="num">{identity.address}</span>
          </li>
        ))}
      </ul>
      <p className="xs mut">
        {[
          t('merge.began', { date: date(Date.parse(side.thread_began_at)) }),
          t('merge.active', { date: date(Date.parse(side.last_activity_at)) }),
          t('merge.entries', { number: number(side.entries) }),
          t('merge.open', { number: number(side.open_episodes) }),
        ].join(' · ')}
      </p>
    </section>
  )
}
