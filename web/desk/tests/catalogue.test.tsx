import { ProblemError } from '@onethread/client'
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { fireEvent, render, screen, waitFor } from '@testing-library/react'
import type { ReactNode } from 'react'
import { describe, expect, it, vi } from 'vitest'
import { createQueryClient } from '../src/app/client.ts'
import { Providers } from '../src/app/Providers.tsx'
import { keyOf } from '../src/settings/FieldForm.tsx'
import { moved } from '../src/settings/FieldsPage.tsx'
import hoursStates from '../src/settings/Hours.states.tsx'
import { editedHours, hoursDraft, newHours, nextDate, nextSpan, zones } from '../src/settings/hours.ts'
import { attribute, customer, label } from '../src/states/samples.ts'
import states from '../src/threads/ContextPanel.states.tsx'
import { CustomerContext } from '../src/threads/ContextPanel.tsx'
import { matches } from '../src/threads/offer.ts'

async function draw(drawn: ReactNode): Promise<void> {
  const router = createRouter({
    routeTree: createRootRoute({ component: () => <div data-testid="drawn">{drawn}</div> }),
    history: createMemoryHistory({ initialEntries: ['/'] }),
  })
  render(
    <Providers client={createQueryClient(() => {})} test>
      <RouterProvider router={router as never} />
    </Providers>,
  )
  await waitFor(() => screen.getByTestId('drawn'))
}

describe('what is known of a person', () => {
  const there = <T,>(items: T[]) => ({ items, error: null, onAgain: () => {} })
  const refused = (field: string, message: string) =>
    new ProblemError({
      type: 'about:blank',
      title: '',
      status: 422,
      code: 'invalid',
      detail: 'one field is wrong',
      request_id: '',
      faults: [{ field, message }],
    })
  const panel = (onValue: (...told: unknown[]) => Promise<unknown>, onName = async (_: string) => {}) => (
    <CustomerContext
      customer={customer(1, {
        name: 'Maya',
        labels: [{ id: 'lab_1', name: 'Regular', colour: 'blue' }],
        attributes: { city: 'Malmö' },
      })}
      maySay
      mayDefine={false}
      labels={there([label(1, 'Regular'), label(2, 'Žalia grupė'), label(3, 'Gone', { archived: true })])}
      fields={there([
        attribute(1, 'City', { key: 'city' }),
        attribute(2, 'Seats', { key: 'seats', type: 'number' }),
        attribute(3, 'Old', { key: 'old', archived: true }),
      ])}
      onName={onName}
      onAddLabel={async () => {}}
      onRemoveLabel={async () => {}}
      onValue={onValue}
    />
  )

  it('saves a field with Enter, as the type wants it, and shows the field again', async () => {
    const onValue = vi.fn(async () => {})
    await draw(panel(onValue))
    expect(screen.queryByText('Old')).toBeNull()
    fireEvent.click(screen.getByRole('button', { name: 'Change Seats' }))
    const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'Seats' })
    fireEvent.change(field, { target: { value: '4,5' } })
    fireEvent.submit(field)
    await waitFor(() => expect(screen.queryByRole('textbox', { name: 'Seats' })).toBeNull())
    expect(onValue.mock.calls).toEqual([[expect.objectContaining({ key: 'seats' }), 4.5]])
  })

  it('keeps what cannot be saved, with the reason, and does not send it twice', async () => {
    const onValue = vi.fn(async () => {
      throw refused('attributes.city', 'give 1 to 2000 characters')
    })
    await draw(panel(onValue))
    fireEvent.click(screen.getByRole('button', { name: 'Change City' }))
    const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'City' })
    fireEvent.change(field, { target: { value: 'x' } })
    fireEvent.submit(field)
    expect(await screen.findByText('Words, at most 2000 characters.')).toBeTruthy()
    fireEvent.blur(field)
    expect(field.value).toBe('x')
    expect(onValue).toHaveBeenCalledTimes(1)
  })

  it('leaves a field as it was with Escape, and takes an empty one away', async () => {
    const onValue = vi.fn(async () => {})
    await draw(panel(onValue))
    fireEvent.click(screen.getByRole('button', { name: 'Change City' }))
    fireEvent.change(screen.getByRole('textbox', { name: 'City' }), { target: { value: 'Lund' } })
    fireEvent.keyDown(screen.getByRole('textbox', { name: 'City' }), { key: 'Escape' })
    expect(screen.getByText('Malmö')).toBeTruthy()
    expect(onValue).not.toHaveBeenCalled()
    fireEvent.click(screen.getByRole('button', { name: 'Change City' }))
    fireEvent.change(screen.getByRole('textbox', { name: 'City' }), { target: { value: '  ' } })
    fireEvent.submit(screen.getByRole('textbox', { name: 'City' }))
    await waitFor(() => expect(onValue.mock.calls).toEqual([[expect.objectContaining({ key: 'city' }), null]]))
  })

  it('renames where the name stands', async () => {
    const onName = vi.fn(async () => {})
    await draw(panel(async () => {}, onName))
    fireEvent.click(screen.getByRole('button', { name: 'Change the name' }))
    const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'Name' })
    fireEvent.change(field, { target: { value: ' Maya Lindqvist ' } })
    fireEvent.blur(field)
    await waitFor(() => expect(onName).toHaveBeenCalledWith('Maya Lindqvist'))
  })

  it('offers labels that are neither carried nor archived, found without accents', async () => {
    await draw(panel(async () => {}))
    fireEvent.click(screen.getByRole('button', { name: 'Add label' }))
    const search = await screen.findByPlaceholderText('Find a label')
    expect(screen.getAllByRole('option').map((option) => option.textContent)).toEqual(['Žalia grupė'])
    fireEvent.change(search, { target: { value: 'zalia' } })
    expect(screen.getAllByRole('option')).toHaveLength(1)
    fireEvent.change(search, { target: { value: 'nothing' } })
    expect(screen.getByText('Nothing matches.')).toBeTruthy()
  })

  it('shows readers what is there and nothing to press', async () => {
    await draw(states['read only']())
    expect(screen.getByText('NV-40718')).toBeTruthy()
    expect(screen.queryByRole('button')).toBeNull()
  })

  it('says the next step when nothing is defined', async () => {
    await draw(states['nothing known']())
    expect(screen.getByRole('link', { name: 'Define fields' })).toBeTruthy()
  })

  it('finds names whatever their accents and case', () => {
    expect(matches('Žalia grupė', 'GRUPE zal')).toBe(true)
    expect(matches('Žalia grupė', 'grupė x')).toBe(false)
    expect(matches('优先处理', '处理')).toBe(true)
  })
})

describe('opening hours as they are edited', () => {
  const calendar = {
    id: 'cal_1',
    name: 'Support',
    zone: 'UTC',
    weekly: { monday: [{ from: '00:00', to: '24:00' }], sunday: [{ from: '20:00', to: '24:00' }] },
    exceptions: [{ date: '2026-12-24', spans: [{ from: '09:00', to: '24:00' }], note: 'Eve' }],
    created_at: '2026-11-22T08:00:00Z',
  }

  it('are kept as they were read', () => {
    const edited = editedHours(calendar)
    expect(edited.weekly.monday[0]).toMatchObject({ from: '00:00', to: '00:00' })
    const { weekly, exceptions } = hoursDraft(edited)
    expect(weekly).toMatchObject(calendar.weekly)
    expect(weekly?.tuesday).toEqual([])
    expect(exceptions).toEqual(calendar.exceptions)
  })

  it('offer a span that fits behind the others', () => {
    const span = (from: string, to: string) => ({ key: 0, from, to })
    expect(nextSpan([])).toMatchObject({ from: '09:00', to: '17:00' })
    expect(nextSpan([span('09:00', '12:00')])).toMatchObject({ from: '13:00', to: '17:00' })
    expect(nextSpan([span('09:00', '21:00')])).toMatchObject({ from: '22:00', to: '00:00' })
  })

  it('offer the next day that is no exception yet', () => {
    const { exceptions } = editedHours(calendar)
    expect(nextDate(exceptions, new Date(2026, 11, 23))).toBe('2026-12-25')
    expect(nextDate([], new Date(2026, 11, 31))).toBe('2027-01-01')
  })

  it('begin with what most teams have, in a zone that can be chosen', () => {
    expect(hoursDraft(newHours('UTC')).weekly?.friday).toEqual([{ from: '09:00', to: '17:00' }])
    expect(zones()).toContain('UTC')
    expect(zones().length).toBeGreaterThan(100)
  })

  it('say what is wrong beside the field', async () => {
    await draw(hoursStates.faults())
    const wrong = screen.getByLabelText('Monday, hours 2, from')
    expect(wrong.getAttribute('aria-invalid')).toBe('true')
    const described = wrong.getAttribute('aria-describedby') ?? ''
    expect(document.getElementById(described)?.textContent).toBe('overlaps 09:00 to 13:30')
    expect(screen.getByLabelText('Monday, hours 1, from').getAttribute('aria-invalid')).not.toBe('true')
  })

  it('are added, copied and closed', async () => {
    await draw(hoursStates.new())
    fireEvent.click(screen.getByRole('button', { name: 'Add hours on Monday' }))
    expect(screen.getByLabelText<HTMLInputElement>('Monday, hours 2, from').value).toBe('18:00')
    fireEvent.click(screen.getByRole('button', { name: 'Copy Monday to Tuesday until Friday' }))
    expect(screen.getByLabelText<HTMLInputElement>('Friday, hours 2, from').value).toBe('18:00')
    fireEvent.click(screen.getByRole('button', { name: 'Friday, remove hours 1' }))
    expect(screen.getByLabelText<HTMLInputElement>('Friday, hours 1, from').value).toBe('18:00')
    fireEvent.click(screen.getByRole('button', { name: 'Add a day that differs' }))
    expect(screen.getByLabelText('Day 1 that differs')).toBeTruthy()
  })

  it('tell what comes next in the time of the calendar', async () => {
    await draw(hoursStates['preview, open']())
    expect(screen.getByText(/^Open until 12:00/)).toBeTruthy()
    expect(screen.getByText(/^(13:00–18:00|1:00 PM–6:00 PM)$/)).toBeTruthy()
  })
})

describe('fields', () => {
  it('have keys out of their names', () => {
    expect(keyOf('Customer number')).toBe('customer_number')
    expect(keyOf('  2. Kliento miestas (Łódź) ')).toBe('kliento_miestas_lodz')
    expect(keyOf('城市')).toBe('')
    expect(keyOf(`${'a'.repeat(39)} b`)).toBe('a'.repeat(39))
  })

  it('change places, and only those are told that do', () => {
    const fields = ['one', 'two', 'three'].map((name, place) => attribute(place, name))
    expect(moved(fields, 2, 1)).toEqual([
      { id: 'atr_2', body: { position: 1 } },
      { id: 'atr_1', body: { position: 2 } },
    ])
    // Two that share a place are put in order too.
    expect(moved([attribute(0, 'a'), attribute(0, 'b', { id: 'atr_b' })], 1, 0)).toEqual([
      { id: 'atr_0', body: { position: 1 } },
    ])
  })
})
