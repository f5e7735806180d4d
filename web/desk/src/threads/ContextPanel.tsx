import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { type Attribute, type Customer, type Identity, type Label, take } from '@onethread/client'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { attributesQuery, labelsQuery, may, useMe } from '../api/queries.ts'
import { useFormats } from '../i18n/format.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { channelName } from '../parts/channels.ts'
import { Avatar, ChannelGlyph } from '../parts/Glyphs.tsx'
import { useNow } from '../parts/later.ts'
import { problemText } from '../parts/Problem.tsx'
import { offerUndo } from '../parts/undo.tsx'
import styles from './ContextPanel.module.css'
import { CustomerFields } from './CustomerFields.tsx'
import { CustomerLabels } from './CustomerLabels.tsx'
import { CustomerName } from './CustomerName.tsx'
import type { Offer } from './offer.ts'
import { useWays } from './useWays.ts'
import { answerUntil, customerName, customerPicture, type Way } from './words.ts'

type Change = { name?: string; attributes?: Record<string, unknown> }

/** What is known of the person, and how long they can still be answered. What is changed here is saved at once. */
export function ContextPanel({ customer }: { customer: Customer }) {
  const { t } = useTranslation()
  const me = useMe()
  const { cache } = useLive()
  const labels = useQuery(labelsQuery)
  const fields = useQuery(attributesQuery)
  const ways = useWays(customer)
  const { id } = customer

  const known = (changed: Customer) => cache.customerKnown(changed)
  const change = async (body: Change) =>
    known(await take(api.PATCH('/api/v1/customers/{id}', { params: { path: { id } }, body })))
  const place = (label_id: string) => ({ params: { path: { id, label_id } } })
  const put = async (label: string) =>
    known(await take(api.PUT('/api/v1/customers/{id}/labels/{label_id}', place(label))))
  const remove = async (label: string) =>
    known(await take(api.DELETE('/api/v1/customers/{id}/labels/{label_id}', place(label))))

  const setSuppressed = async (identity: Identity, suppress: boolean) => {
    const params = { params: { path: { id: identity.id } } }
    const changed = await take(
      suppress
        ? api.POST('/api/v1/identities/{id}/block', { ...params, body: {} })
        : api.POST('/api/v1/identities/{id}/unblock', params),
    )
    known({ ...customer, identities: customer.identities.map((one) => (one.id === changed.id ? changed : one)) })
  }

  /** Does it, then offers to undo it for a while; what fails then is told where everybody looks. */
  const act = async (said: string, doing: () => Promise<unknown>, undoing: () => Promise<unknown>) => {
    await doing()
    offerUndo(said, t('app.undo'), () => {
      undoing().catch((error) => notifications.show({ color: 'red', message: problemText(t, error), autoClose: false }))
    })
  }
  return (
    <CustomerContext
      ways={ways}
      customer={customer}
      maySay={may(me, 'send_messages')}
      mayDefine={may(me, 'manage_channels')}
      labels={{ items: labels.data, error: labels.error, onAgain: () => void labels.refetch() }}
      fields={{ items: fields.data, error: fields.error, onAgain: () => void fields.refetch() }}
      onName={(name) =>
        act(
          t('context.renamed'),
          () => change({ name }),
          () => change({ name: customer.name }),
        )
      }
      onAddLabel={(label) =>
        act(
          t('context.label_added', { name: label.name }),
          () => put(label.id),
          () => remove(label.id),
        )
      }
      onRemoveLabel={(label) =>
        act(
          t('context.label_removed', { name: label.name }),
          () => remove(label.id),
          () => put(label.id),
        )
      }
      onValue={(field, value) =>
        act(
          t('context.field_saved', { name: field.name }),
          () => change({ attributes: { [field.key]: value } }),
          () => change({ attributes: { [field.key]: customer.attributes[field.key] ?? null } }),
        )
      }
      onSuppress={(identity, suppress) => {
        act(
          suppress ? t('identity.suppressed') : t('identity.unblock'),
          () => setSuppressed(identity, suppress),
          () => setSuppressed(identity, !suppress),
        ).catch((error) => notifications.show({ color: 'red', message: problemText(t, error), autoClose: false }))
      }}
    />
  )
}

/** The panel itself: what it shows, and what can be said here. */
export function CustomerContext({
  customer,
  ways = customer.identities.map((identity) => ({ identity })),
  maySay,
  mayDefine,
  labels,
  fields,
  onName,
  onAddLabel,
  onRemoveLabel,
  onValue,
  onSuppress,
}: {
  customer: Customer
  /** Their addresses with the names of the accounts, where these tell several apart. */
  ways?: readonly Way[]
  /** Name, labels and fields may be changed. */
  maySay: boolean
  /** Labels and fields may be defined, so the way there is shown. */
  mayDefine: boolean
  labels: Offer<Label>
  fields: Offer<Attribute>
  onName: (name: string) => Promise<unknown>
  onAddLabel: (label: Label) => Promise<unknown>
  onRemoveLabel: (label: Customer['labels'][number]) => Promise<unknown>
  onValue: (field: Attribute, value: unknown) => Promise<unknown>
  /** Keeps everybody from writing to an address, or takes that back. */
  onSuppress?: (identity: Identity, suppress: boolean) => void
}) {
  const { t } = useTranslation()
  const { date } = useFormats()
  return (
    <>
      <section className={styles.section}>
        <div className={styles.who}>
          <Avatar name={customerName(t, customer)} who="customer" size="l" picture={customerPicture(customer)} />
          <div className="grow">
            <CustomerName key={customer.id} customer={customer} maySay={maySay} onName={onName} />
            <div className="sm mut">{`${t('context.created')} ${date(Date.parse(customer.created_at))}`}</div>
          </div>
        </div>
      </section>
      <CustomerLabels
        carried={customer.labels}
        offer={labels}
        maySay={maySay}
        mayDefine={mayDefine}
        onAdd={onAddLabel}
        onRemove={onRemoveLabel}
      />
      <CustomerFields
        values={customer.attributes}
        offer={fields}
        maySay={maySay}
        mayDefine={mayDefine}
        onValue={onValue}
      />
      <section className={styles.section}>
        <h3>{t('context.who')}</h3>
        <ul>
          {ways.map((way) => (
            <IdentityRow key={way.identity.id} way={way} onSuppress={maySay ? onSuppress : undefined} />
          ))}
        </ul>
      </section>
    </>
  )
}

function IdentityRow({
  way: { identity, account },
  onSuppress,
}: {
  way: Way
  onSuppress: ((identity: Identity, suppress: boolean) => void) | undefined
}) {
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
        {account ? (
          <span className="fnt cut" dir="auto">
            {account}
          </span>
        ) : null}
        {identity.blocked ? <span className="chip bad">{t('context.blocked')}</span> : null}
        {identity.suppression ? <span className="chip bad">{t('identity.suppressed')}</span> : null}
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
      {onSuppress ? (
        <Button variant="subtle" onClick={() => onSuppress(identity, !identity.suppression)}>
          {identity.suppression ? t('identity.unblock') : t('identity.block')}
        </Button>
      ) : null}
    </li>
  )
}
