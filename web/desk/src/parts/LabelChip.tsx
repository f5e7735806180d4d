import type { AppliedLabel, LabelColour } from '@onethread/client'
import type { ReactNode } from 'react'
import styles from './LabelChip.module.css'

/** The ink of a label. Always beside its word: colour alone says nothing. */
export function LabelDot({ colour }: { colour: LabelColour }) {
  return <i className={styles.dot} data-colour={colour} aria-hidden="true" />
}

/** A label as whoever carries it shows it; `children` is what can be done with it. */
export function LabelChip({ label, children }: { label: Omit<AppliedLabel, 'id'>; children?: ReactNode }) {
  return (
    <span className={styles.chip}>
      <LabelDot colour={label.colour} />
      <span className={styles.word} dir="auto">
        {label.name}
      </span>
      {children}
    </span>
  )
}
