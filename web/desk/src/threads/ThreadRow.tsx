import type { Episode, Thread } from '@onethread/client'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { ChannelGlyph } from '../parts/Glyphs.tsx'
import { MatterState, PromiseClock } from './MatterState.tsx'
import styles from './ThreadList.module.css'
import { answerUntil, byline, customerName, episodeName, lineOf, replyIdentity } from './words.ts'

/** Under this much the window is shown in amber: time enough to answer, not enough to wait. */
const SOON = 2 * 3_600_000

type Props = {
  thread: Thread
  unread: boolean
  now: number
  /** Who looks. */
  me: string
  /** Its open matter, where it has one. */
  episode?: Episode | undefined
}

/** What one row says: who, when, the last words and what became of them. */
export function ThreadRow({ thread, unread, now, me, episode }: Props) {
  const { t } = useTranslation()
  const format = useFormats()
  const last = thread.last_entry
  const identity =
    thread.customer.identities.find((one) => one.id === last?.identity_id) ?? replyIdentity(thread.customer)
  const by = byline(t, last, me)
  const at = Date.parse(thread.last_activity_at)
  return (
    <>
      <span className={styles.name} data-unread={unread || undefined}>
        <span className="cut" dir="auto">
          {customerName(t, thread.customer)}
        </span>
        {unread ? (
          <span className={styles.dot}>
            <span className="vh">{t('list.unread')}</span>
          </span>
        ) : null}
      </span>
      <time className={styles.time} dateTime={thread.last_activity_at} title={format.dateTime(at)}>
        {format.brief(at, now)}
      </time>
      <span className={styles.words} data-unread={unread || undefined}>
        {identity ? <ChannelGlyph kind={identity.kind} size="s" named /> : null}
        <span className="cut" dir="auto">
          {by ? <span className="fnt">{`${by} `}</span> : null}
          {last ? lineOf(t, last) : t('list.nothing_yet')}
        </span>
      </span>
      <span className={styles.matter}>
        <Matter
          thread={thread}
          episode={episode}
          until={identity && !identity.blocked ? answerUntil(identity, now)?.at : undefined}
          now={now}
        />
      </span>
    </>
  )
}

/** The third line: the fate of our last word, or the time that is left to answer theirs. */
function Matter({
  thread,
  episode,
  until,
  now,
}: {
  thread: Thread
  episode: Episode | undefined
  until: number | undefined
  now: number
}) {
  const { t } = useTranslation()
  const { span } = useFormats()
  const last = thread.last_entry
  if (last?.type === 'message' && last.direction === 'outbound' && last.delivery) {
    const { state } = last.delivery
    if (state === 'failed') return <span className="chip bad">{t('delivery.failed')}</span>
    if (state === 'uncertain') return <span className="chip warn">{t('delivery.uncertain')}</span>
    if (!episode) return <>{t(`delivery.${state}`)}</>
  }
  if (episode) {
    const named = episode.subject || episode.topic
    return (
      <>
        {episode.promise_due_at ? (
          <PromiseClock due={Date.parse(episode.promise_due_at)} from={undefined} now={now} />
        ) : (
          <MatterState episode={episode} now={now} />
        )}
        {named ? <span dir="auto">{` · ${episodeName(t, episode)}`}</span> : null}
      </>
    )
  }
  if (until === undefined) return <>{thread.customer.identities[0]?.address ?? ''}</>
  const left = until - now
  if (left <= 0) return <span className="clock asleep xs">{t('list.time_closed')}</span>
  const text = t('list.time_left', { left: span(left) })
  return left < SOON ? <span className="chip warn">{text}</span> : text
}
