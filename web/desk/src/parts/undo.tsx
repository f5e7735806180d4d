import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import styles from './parts.module.css'

/** Says what was done, with the way back for as long as it is shown. */
export function offerUndo(said: string, undo: string, onUndo: () => void): void {
  const id = notifications.show({
    message: (
      <span className={styles.undo}>
        <span className="grow">{said}</span>
        <Button
          onClick={() => {
            notifications.hide(id)
            onUndo()
          }}
        >
          {undo}
        </Button>
      </span>
    ),
  })
}
