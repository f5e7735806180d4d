import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { fieldText } from './Problem.tsx'

/** What is wrong with a control before anything is sent: nothing is in it, or what is in it cannot be right. */
type Fault = 'missing' | 'unfit'
type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement

const isControl = (element: unknown): element is Control =>
  element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement

function faultIn(control: Control): Fault | undefined {
  // A password may be of spaces; that it is easy to guess is for the server to say.
  const text = control.type === 'password' ? control.value : control.value.trim()
  if (control.required && text === '') return 'missing'
  if (control instanceof HTMLInputElement && text !== '') {
    if (control.minLength > 0 && Array.from(control.value).length < control.minLength) return 'unfit'
    if (control.validity.typeMismatch) return 'unfit'
  }
  return undefined
}

/**
 * Checks a form by what its controls demand (`required`, `minLength`, `type`), in the language of the desk: the browser's
 * own bubbles follow the browser's. Spread `form` on the form; `fault` tells what stands beside a control of that name.
 */
export function useValidity(onValid: () => void) {
  const { t } = useTranslation()
  const [faults, setFaults] = useState<ReadonlyMap<string, Fault>>(new Map())
  return {
    fault: (name: string): string | undefined => {
      const fault = faults.get(name)
      if (!fault) return undefined
      return fault === 'missing' ? t('fault.missing') : (fieldText(t, name) ?? t('fault.other'))
    },
    form: {
      noValidate: true,
      onInput: (event: FormEvent<HTMLFormElement>) => {
        const { target } = event
        if (!isControl(target) || !faults.has(target.name)) return
        setFaults(new Map([...faults].filter(([name]) => name !== target.name)))
      },
      onSubmit: (event: FormEvent<HTMLFormElement>) => {
        event.preventDefault()
        const wrong = Array.from(event.currentTarget.elements)
          .filter(isControl)
          .flatMap((control) => {
            const fault = control.name ? faultIn(control) : undefined
            return fault ? [{ control, fault }] : []
          })
        setFaults(new Map(wrong.map(({ control, fault }) => [control.name, fault])))
        if (wrong[0]) wrong[0].control.focus()
        else onValid()
      },
    },
  }
}
