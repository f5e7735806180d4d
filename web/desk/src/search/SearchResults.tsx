import { Button } from '@mantine/core'
import type { SearchHit } from '@onethread/client'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { Empty } from '../parts/Empty.tsx'
import { Avatar, ChannelGlyph } from '../parts/Glyphs.tsx'
import { useLater, useNow } from '../parts/later.ts'
import { ProblemRegion } from '../parts/Problem.tsx'
import { customerName, replyIdentity } from '../threads/words.ts'
import { marked } from './marked.ts'
import styles from './Search.module.css'
import type { Found } from './useSearch.ts'

/** The id of a hit's row on the page. */
export const rowId = (list: string, hit: SearchHit): string => `${list}-${hit.entry?.id ?? hit.customer.id}`

type Props = {
  /** The id of the list on the page. */
  list: string
  found: Found
  /** The row that the arrows chose. */
  active: string | undefined
  /** All of one thread: each hit names who wrote it, and there is one group. */
  within?: boolean
  onOpen: (hit: SearchHit) => void
}

/** People first, then messages, newest first. */
export function SearchResults({ list, found, active, within, onOpen }: Props) {
  const { t } = useTranslation()
  const { people, messages, pending, error, words } = found
  const count = people.length + messages.length
  const slow = useLater(pending && count === 0)
  const scroller = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (active) document.getElementById(active)?.scrollIntoView?.({ block: 'nearest' })
  }, [active])
  const group = (name: string, hits: SearchHit[]) =>
    hits.length === 0 ? null : (
      // biome-ignore lint/a11y/useSemanticElements: a group of options is no set of form fields
      <div role="group" aria-label={name}>
        {within ? null : (
          <p className={styles.group} aria-hidden="true">
            {name}
          </p>
        )}
        {hits.map((hit) => {
          const id = rowId(list, hit)
          return <Hit key={id} id={id} hit={hit} chosen={id === active} within={within} onOpen={() => onOpen(hit)} />
        })}
      </div>
    )
  return (
    <div className={styles.results} ref={scroller} aria-busy={pending}>
      {error && !pending ? (
        <ProblemRegion title={t('search.error_title')} error={error} onAgain={found.onAgain} />
      ) : count > 0 ? (
        <>
          <div role="listbox" id={list} aria-label={t('search.results')} data-stale={pending || undefined}>
            {group(t('search.people'), people)}
            {group(t('search.messages'), messages)}
          </div>
          {found.more ? (
            <div className={styles.more}>
              <Button onClick={found.onMore} loading={found.loadingMore}>
                {t('app.load_more')}
              </Button>
            </div>
          ) : null}
        </>
      ) : pending ? (
        slow ? (
          <Skeleton />
        ) : null
      ) : (
        <Empty title={t('search.none_title', { words })} body={t('search.none_body')} />
      )}
      <div className="vh" aria-live="polite">
        {pending || error ? '' : t('search.found', { number: found.more ? `${count}+` : count })}
      </div>
    </div>
  )
}

type HitProps = { id: string; hit: SearchHit; chosen: boolean; within: boolean | undefined; onOpen: () => void }

function Hit({ id, hit, chosen, within, onOpen }: HitProps) {
  const { t } = useTranslation()
  const format = useFormats()
  const now = useNow()
  const { customer } = hit
  const entry = hit.entry
  const author = within && entry?.type === 'message' ? entry.author.name : ''
  const name = author || customerName(t, customer)
  const identity = customer.identities.find((one) => one.id === entry?.identity_id) ?? replyIdentity(customer)
  const at = Date.parse(entry?.at ?? identity?.last_inbound_at ?? customer.created_at)
  const ours = entry?.type === 'message' && entry.direction === 'outbound'
  return (
    // The keys of an option are those of the field: the focus stays there.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    // biome-ignore lint/a11y/useFocusableInteractive: see above
    <div
      role="option"
      id={id}
      className={styles.hit}
      aria-selected={chosen}
      data-hit={entry?.id ?? customer.id}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onOpen}
    >
      {entry ? null : <Avatar name={name} who="customer" />}
      <div className="grow">
        <div className={styles.head}>
          <b className="cut" dir="auto">
            {name}
          </b>
          <time className={styles.time} dateTime={new Date(at).toISOString()} title={format.dateTime(at)}>
            {format.brief(at, now)}
          </time>
        </div>
        <div className={styles.words}>
          {identity ? <ChannelGlyph kind={identity.kind} size="s" named /> : null}
          <span dir="auto">
            {ours && !author ? <span className="fnt">{`${t('list.you')} `}</span> : null}
            {marked(hit.snippet).map((part, place) =>
              part.hit ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a snippet never change their order
                <mark key={place}>{part.text}</mark>
              ) : (
                part.text
              ),
            )}
          </span>
        </div>
      </div>
    </div>
  )
}

const BONES = [62, 84, 48, 74] as const

function Skeleton() {
  return (
    <div aria-hidden="true">
      {BONES.map((width) => (
        <div key={width} className={styles.bone}>
          <div className="sk" style={{ height: 11, width: '44%' }} />
          <div className="sk" style={{ height: 10, width: `${width}%` }} />
        </div>
      ))}
    </div>
  )
}
