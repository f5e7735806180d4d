import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TextInput } from '@mantine/core'
import { ProblemError } from '@onethread/client'
import { fireEvent, render, screen } from '@testing-library/react'
import i18next from 'i18next'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createQueryClient } from '../src/app/client.ts'
import { Providers } from '../src/app/Providers.tsx'
import { chooseLanguage } from '../src/i18n/index.ts'
import { faultOf, isTaken } from '../src/parts/Problem.tsx'
import { useValidity } from '../src/parts/validity.ts'
import { faultsOf } from '../src/settings/CalendarPage.tsx'
import { MESSENGER_FIELDS } from '../src/settings/messengerFields.ts'

afterEach(() => chooseLanguage('en'))

const root = join(import.meta.dirname, '../../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

function refused(...faults: [field: string, message: string][]): ProblemError {
  return new ProblemError({
    type: 'about:blank',
    title: 'Invalid',
    status: 422,
    code: 'invalid',
    detail: '',
    request_id: 'r',
    faults: faults.map(([field, message]) => ({ field, message })),
  })
}

describe('the fields that a page is subscribed to', () => {
  it('are those that README lists', () => {
    const step = /^6\. Subscribe the page to ([^.]+)\./m.exec(read('README.md'))?.[1] ?? ''
    expect([...step.matchAll(/`(\w+)`/g)].map((match) => match[1])).toEqual([...MESSENGER_FIELDS])
  })
  it('are those that the live test demands', () => {
    const source = read('crates/channels/src/messenger/account_test.rs')
    const list = /REQUIRED_FIELDS: \[&str; \d+\] = \[([^\]]+)\]/.exec(source)?.[1] ?? ''
    expect([...list.matchAll(/"(\w+)"/g)].map((match) => match[1])).toEqual([...MESSENGER_FIELDS])
  })
})

describe('faults of fields', () => {
  it('are never told in the words of the server', async () => {
    await chooseLanguage('lt')
    const t = i18next.t
    const error = refused(['name', 'give 1 to 60 characters'], ['url', 'private'], ['surprise', 'words of the server'])
    expect(faultOf(t, error, 'name')).toBe('Ne tuščias ir ne per ilgas pavadinimas.')
    expect(faultOf(t, error, 'url')).toMatch(/^Visas https adresas/)
    expect(faultOf(t, error, 'surprise')).toMatch(/^Tokios reikšmės/)
    expect(faultOf(t, error, 'key')).toBeUndefined()
    expect(faultOf(t, refused(['attributes.age', 'give a number']), 'attributes.age', t('fault.value_number'))).toBe(
      'Skaičius.',
    )
  })
  it('know that a name is taken from what the server says of it', async () => {
    await chooseLanguage('lt')
    const folder = 'crates/service/src'
    const said = readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.rs'))
      .flatMap((name) => [...read(`${folder}/${name}`).matchAll(/"(another [^"]+ has this [^"]+)"/g)])
      .map((match) => match[1] ?? '')
    expect(said.length).toBeGreaterThanOrEqual(3)
    for (const message of said) {
      expect(isTaken(message), message).toBe(true)
      expect(faultOf(i18next.t, refused(['name', message]), 'name')).toMatch(/užimtas/)
    }
  })
  it('of opening hours are told by their place', async () => {
    await chooseLanguage('lt')
    const found = faultsOf(
      i18next.t,
      refused(
        ['weekly.monday[1].from', 'overlaps 09:00 to 17:00'],
        ['weekly.monday[0].to', 'must be another time than the beginning; a whole day is 00:00 to 24:00'],
        ['exceptions[0].date', '2026-12-24 is there twice'],
        ['weekly.friday', 'a day has at most 10 spans'],
        ['zone', 'give a time zone by its IANA name (Europe/Vilnius)'],
      ),
    )
    expect(found.get('weekly.monday[1].from')).toMatch(/^Sutampa/)
    expect(found.get('weekly.monday[0].to')).toMatch(/^Du skirtingi/)
    expect(found.get('exceptions[0].date')).toBe('Yra du kartus.')
    expect(found.get('weekly.friday')).toBe('Jų per daug.')
    expect(found.get('zone')).toBe('Laiko juosta iš sąrašo.')
  })
})

describe('a form', () => {
  const sent = vi.fn()
  function Form() {
    const { form, fault } = useValidity(sent)
    return (
      <form {...form}>
        <TextInput name="name" label="Name" required error={fault('name')} />
        <TextInput name="password" type="password" label="Password" required minLength={10} error={fault('password')} />
        <button type="submit">Send</button>
      </form>
    )
  }
  it('says in the language of the desk what is missing, and sends nothing until it is there', async () => {
    await chooseLanguage('lt')
    const { container } = render(
      <Providers client={createQueryClient(() => {})} test>
        <Form />
      </Providers>,
    )
    const control = (name: string) => container.querySelector<HTMLInputElement>(`[name=${name}]`) as HTMLInputElement
    expect(container.querySelector('form')?.noValidate).toBe(true)
    fireEvent.change(control('password'), { target: { value: 'short' } })
    fireEvent.submit(container.querySelector('form') as HTMLFormElement)
    expect(screen.getByText('Būtina užpildyti.')).toBeTruthy()
    expect(screen.getByText(/^Bent 10 ženklų/)).toBeTruthy()
    expect(document.activeElement).toBe(control('name'))
    expect(sent).not.toHaveBeenCalled()

    fireEvent.input(control('name'), { target: { value: 'Ona' } })
    expect(screen.queryByText('Būtina užpildyti.')).toBeNull()
    fireEvent.input(control('password'), { target: { value: 'long enough words' } })
    fireEvent.submit(container.querySelector('form') as HTMLFormElement)
    expect(sent).toHaveBeenCalledOnce()
  })
})
