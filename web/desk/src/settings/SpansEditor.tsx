import { ActionIcon, Button, Input } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Icon } from '../parts/Glyphs.tsx'
import styles from './Hours.module.css'
import { type EditedSpan, nextSpan } from './hours.ts'

/** The hours of one day: any number of spans, or closed. */
export function SpansEditor({
  day,
  spans,
  place,
  faults,
  onChange,
}: {
  /** The day's name, for the names of the fields. */
  day: string
  spans: EditedSpan[]
  /** Where the server sees them (`weekly.monday`). */
  place: string
  faults: ReadonlyMap<string, string>
  onChange: (spans: EditedSpan[]) => void
}) {
  const { t } = useTranslation()
  const change = (number: number, part: Partial<EditedSpan>) =>
    onChange(spans.map((span, other) => (other === number ? { ...span, ...part } : span)))
  return (
    <div className={styles.spans}>
      {spans.length === 0 ? <span className={styles.closed}>{t('hours.closed')}</span> : null}
      {spans.map((span, number) => {
        const at = `${place}[${number}]`
        const wrong = faults.get(`${at}.from`) ?? faults.get(`${at}.to`)
        const id = `fault-${span.key}`
        const field = (part: 'from' | 'to') => ({
          type: 'time',
          size: 'xs' as const,
          className: styles.time ?? '',
          styles: { input: { '--input-bd': 'var(--line-control)' } },
          value: span[part],
          'aria-label': t(part === 'from' ? 'hours.from' : 'hours.to', { day, number: number + 1 }),
          error: faults.has(`${at}.${part}`),
          // One line says what is wrong with both ends, so the fields name it themselves.
          withAria: false,
          'aria-invalid': faults.has(`${at}.${part}`),
          'aria-describedby': wrong ? id : undefined,
          onChange: (event: { currentTarget: { value: string } }) =>
            change(number, { [part]: event.currentTarget.value }),
        })
        return (
          <div key={span.key} className={styles.span}>
            <Input {...field('from')} />
            <span aria-hidden="true">{'–'}</span>
            <Input {...field('to')} />
            <ActionIcon
              className={styles.remove ?? ''}
              aria-label={t('hours.remove_span', { day, number: number + 1 })}
              onClick={() => onChange(spans.filter((_, other) => other !== number))}
            >
              <Icon name="x" />
            </ActionIcon>
            {wrong ? (
              <span className={styles.fault} id={id}>
                {wrong}
              </span>
            ) : null}
          </div>
        )
      })}
      <Button
        variant="subtle"
        color="gray"
        className={styles.addSpan ?? ''}
        leftSection={<Icon name="plus" size="s" />}
        aria-label={t('hours.add_span', { day })}
        onClick={() => onChange([...spans, nextSpan(spans)])}
      >
        {t('hours.add_span_short')}
      </Button>
      {faults.has(place) ? <span className={styles.fault}>{faults.get(place)}</span> : null}
    </div>
  )
}
