import type { Merge, Unmerge } from '@onethread/client'
import { at, customer } from '../states/samples.ts'
import { MergeList, WhatGoes } from './MergesSection.tsx'

const other = customer(2)
const merge: Merge = {
  id: 'mrg_1',
  survivor_id: 'cus_1',
  survivor_thread_id: 'thr_1',
  alias_id: other.id,
  alias_thread_id: other.thread_id,
  alias_name: other.name,
  at: at(0),
  by: 'Ada',
  reason: 'The same person writes from a second account',
  identities: other.identities,
}
const unmerge = (more: Partial<Unmerge> = {}): Unmerge => ({
  merge,
  returns: other.identities,
  stays: [],
  ...more,
})

export default {
  'merged from another': () => <MergeList merges={[merge]} maySend onMerge={() => {}} />,
  'merged, read only': () => (
    <MergeList merges={[{ ...merge, by: null, reason: '' }]} maySend={false} onMerge={() => {}} />
  ),
  'never merged': () => <MergeList merges={[]} maySend onMerge={() => {}} />,
  'all goes back': () => <WhatGoes unmerge={unmerge()} name={other.name} />,
  'something stays': () => (
    <WhatGoes
      name={other.name}
      unmerge={unmerge({
        stays: [
          { kind: 'note', id: 'not_1', at: at(5) },
          { kind: 'identity', id: 'idn_9', at: at(3) },
        ],
      })}
    />
  ),
}
