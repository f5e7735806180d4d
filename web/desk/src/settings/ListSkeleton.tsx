import styles from './Settings.module.css'

/** A list of settings that is on its way. */
export function ListSkeleton() {
  return (
    <div className={styles.options} aria-busy="true">
      {[1, 2, 3].map((row) => (
        <div key={row} className={`${styles.option} ${styles.plain}`}>
          <div className="sk" style={{ height: 24 }} />
        </div>
      ))}
    </div>
  )
}
