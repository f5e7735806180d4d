import { ActionIcon, Button, Menu } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import type { Episode } from '@onethread/client'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../i18n/format.ts'
import { isOpen } from '../live/reduce.ts'
import { Icon } from '../parts/Glyphs.tsx'
import { Kbd } from '../parts/Kbd.tsx'
import styles from './MatterBar.module.css'
import { MatterLabels } from './MatterLabels.tsx'
import type { SheetName } from './MatterSheet.tsx'
import { MatterState, PromiseClock } from './MatterState.tsx'
import { episodeName } from './words.ts'

type LineProps = {
  episode: Episode
  open: readonly Episode[]
  me: string
  /** When its open promise was made. */
  promisedAt: number | undefined
  now: number
  onSwitch: (episode: Episode) => void
}

/** The matter that the thread is about now: what, whose, since when, who acts next, and what was promised. */
export function MatterLine({ episode, open, me, promisedAt, now, onSwitch }: LineProps) {
  const { t } = useTranslation()
  const { brief } = useFormats()
  const since = brief(Date.parse(episode.opened_at), now)
  const owner = episode.assignee
    ? episode.assignee.id === me
      ? t('matter.yours', { since })
      : t('matter.owned', { name: episode.assignee.name, since })
    : t('matter.unowned', { since })
  return (
    <section className={styles.line} aria-label={t('matter.label')}>
      <i className={styles.knot} aria-hidden="true" />
      {open.length > 1 ? (
        <Menu position="bottom-start" width={280}>
          <Menu.Target>
            <Button className={styles.switch ?? ''} variant="subtle" rightSection={<Icon name="down" size="s" />}>
              <span className="cut" dir="auto">
                {episodeName(t, episode)}
              </span>
              <span className={styles.count}>{t('matter.open_count', { count: open.length })}</span>
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {open.map((one) => (
              <Menu.Item key={one.id} onClick={() => onSwitch(one)} aria-current={one.id === episode.id || undefined}>
                <span dir="auto">{episodeName(t, one)}</span>
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      ) : (
        <b className="cut" dir="auto" title={episodeName(t, episode)}>
          {episodeName(t, episode)}
        </b>
      )}
      <span className={styles.facts}>
        {episode.subject && episode.topic ? <span dir="auto">{episode.topic}</span> : null}
        {isOpen(episode) ? <span dir="auto">{owner}</span> : null}
      </span>
      <MatterLabels labels={episode.labels} />
      <span className="grow" />
      <span className={styles.state}>
        <MatterState episode={episode} now={now} />
      </span>
      {episode.promise_due_at && isOpen(episode) ? (
        <PromiseClock due={Date.parse(episode.promise_due_at)} from={promisedAt} now={now} />
      ) : null}
    </section>
  )
}

type ActsProps = {
  episode: Episode | undefined
  /** More than one matter: there is something to link to. */
  linkable: boolean
  busy: boolean
  onSheet: (name: SheetName) => void
  onDone: () => void
  onResume: () => void
  onReopen: () => void
  onCloseMatter: () => void
}

/** What can be done with the matter now; each button shows its key. */
export function MatterActs({ episode, linkable, busy, onSheet, onDone, onResume, onReopen, onCloseMatter }: ActsProps) {
  const { t } = useTranslation()
  const open = episode !== undefined && isOpen(episode)
  const phone = useMediaQuery('(max-width: 639px)', false, { getInitialValueInEffect: false })
  const aside = episode && ['parked', 'snoozed', 'on_hold'].includes(episode.state)
  return (
    <div className={styles.acts}>
      {phone ? null : aside ? (
        <Button onClick={onResume} disabled={busy}>
          {t('matter.resume')}
        </Button>
      ) : open ? (
        <Button onClick={() => onSheet('later')} disabled={busy} rightSection={<Kbd keys="H" />}>
          {t('matter.later')}
        </Button>
      ) : null}
      {phone ? null : open ? (
        <Button onClick={onDone} disabled={busy} leftSection={<Icon name="check" />} rightSection={<Kbd keys="E" />}>
          {t('matter.done')}
        </Button>
      ) : episode ? (
        <Button onClick={onReopen} disabled={busy} leftSection={<Icon name="undo" />}>
          {t('matter.reopen')}
        </Button>
      ) : null}
      <Menu position="bottom-end" width={240} returnFocus>
        <Menu.Target>
          <ActionIcon aria-label={t('matter.more')} title={t('matter.more')} size={phone ? 44 : 30}>
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {phone && aside ? <Menu.Item onClick={onResume}>{t('matter.resume')}</Menu.Item> : null}
          {phone && open ? <Menu.Item onClick={onDone}>{t('matter.done')}</Menu.Item> : null}
          {phone && episode && !open ? <Menu.Item onClick={onReopen}>{t('matter.reopen')}</Menu.Item> : null}
          {open ? (
            <>
              <Menu.Item onClick={() => onSheet('promise')} rightSection={<Kbd keys="P" />}>
                {t('sheet.promise')}
              </Menu.Item>
              <Menu.Item onClick={() => onSheet('assign')} rightSection={<Kbd keys="A" />}>
                {t('sheet.assign')}
              </Menu.Item>
              <Menu.Item onClick={() => onSheet('hold')}>{t('sheet.hold')}</Menu.Item>
              {aside || phone ? <Menu.Item onClick={() => onSheet('later')}>{t('sheet.later')}</Menu.Item> : null}
              <Menu.Item onClick={() => onSheet('split')}>{t('sheet.split')}</Menu.Item>
            </>
          ) : null}
          {episode ? (
            <Menu.Item onClick={() => onSheet('describe')} rightSection={<Kbd keys="T" />}>
              {t('sheet.describe')}
            </Menu.Item>
          ) : null}
          {episode ? (
            <Menu.Item onClick={() => onSheet('labels')} rightSection={<Kbd keys="L" />}>
              {t('sheet.labels')}
            </Menu.Item>
          ) : null}
          {episode && linkable ? <Menu.Item onClick={() => onSheet('link')}>{t('sheet.link')}</Menu.Item> : null}
          {episode && episode.state !== 'closed' ? (
            <Menu.Item onClick={onCloseMatter}>{t('matter.close')}</Menu.Item>
          ) : null}
          <Menu.Item onClick={() => onSheet('new')}>{t('sheet.new')}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  )
}
