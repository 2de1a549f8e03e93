/** Applications that were deleted and can be restored, with all that belongs to them. */
import { ShortId } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { DeletedObjects } from '../../objects/deleted';
import { Application } from './model';

export function DeletedApplications() {
  const { t } = useTranslation();
  return (
    <DeletedObjects<Application>
      kind="application"
      schema={Application}
      label={t('app.deleted')}
      empty={t('app.nothingDeleted')}
      restored={() => t('app.restored')}
      removal={(id) => ({ method: 'DELETE', path: `/v1.0/applications/${id}` })}
      refresh={[['applications'], ['principals']]}
      columns={[
        {
          id: 'appId',
          title: t('app.clientId'),
          value: (app) => app.appId,
          cell: (app) => <ShortId id={app.appId} />,
        },
      ]}
    />
  );
}
