import { attribute, label } from '../states/samples.ts'
import { FieldList } from './FieldsPage.tsx'
import { LabelList } from './LabelsPage.tsx'
import { ListSkeleton } from './ListSkeleton.tsx'

const nothing = () => {}
const LONG = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'

export default {
  labels: () => (
    <LabelList
      labels={[
        label(1, 'Wholesale', { colour: 'plum' }),
        label(2, 'Regular', { colour: 'petrol' }),
        label(3, 'Old shop', { colour: 'amber', archived: true }),
        label(4, '优先', { colour: 'blue' }),
        label(5, LONG, { colour: 'violet' }),
        label(6, 'Trail club', { colour: 'green' }),
        label(7, 'Other'),
      ]}
      onEdit={nothing}
      onArchive={nothing}
    />
  ),
  fields: () => (
    <FieldList
      fields={[
        attribute(0, 'Customer number', { required: true, description: 'As it stands on the invoice.' }),
        attribute(1, 'Tier', { type: 'choice', options: ['Gold', 'Silver'] }),
        attribute(2, 'Old number', { archived: true }),
        attribute(3, LONG, { key: 'a_key_that_is_as_long_as_a_key_may_be_x', description: LONG.repeat(2) }),
      ]}
      busy={false}
      onEdit={nothing}
      onArchive={nothing}
      onMove={nothing}
    />
  ),
  loading: () => <ListSkeleton />,
}
