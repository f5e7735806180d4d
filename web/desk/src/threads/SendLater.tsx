import { ActionIcon, Button, Checkbox, Popover, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { Icon } from '../parts/Glyphs.tsx'
import styles from './Composer.module.css'
import { fromLocalInput, laterTimes, localInput } from './laterTimes.ts'

export type Later = { at: number; cancelOnReply: boolean }

/** The farthest that a message may be put off. */
const MOST_DAYS = 90

/** When a reply shall go: usual times in the zone of this device, or any other one. */
export function SendLater({ ready, now, onSend }: { ready: boolean; now: number; onSend: (later: Later) => void }) {
  const { t } = useTranslation()
  const { dateTime } = useFormats()
  const [opened, setOpened] = useState(false)
  const [own, setOwn] = useState('')
  const [cancelOnReply, setCancelOnReply] = useState(true)
  const chosen = fromLocalInput(own)
  const fits = chosen !== undefined && chosen > now && chosen < now + MOST_DAYS * 86_400_000
  const send = (at: number) => {
    onSend({ at, cancelOnReply })
    setOpened(false)
    setOwn('')
  }
  return (
    <Popover opened={opened} onChange={setOpened} position="top-end" trapFocus returnFocus withinPortal>
      <Popover.Target>
        <ActionIcon
          aria-label={t('send_later.open')}
          title={t('send_later.open')}
          aria-disabled={!ready}
          data-quiet={!ready || undefined}
          onClick={() => ready && setOpened(!opened)}
        >
          <Icon name="wait" />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown className={styles.later ?? ''} aria-label={t('send_later.open')}>
        {laterTimes(now)
          .filter(({ preset }) => preset !== 'hour')
          .map(({ preset, at }) => (
            <Button key={preset} fullWidth justify="space-between" rightSection={dateTime(at)} onClick={() => send(at)}>
              {t(`later.${preset}`)}
            </Button>
          ))}
        <TextInput
          type="datetime-local"
          label={t('later.own')}
          value={own}
          min={localInput(now)}
          max={localInput(now + MOST_DAYS * 86_400_000)}
          onChange={(event) => setOwn(event.currentTarget.value)}
        />
        <Checkbox
          checked={cancelOnReply}
          label={t('send_later.until_reply')}
          onChange={(event) => setCancelOnReply(event.currentTarget.checked)}
        />
        <Button
          variant="filled"
          fullWidth
          aria-disabled={!fits}
          data-quiet={!fits || undefined}
          onClick={() => fits && send(chosen)}
        >
          {t('send_later.save')}
        </Button>
      </Popover.Dropdown>
    </Popover>
  )
}
