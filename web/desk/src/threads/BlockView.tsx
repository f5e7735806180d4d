import type { Block, Card, ChoiceOption } from '@onethread/client'
import { useTranslation } from 'react-i18next'
import { Icon } from '../parts/Glyphs.tsx'
import styles from './Blocks.module.css'
import { MediaView } from './MediaView.tsx'

/** A part of a message that is more than words. Words stand in the bubble above. */
export function BlockView({ block, chosen }: { block: Block; chosen: string | undefined }) {
  switch (block.type) {
    case 'text':
      return null
    case 'choice':
      return <Options options={block.options} chosen={chosen} />
    case 'location':
      return <Place {...block} />
    case 'card':
      return <CardView card={block} chosen={chosen} />
    case 'carousel':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reachable by keyboard
        <ul className={styles.carousel} tabIndex={0}>
          {block.cards.map((card, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the cards of a message never change their order
            <li key={place}>
              <CardView card={card} chosen={chosen} />
            </li>
          ))}
        </ul>
      )
    case 'rich_link':
      return (
        <div className={styles.card}>
          {block.image ? <MediaView kind="image" media={block.image} /> : null}
          <Outward url={block.url} words={block.title || block.url} />
          {block.description ? (
            <p className="sm mut" dir="auto">
              {block.description}
            </p>
          ) : null}
        </div>
      )
    default:
      return <MediaView kind={block.type} media={block} />
  }
}

/** What was offered, and what was taken of it. */
function Options({ options, chosen }: { options: readonly ChoiceOption[]; chosen: string | undefined }) {
  const { t } = useTranslation()
  return (
    <ol className={styles.options} aria-label={t('entry.offered')}>
      {options.map((option) => (
        <li key={option.id} data-chosen={option.id === chosen || undefined}>
          <span className="grow" dir="auto">
            {option.url ? <Outward url={option.url} words={option.title} /> : option.title}
            {option.description ? <span className="sm fnt">{` ${option.description}`}</span> : null}
          </span>
          {option.id === chosen ? (
            <span className={styles.taken}>
              <Icon name="check" size="s" />
              {t('entry.taken')}
            </span>
          ) : null}
        </li>
      ))}
    </ol>
  )
}

function CardView({ card, chosen }: { card: Card; chosen: string | undefined }) {
  return (
    <div className={styles.card}>
      {card.image ? <MediaView kind="image" media={card.image} /> : null}
      <b dir="auto">{card.url ? <Outward url={card.url} words={card.title} /> : card.title}</b>
      {card.subtitle ? (
        <p className="sm mut" dir="auto">
          {card.subtitle}
        </p>
      ) : null}
      {card.options?.length ? <Options options={card.options} chosen={chosen} /> : null}
    </div>
  )
}

function Place({
  latitude,
  longitude,
  name,
  address,
}: {
  latitude: number
  longitude: number
  name?: string
  address?: string
}) {
  const { t } = useTranslation()
  const at = `${latitude}, ${longitude}`
  const url = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=17/${latitude}/${longitude}`
  return (
    <div className={styles.card}>
      <b dir="auto">{name || t('what.location')}</b>
      {address ? (
        <p className="sm mut" dir="auto">
          {address}
        </p>
      ) : null}
      <p className="sm">
        <span className="num fnt">{at}</span> <Outward url={url} words={t('media.map')} />
      </p>
    </div>
  )
}

/** Only addresses of the web are links: anything else is told as words. */
function Outward({ url, words }: { url: string; words: string }) {
  return /^https?:\/\//i.test(url) ? (
    <a href={url} target="_blank" rel="noopener noreferrer" dir="auto" title={url}>
      {words}
    </a>
  ) : (
    <span dir="auto">{words}</span>
  )
}
