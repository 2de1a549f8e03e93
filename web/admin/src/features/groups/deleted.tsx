/** Groups that were deleted and can be restored, with their members. */
import { useTranslation } from '@isopolity/ui/translation';
import { Group } from '../../api/shapes';
import { DeletedObjects } from '../../objects/deleted';
import { kindOf, removal } from './model';

export function DeletedGroups() {
  const { t } = useTranslation();
  return (
    <DeletedObjects<Group>
      kind="group"
      schema={Group}
      label={t('group.deleted')}
      empty={t('group.nothingDeleted')}
      restored={() => t('app.restored')}
      removal={removal}
      refresh={[['groups'], ['sharing']]}
      columns={[
        {
          id: 'kind',
          title: t('column.kind'),
          value: kindOf,
          cell: (group) => t(`groupKind.${kindOf(group)}`),
        },
      ]}
    />
  );
}
