import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { channelName } from './channels.ts'

/** The knot of the product. */
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg
      viewBox="0 0 28 28"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth="2.6"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d="M14 2.5v5M14 20.5v5" />
      <path d="M14 7.5c4.4 0 7 2.6 7 6.5s-2.6 6.5-7 6.5-7-2.6-7-6.5 2.6-6.5 7-6.5z" />
      <path d="M14 11.5v5" />
    </svg>
  )
}

type IconName =
  | 'alert'
  | 'at'
  | 'book'
  | 'box'
  | 'bolt'
  | 'check'
  | 'clip'
  | 'clock'
  | 'door'
  | 'down'
  | 'eye'
  | 'fold'
  | 'gear'
  | 'inbox'
  | 'left'
  | 'link'
  | 'list'
  | 'live'
  | 'lock'
  | 'mic'
  | 'pencil'
  | 'moon'
  | 'more'
  | 'pause'
  | 'people'
  | 'play'
  | 'plus'
  | 'right'
  | 'search'
  | 'send'
  | 'shield'
  | 'tag'
  | 'split'
  | 'undo'
  | 'up'
  | 'wait'
  | 'x'

/** Always beside a word, or inside something that has a name of its own. */
export function Icon({ name, size }: { name: IconName; size?: 's' | 'l' }) {
  return <i className={`ic i-${name}${size ? ` ${size}` : ''}`} aria-hidden="true" />
}

/** A channel's own drawing and ink. With `named` it says its name; without, the word stands beside it. */
export function ChannelGlyph({ kind, size, named }: { kind: string; size?: 's' | 'l'; named?: boolean }) {
  const { t } = useTranslation()
  const name = channelName(t, kind)
  return named ? (
    <i className={`ch${size ? ` ${size}` : ''}`} data-ch={kind} role="img" aria-label={name} />
  ) : (
    <i className={`ch${size ? ` ${size}` : ''}`} data-ch={kind} aria-hidden="true" />
  )
}

/** Two letters of a name; the whole character for a name in Han. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean)
  const [one, two] = [words[0], words.length > 1 ? words.at(-1) : undefined]
  if (!one) return '·'
  const letter = (word: string) => Array.from(word)[0]?.toLocaleUpperCase() ?? ''
  if (/\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}/u.test(one)) return letter(one)
  const [, second] = Array.from(one)
  return two ? letter(one) + letter(two) : letter(one) + (second ?? '')
}

/** People are round, ours in petrol; bots are square. A picture that cannot be had gives way to the initials. */
export function Avatar({
  name,
  who,
  size,
  picture,
}: {
  name: string
  who: 'customer' | 'agent' | 'bot' | 'system'
  picture?: string | undefined
  size?: 's' | 'm' | 'l'
}) {
  const [lost, setLost] = useState<string>()
  const shape = who === 'agent' ? ' a' : who === 'bot' || who === 'system' ? ' b' : ''
  return (
    <span className={`av${shape}${size ? ` ${size}` : ''}`} aria-hidden="true">
      {initials(name)}
      {picture && picture !== lost ? (
        <img className="face" src={picture} alt="" onError={() => setLost(picture)} />
      ) : null}
    </span>
  )
}
