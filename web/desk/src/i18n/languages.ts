/** The languages of the desk, each by its own name. */
export const LANGUAGES = {
  en: 'English',
  lt: 'Lietuvių',
  lv: 'Latviešu',
  pl: 'Polski',
  'zh-Hans': '简体中文',
  'zh-Hant': '繁體中文',
} as const

export type Language = keyof typeof LANGUAGES

/** English stretched and in brackets, for tests: what shows no brackets does not come from the locale files. */
export const PSEUDO = 'en-XA'

const KEY = 'onethread.language'

/** Finds the language of ours that serves a tag such as `lt-LT` or `zh-TW`. Hant is a writing of its own, never Hans. */
export function languageFor(tag: string): Language | undefined {
  const low = tag.toLowerCase()
  if (low === 'zh' || low.startsWith('zh-')) {
    const hant = /-hant\b/.test(low) || (/-(tw|hk|mo)\b/.test(low) && !/-hans\b/.test(low))
    return hant ? 'zh-Hant' : 'zh-Hans'
  }
  const base = low.split('-')[0]
  return (Object.keys(LANGUAGES) as Language[]).find((language) => language === base)
}

/** What was chosen here, else the first language of the browser that we have, else English. */
export function startLanguage(stored: string | null, wanted: readonly string[]): string {
  if (stored === PSEUDO || (stored !== null && stored in LANGUAGES)) return stored
  for (const tag of wanted) {
    const language = languageFor(tag)
    if (language) return language
  }
  return 'en'
}

export const storedLanguage = (): string | null => globalThis.localStorage?.getItem(KEY) ?? null
export const storeLanguage = (language: string): void => globalThis.localStorage?.setItem(KEY, language)
