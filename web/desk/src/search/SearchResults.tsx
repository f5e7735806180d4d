import { Button } from '@mantine/core'
import type { SearchHit } from '@onethread/client'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { Empty } from '../parts/Empty.tsx'
import { Avatar, ChannelGlyph } from '../parts/Glyphs.tsx'
import { useLater, useNow } from '../parts/later.ts'
import { ProblemRegion } from '../parts/Problem.tsx'
import { customerName, customerPicture, replyIdentity } from '../threads/words.ts'
import { marked } from './marked.ts'
import styles from './Search.module.css'
import type { Found, FoundPart, SearchFilter } from './useSearch.ts'

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
  /** Shows one kind alone, where there is more of it than is shown among the others. */
  onFilter?: (filter: SearchFilter) => void
}

/** People first, then notes, then messages, each newest first. */
export function SearchResults({ list, found, active, within, onOpen, onFilter }: Props) {
  const { t } = useTranslation()
  const { groups, pending, error, words } = found
  const count = groups.reduce((sum, group) => sum + group.hits.length, 0)
  const last = groups.at(-1)
  const further = groups.slice(0, -1).filter((group) => group.more)
  const slow = useLater(pending && count === 0)
  useEffect(() => {
    if (active) document.getElementById(active)?.scrollIntoView?.({ block: 'nearest' })
  }, [active])
  const draw = ({ kind, hits }: FoundPart) => {
    const rows = hits.map((hit) => {
      const id = rowId(list, hit)
      return <Hit key={id} id={id} hit={hit} chosen={id === active} within={within} onOpen={() => onOpen(hit)} />
    })
    if (kind === undefined || rows.length === 0) return rows
    return (
      // biome-ignore lint/a11y/useSemanticElements: a group of options is no set of form fields
      <div key={kind} role="group" aria-label={t(`search.${kind}`)}>
        <p className={styles.group} aria-hidden="true">
          {t(`search.${kind}`)}
        </p>
        {rows}
      </div>
    )
  }
  return (
    <div className={styles.results} aria-busy={pending}>
      {error && !pending ? (
        <div className={styles.fault}>
          <ProblemRegion title={t('search.error_title')} error={error} onAgain={found.onAgain} />
        </div>
      ) : count > 0 ? (
        <>
          <div role="listbox" className={styles.list} id={list} aria-label={t('search.results')}>
            {groups.map(draw)}
          </div>
          {found.more || further.length > 0 ? (
            <div className={styles.more}>
              {found.more ? (
                <Button onClick={found.onMore} loading={found.loadingMore}>
                  {last?.kind ? t(`search.more_${last.kind}`) : t('app.load_more')}
                </Button>
              ) : null}
              {further.map(({ kind }) =>
                kind && onFilter ? (
                  <Button key={kind} variant="subtle" onClick={() => onFilter(kind)}>
                    {t(`search.more_${kind}`)}
                  </Button>
                ) : null,
              )}
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
  const note = entry?.type === 'note'
  const author = (within && entry?.type === 'message') || note ? entry.author.name : ''
  const name = (within && author) || customerName(t, customer)
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
      {entry ? null : <Avatar name={name} who="customer" picture={customerPicture(customer)} />}
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
          {note ? <span className={styles.note}>{t('note.kind')}</span> : null}
          {identity && !note ? <ChannelGlyph kind={identity.kind} size="s" named /> : null}
          <span dir="auto">
            {ours && !author ? <span className="fnt">{`${t('list.you')} `}</span> : null}
            {note && !within && author ? <span className="fnt">{`${author}: `}</span> : null}
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
