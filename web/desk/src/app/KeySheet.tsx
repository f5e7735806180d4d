import { Modal, Switch } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import styles from './KeySheet.module.css'
import { FIND_KEYS, SEND_KEYS } from './keys.ts'
import { usePref, writePref } from './prefs.ts'

/** The keys that work here, and the switch that rests the single ones. */
export function KeySheet({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation()
  const on = usePref('keys') !== 'off'
  const rows = [
    [['J', '↓'], t('keys.next')],
    [['K', '↑'], t('keys.previous')],
    [['↵'], t('keys.open')],
    [['/'], t('keys.search')],
    [[FIND_KEYS], t('keys.search_thread')],
    [['R'], t('keys.reply')],
    [['N'], t('keys.note')],
    [['C'], t('keys.ways')],
    [['E'], t('keys.done')],
    [['H'], t('keys.later')],
    [['A'], t('keys.assign')],
    [['P'], t('keys.promise')],
    [['T'], t('keys.describe')],
    [['L'], t('keys.labels')],
    [['M'], t('keys.merge')],
    [['[', ']'], t('keys.matters')],
    [['↑', '↓'], t('keys.entries')],
    [[SEND_KEYS], t('keys.send')],
    [['I'], t('keys.context')],
    [['Esc'], t('keys.back')],
    [['F6'], t('keys.regions')],
    [['?'], t('keys.sheet')],
  ] as const
  return (
    <Modal opened={opened} onClose={onClose} title={t('keys.title')} size="sm">
      <dl className={styles.keys}>
        {rows.map(([keys, act]) => (
          <div key={act}>
            <dt>
              {keys.map((key) => (
                <kbd key={key} className="kbd">
                  {key}
                </kbd>
              ))}
            </dt>
            <dd>{act}</dd>
          </div>
        ))}
      </dl>
      <Switch
        mt="md"
        checked={on}
        onChange={(event) => writePref('keys', event.currentTarget.checked ? null : 'off')}
        label={t('keys.single')}
        description={t('keys.single_hint')}
      />
    </Modal>
  )
}
