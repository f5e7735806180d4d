import i18next from 'i18next'
import { afterEach, expect, it } from 'vitest'
import { formats } from '../src/i18n/format.ts'
import { LANGUAGES, languageFor, startLanguage } from '../src/i18n/languages.ts'

afterEach(() => i18next.changeLanguage('en'))

it('finds the language of a tag, and never Hans for Hant', () => {
  expect(languageFor('lt-LT')).toBe('lt')
  expect(languageFor('zh-TW')).toBe('zh-Hant')
  expect(languageFor('zh-Hant-HK')).toBe('zh-Hant')
  expect(languageFor('zh-CN')).toBe('zh-Hans')
  expect(languageFor('zh')).toBe('zh-Hans')
  expect(languageFor('de')).toBeUndefined()
  expect(startLanguage(null, ['de-DE', 'pl-PL', 'en'])).toBe('pl')
  expect(startLanguage('lv', ['pl'])).toBe('lv')
  expect(startLanguage('xx', [])).toBe('en')
})

it.each([
  ['lt', [1, 2, 5, 11, 21, 22]],
  ['lv', [0, 1, 2, 10, 11, 21]],
  ['pl', [1, 2, 5, 12, 22, 25]],
  ['zh-Hant', [1, 2, 100]],
] as const)('has a form for each count in %s', async (language, counts) => {
  await i18next.changeLanguage(language)
  for (const count of counts) {
    const text = i18next.t('thread.new_below', { count })
    expect(text).toContain(String(count))
    expect(text).not.toMatch(/new_below|message/)
  }
})

it('bends the noun as the language wants it', async () => {
  await i18next.changeLanguage('lt')
  const below = (count: number) => i18next.t('thread.new_below', { count })
  expect([below(1), below(2), below(10), below(21)]).toEqual([
    '1 nauja žinutė žemiau',
    '2 naujos žinutės žemiau',
    '10 naujų žinučių žemiau',
    '21 nauja žinutė žemiau',
  ])
})

it('says how long something still lasts, in whole minutes', () => {
  const { span } = formats('en', { today: (date) => date, yesterday: (date) => date })
  expect(span(59 * 60_000)).toBe('59m')
  expect(span((23 * 60 + 55) * 60_000)).toBe('23h 55m')
  expect(span(6.2 * 24 * 3_600_000)).toBe('6d 4h')
})

it('has a locale file for each language that can be chosen', async () => {
  for (const language of Object.keys(LANGUAGES)) {
    await i18next.changeLanguage(language)
    expect(i18next.t('composer.send')).toBeTruthy()
    if (language !== 'en') expect(i18next.t('composer.send')).not.toBe('Send')
    expect(document.documentElement.lang).toBe(language)
  }
})

it('writes the time as each language does', () => {
  const words = { today: (date: string) => date, yesterday: (date: string) => date }
  const at = new Date(2026, 10, 22, 6, 16).getTime()
  expect(formats('zh-Hant', words).time(at)).toBe('06:16')
  expect(formats('lt', words).time(at)).toBe('06:16')
})
