// Checks the locale files: the same keys as English with exactly the plural forms of each language, the same
// placeholders, nothing left in English, and no key that the code does not use.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const source = join(import.meta.dirname, '../src')
const locales = join(source, 'locales')
const read = (language) => JSON.parse(readFileSync(join(locales, language, 'desk.json'), 'utf8'))
const FORMS = ['zero', 'one', 'two', 'few', 'many', 'other']

/** Words that are the same in several languages, or names. */
const SAME = new Set(['author.bot', 'author.system_unnamed', 'channel.messenger', 'login.email', 'people.col_email'])

const faults = []
const english = read('en')

/** Key without its plural form, for keys that have an `_other` sibling. */
const base = (key, texts) => {
  const form = FORMS.find((one) => key.endsWith(`_${one}`))
  const stem = form ? key.slice(0, -form.length - 1) : key
  return form && `${stem}_other` in texts ? stem : key
}
const placeholders = (text) =>
  [...text.matchAll(/\{\{(\w+)\}\}/g)]
    .map((match) => match[1])
    .filter((name) => name !== 'count')
    .sort()
    .join()

const stems = new Map()
for (const [key, text] of Object.entries(english)) {
  const stem = base(key, english)
  if (!stems.has(stem) || key.endsWith('_other')) stems.set(stem, { plural: stem !== key, text })
}

for (const language of readdirSync(locales)) {
  const texts = read(language)
  const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories
  const expected = new Map()
  for (const [stem, { plural, text }] of stems) {
    if (plural) for (const form of forms) expected.set(`${stem}_${form}`, text)
    else expected.set(stem, text)
  }
  for (const [key, original] of expected) {
    const text = texts[key]
    if (typeof text !== 'string' || text.trim() === '') faults.push(`${language}: ${key} is missing`)
    else if (placeholders(text) !== placeholders(original))
      faults.push(`${language}: ${key} has other placeholders than English`)
    else if (
      language !== 'en' &&
      text === original &&
      /\p{L}{2}/u.test(text.replace(/\{\{\w+\}\}/g, '')) &&
      !SAME.has(base(key, texts))
    )
      faults.push(`${language}: ${key} is still English`)
  }
  for (const key of Object.keys(texts)) if (!expected.has(key)) faults.push(`${language}: ${key} is unknown`)
}

const code = readdirSync(source, { recursive: true })
  .map(String)
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => readFileSync(join(source, name), 'utf8'))
  .join('\n')
/** `failure.${reason}_next` stands for every key of that shape. */
const patterns = [...code.matchAll(/`(\w+\.(?:[\w.-]|\$\{[^{}]*\})*)`/g)].map(
  (match) => new RegExp(`^${match[1].replace(/[.]/g, '\\.').replace(/\$\{[^}]*\}/g, '[\\w-]+')}$`),
)
for (const stem of stems.keys()) {
  if (code.includes(`'${stem}'`) || patterns.some((pattern) => pattern.test(stem))) continue
  faults.push(`en: ${stem} is used nowhere`)
}

for (const fault of faults) console.error(fault)
console.log(`${stems.size} texts in ${readdirSync(locales).length} languages, ${faults.length} faults`)
process.exit(faults.length === 0 ? 0 : 1)
