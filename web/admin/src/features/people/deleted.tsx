/** People who were deleted and can be restored. */
import { LeftToRight } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { Person } from '../../api/shapes';
import { DeletedObjects } from '../../objects/deleted';
import { removal } from './people-list';

export function DeletedPeople() {
  const { t } = useTranslation();
  return (
    <DeletedObjects<Person>
      kind="user"
      schema={Person}
      label={t('person.deleted')}
      empty={t('person.nobodyDeleted')}
      restored={(count) => t('person.restored', { count })}
      removal={removal}
      refresh={[['people'], ['sharing']]}
      columns={[
        {
          id: 'userName',
          title: t('column.userName'),
          value: (person) => person.userPrincipalName,
          cell: (person) => <LeftToRight>{person.userPrincipalName}</LeftToRight>,
          width: 'minmax(220px, 2.4fr)',
        },
      ]}
    />
  );
}
