import { Fragment, useState } from 'react'
import { useTranslation } from 'react-i18next'
import styles from './Timeline.module.css'

/** Beyond either, a text is folded. */
const LONG_CHARS = 900
const LONG_LINES = 14

/** How much room a text takes: a Han character is twice as wide as a letter. */
const weight = (text: string): number => text.length + (text.match(/[\u3000-\u9fff\uff00-\uffef]/g)?.length ?? 0)

/** Somebody's own words, whole; a very long text is folded and opens. */
export function Words({
  text,
  names = [],
  most = LONG_CHARS,
}: {
  text: string
  names?: readonly string[]
  /** The most letters that stand there unfolded. */
  most?: number
}) {
  const { t } = useTranslation()
  const long = weight(text) > most || text.split('\n').length > LONG_LINES
  const [open, setOpen] = useState(false)
  return (
    <>
      <div dir="auto" className={long && !open ? styles.folded : styles.words}>
        <Called text={text} names={names} />
      </div>
      {long ? (
        <button type="button" className={styles.more} aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? t('entry.folded_less') : t('entry.folded_more')}
        </button>
      ) : null}
    </>
  )
}

/** A text with the colleagues whom it calls made visible. */
function Called({ text, names }: { text: string; names: readonly string[] }) {
  const marks = names.map((name) => `@${name}`).filter((mark) => text.includes(mark))
  if (marks.length === 0) return text
  const pattern = new RegExp(`(${marks.map((mark) => mark.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`)
  return text.split(pattern).map((part, place) =>
    marks.includes(part) ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text have no other name than their place
      <span key={place} className={styles.called}>
        {part}
      </span>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text have no other name than their place
      <Fragment key={place}>{part}</Fragment>
    ),
  )
}
