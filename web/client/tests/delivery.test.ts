import { expect, it } from 'vitest'
import { mayBecome } from '../src/delivery.ts'
import type { DeliveryState } from '../src/types.ts'

const ALL: DeliveryState[] = ['queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'uncertain']

it('never goes back', () => {
  for (const next of ALL) expect(mayBecome('read', next)).toBe(false)
  expect(mayBecome('delivered', 'sent')).toBe(false)
  expect(mayBecome('sent', 'sending')).toBe(false)
  expect(mayBecome('sent', 'failed')).toBe(false)
})

it('lets proof of arrival end doubt, and a person ask for another try', () => {
  for (const proof of ['sent', 'delivered', 'read'] as const) {
    expect(mayBecome('failed', proof)).toBe(true)
    expect(mayBecome('uncertain', proof)).toBe(true)
  }
  expect(mayBecome('failed', 'queued')).toBe(true)
})
