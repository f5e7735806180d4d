import { type Attribute, type Label, ProblemError } from '@onethread/client'
import type { ComponentProps } from 'react'
import { attribute, customer, label } from '../states/samples.ts'
import { CustomerContext } from './ContextPanel.tsx'
import type { Offer } from './offer.ts'

const done = async () => {}
const there = <T,>(items: T[]): Offer<T> => ({ items, error: null, onAgain: () => {} })
const coming = { items: undefined, error: null, onAgain: () => {} }
const busy = new ProblemError({
  type: 'about:blank',
  title: 'Service Unavailable',
  status: 503,
  code: 'unavailable',
  detail: 'store busy',
  request_id: '7f3k-20m1',
})
const failed = { items: undefined, error: busy, onAgain: () => {} }

const labels: Label[] = [
  label(1, 'Regular', { colour: 'petrol' }),
  label(2, 'Trail club', { colour: 'green' }),
  label(3, 'Wholesale', { colour: 'plum' }),
  label(4, 'Gone', { archived: true }),
]
const fields: Attribute[] = [
  attribute(1, 'Customer number', { required: true }),
  attribute(2, 'Spent in 3 years', { type: 'number' }),
  attribute(3, 'Birthday', { type: 'date' }),
  attribute(4, 'Newsletter', { type: 'boolean' }),
  attribute(5, 'Tier', { type: 'choice', options: ['Gold', 'Silver'] }),
  attribute(6, 'Shop', { type: 'url' }),
  attribute(7, 'Invoices to', { type: 'email' }),
  attribute(8, 'Second number', { type: 'phone' }),
]
const known = {
  field_1: 'NV-40718',
  field_2: 2310.5,
  field_3: '1988-02-29',
  field_4: false,
  field_5: 'Gold',
  field_6: 'https://shop.example.com/maya',
  field_7: 'maya@post.example',
}
const maya = customer(1, { name: 'Maya Lindqvist', labels: labels.slice(0, 2), attributes: known })

const panel = (more: Partial<ComponentProps<typeof CustomerContext>>) => (
  <CustomerContext
    customer={maya}
    maySay
    mayDefine
    labels={there(labels)}
    fields={there(fields)}
    onName={done}
    onAddLabel={done}
    onRemoveLabel={done}
    onValue={done}
    {...more}
  />
)
const LONG = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'

export default {
  rest: () => panel({}),
  'nothing known': () => panel({ customer: customer(2, { name: '' }), labels: there([]), fields: there([]) }),
  'fields, no values': () => panel({ customer: customer(3) }),
  'read only': () => panel({ maySay: false, mayDefine: false }),
  'read only, nothing': () => panel({ customer: customer(4), maySay: false, mayDefine: false, fields: there([]) }),
  loading: () => panel({ labels: coming, fields: coming }),
  error: () => panel({ labels: failed, fields: failed }),
  'very long': () =>
    panel({
      customer: customer(5, {
        name: `${LONG} ${LONG}`,
        labels: [label(1, LONG, { colour: 'amber' }), label(2, '老客户，优先处理，需要中文服务', { colour: 'blue' })],
        attributes: {
          field_1: LONG.repeat(3),
          field_2: 12345678901234,
          field_6: `https://example.com/${'a/'.repeat(60)}`,
        },
      }),
      fields: there([
        attribute(1, LONG),
        attribute(2, 'A field whose name is a whole sentence about what it is', { type: 'number' }),
        attribute(6, 'موقع', { type: 'url' }),
      ]),
    }),
}
