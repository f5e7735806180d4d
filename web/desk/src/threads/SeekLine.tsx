import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useLater } from '../parts/later.ts'
import styles from './ThreadPage.module.css'
import type { SeekPhase } from './useSeek.ts'

/** Over the timeline while the way to a found entry is long: says so, and how to go on. */
export function SeekLine({ phase, onAgain }: { phase: SeekPhase; onAgain: () => void }) {
  const { t } = useTranslation()
  // Most are near: nothing flashes up for them.
  const slow = useLater(phase === 'reading')
  if (phase === 'reading' && !slow) return null
  return (
    <div className={styles.seek} role="status">
      <span className="grow">{t(`seek.${phase}`)}</span>
      {phase === 'further' || phase === 'failed' ? (
        <Button onClick={onAgain}>{t(phase === 'further' ? 'seek.go_on' : 'app.try_again')}</Button>
      ) : null}
    </div>
  )
}
