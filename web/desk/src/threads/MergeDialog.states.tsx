import { type MergePreview, type MergeSide, ProblemError } from '@onethread/client'
import type { ComponentProps } from 'react'
import { at, customer } from '../states/samples.ts'
import { MergeQuestion } from './MergeDialog.tsx'

const side = (place: number, name: string, more: Partial<MergeSide> = {}): MergeSide => ({
  customer: customer(place, { name }),
  thread_began_at: at(-9000 + place),
  last_activity_at: at(place),
  entries: { count: 12 * place, more: false },
  open_episodes: { count: 1, more: false },
  ...more,
})
const preview = (more: Partial<MergePreview> = {}): MergePreview => ({
  survivor: side(1, 'Maya Lindqvist'),
  alias: side(2, 'Maya L.', { entries: { count: 1000, more: true } }),
  name: 'Maya Lindqvist',
  warnings: [],
  ...more,
})
const conflict = new ProblemError({
  type: 'about:blank',
  title: 'Conflict',
  status: 409,
  code: 'conflict',
  detail: 'they are the same customer already',
  request_id: '7f3k-20m1',
})
const LONG = 'Wolfeschlegelsteinhausenbergerdorff-Oyelaran'

const question = (more: Partial<ComponentProps<typeof MergeQuestion>> = {}) => (
  <MergeQuestion
    preview={preview()}
    error={null}
    busy={false}
    mayForce={false}
    onMerge={() => {}}
    onBack={() => {}}
    onClose={() => {}}
    {...more}
  />
)

export default {
  ready: () => question(),
  warned: () => question({ preview: preview({ warnings: ['names_differ', 'both_have_open_episodes'] }) }),
  'known to be different, may not': () => question({ preview: preview({ warnings: ['verified_apart'] }) }),
  'known to be different, may': () => question({ preview: preview({ warnings: ['verified_apart'] }), mayForce: true }),
  loading: () => question({ preview: undefined }),
  busy: () => question({ busy: true }),
  'cannot be looked at': () => question({ preview: undefined, error: conflict }),
  refused: () => question({ error: conflict }),
  'very long, no name': () =>
    question({ preview: preview({ survivor: side(1, LONG.repeat(3)), alias: side(2, ''), name: LONG.repeat(3) }) }),
}
