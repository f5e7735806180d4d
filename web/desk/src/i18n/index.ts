import i18next, { type BackendModule, type PostProcessorModule } from 'i18next'
import { initReactI18next } from 'react-i18next'
import en from '../locales/en/desk.json'
import { LANGUAGES, PSEUDO, startLanguage, storedLanguage, storeLanguage } from './languages.ts'
import { pseudo } from './pseudo.ts'

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'desk'
    keySeparator: false
    nsSeparator: false
    resources: { desk: typeof en }
  }
}

const files = import.meta.glob<Record<string, string>>('../locales/*/desk.json', { import: 'default' })

const backend: BackendModule = {
  type: 'backend',
  init: () => {},
  read: (language, namespace, done) => {
    const load = files[`../locales/${language}/${namespace}.json`]
    if (!load) return done(null, {})
    load().then(
      (texts) => done(null, texts),
      (cause: Error) => done(cause, null),
    )
  },
}

const stretch: PostProcessorModule = {
  type: 'postProcessor',
  name: 'pseudo',
  process: (value) => (i18next.language === PSEUDO ? pseudo(value) : value),
}

function reflect(language: string): void {
  document.documentElement.lang = language === PSEUDO ? 'en' : language
}

/** Starts the texts; resolves when the language of this device is there. */
export async function startI18n(language = startLanguage(storedLanguage(), navigator.languages)): Promise<void> {
  i18next.on('languageChanged', reflect)
  await i18next
    .use(backend)
    .use(stretch)
    .use(initReactI18next)
    .init({
      lng: language,
      supportedLngs: [...Object.keys(LANGUAGES), PSEUDO],
      fallbackLng: 'en',
      load: 'currentOnly',
      ns: ['desk'],
      defaultNS: 'desk',
      keySeparator: false,
      nsSeparator: false,
      partialBundledLanguages: true,
      resources: { en: { desk: en } },
      interpolation: { escapeValue: false },
      postProcess: ['pseudo'],
      react: { useSuspense: false },
    })
  reflect(i18next.language)
}

export async function chooseLanguage(language: string): Promise<void> {
  storeLanguage(language)
  await i18next.changeLanguage(language)
}
