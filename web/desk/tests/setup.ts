import { cleanup } from '@testing-library/react'
import { afterEach, beforeAll } from 'vitest'
import { startI18n } from '../src/i18n/index.ts'

// Mantine's growing text field waits for fonts, which this DOM does not have.
if (!document.fonts) Object.defineProperty(document, 'fonts', { value: new EventTarget() })

// There is no layout here: every box is as large as a list on a screen, so that virtual rows are drawn.
Object.defineProperty(HTMLElement.prototype, 'clientHeight', { get: () => 800 })
Object.defineProperty(HTMLElement.prototype, 'clientWidth', { get: () => 332 })

beforeAll(() => startI18n('en'))
afterEach(() => {
  cleanup()
  localStorage.clear()
  sessionStorage.clear()
})
