import type { Customer, Identity } from '@onethread/client'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { channelName } from '../parts/channels.ts'
import { Avatar, ChannelGlyph } from '../parts/Glyphs.tsx'
import { useNow } from '../parts/later.ts'
import styles from './ContextPanel.module.css'
import { answerUntil, customerName } from './words.ts'

/** What is known of the person, and how long they can still be answered. */
export function ContextPanel({ customer }: { customer: Customer }) {
  const { t } = useTranslation()
  const { date } = useFormats()
  const name = customerName(t, customer)
  return (
    <>
      <section className={styles.section}>
        <div className={styles.who}>
          <Avatar name={name} who="customer" size="l" />
          <div className="grow">
            <h2 dir="auto">{name}</h2>
            <div className="sm mut">{`${t('context.created')} ${date(Date.parse(customer.created_at))}`}</div>
          </div>
        </div>
      </section>
      <section className={styles.section}>
        <h3>{t('context.who')}</h3>
        <ul>
          {customer.identities.map((identity) => (
            <IdentityRow key={identity.id} identity={identity} />
          ))}
        </ul>
      </section>
    </>
  )
}

function IdentityRow({ identity }: { identity: Identity }) {
  const { t } = useTranslation()
  const { dateTime, span } = useFormats()
  const now = useNow()
  const until = answerUntil(identity, now)
  const left = until ? until.at - now : undefined
  return (
    <li className={styles.identity}>
      <div className={styles.channel}>
        <ChannelGlyph kind={identity.kind} />
        <b>{channelName(t, identity.kind)}</b>
        {identity.blocked ? <span className="chip bad">{t('context.blocked')}</span> : null}
      </div>
      <dl className={styles.facts}>
        <dt>{t('context.address')}</dt>
        <dd className="num">{identity.address}</dd>
        <dt>{t('context.last_inbound')}</dt>
        <dd>{identity.last_inbound_at ? dateTime(Date.parse(identity.last_inbound_at)) : t('context.never')}</dd>
        {left === undefined ? null : (
          <>
            <dt>{t('context.reply_window')}</dt>
            <dd>
              {left > 0 ? (
                <span className={left < 2 * 3_600_000 ? 'chip warn' : 'chip good'}>
                  {t(until?.human ? 'window.human' : 'window.open', { left: span(left) })}
                </span>
              ) : (
                <span className="clock asleep">{t('window.closed')}</span>
              )}
            </dd>
          </>
        )}
      </dl>
    </li>
  )
}
