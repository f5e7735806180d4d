import { cleanup } from '@testing-library/react'
import { afterEach, beforeAll } from 'vitest'
import { startI18n } from '../src/i18n/index.ts'

// Mantine's growing text field waits for fonts, which this DOM does not have.
if (!document.fonts) Object.defineProperty(document, 'fonts', { value: new EventTarget() })

beforeAll(() => startI18n('en'))
afterEach(() => {
  cleanup()
  localStorage.clear()
  sessionStorage.clear()
})
