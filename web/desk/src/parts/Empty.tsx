import type { ReactNode } from 'react'
import styles from './parts.module.css'

/** Left-aligned: one bold line, one sentence, one or two actions. */
export function Empty({ title, body, children }: { title: string; body?: string; children?: ReactNode }) {
  return (
    <div className={styles.region}>
      <h2>{title}</h2>
      {body ? <p className="mut">{body}</p> : null}
      {children ? <div className="row wrap">{children}</div> : null}
    </div>
  )
}
