import type { ReactNode } from 'react'
import styles from './parts.module.css'

/** Left-aligned: one bold line, one sentence, one or two actions. */
export function Empty({
  title,
  body,
  page,
  children,
}: {
  title: string
  body?: string
  /** It is all that the page says. */
  page?: boolean
  children?: ReactNode
}) {
  const Title = page ? 'h1' : 'h2'
  return (
    <div className={styles.region}>
      <Title>{title}</Title>
      {body ? <p className="mut">{body}</p> : null}
      {children ? <div className="row wrap">{children}</div> : null}
    </div>
  )
}
