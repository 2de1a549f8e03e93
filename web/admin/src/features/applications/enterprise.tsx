/** The applications that this tenant knows: its own and others', each by its service principal. */
import { DataTable, Empty, ShortId, Status, useAddress, useTableView } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useRemoteList } from '../../api/remote';
import { useTenants } from '../../tenants';
import { Principal } from './model';
import { PrincipalPanel } from './principal-panel';

export function Enterprise() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const view = useTableView();
  const { name, own } = useTenants();
  const word = view.q.replaceAll(/["\\]/g, ' ').trim();
  const list = useRemoteList('principals', Principal, '/v1.0/servicePrincipals', {
    $top: 100,
    $count: 'true',
    $search: word ? `"displayName:${word}"` : undefined,
    $orderby: view.sort?.descending ? 'displayName desc' : 'displayName',
  });
  const from = ({ appOwnerOrganizationId: owner }: Principal) =>
    !owner ? '' : owner === own ? t('origin.own') : name(owner);
  return (
    <>
      <DataTable<Principal>
        fill
        label={t('app.enterprise')}
        view={view}
        {...list}
        rowId={(principal) => principal.id}
        openId={address.open}
        onOpen={({ id }) => change({ open: id, panel: undefined }, true)}
        summary={(principal) =>
          principal.appRoleAssignmentRequired ? t('app.onlyAssigned') : t('app.everybody')
        }
        empty={<Empty text={t('app.teach')} />}
        defaultSort={{ column: 'name', descending: false }}
        columns={[
          {
            id: 'name',
            title: t('column.name'),
            value: (principal) => principal.displayName,
            sortable: true,
            width: 'minmax(200px, 2fr)',
          },
          {
            id: 'state',
            title: t('column.state'),
            value: ({ accountEnabled }) => String(accountEnabled),
            cell: ({ accountEnabled }) => (
              <Status tone={accountEnabled === false ? 'bad' : 'good'}>
                {accountEnabled === false ? t('person.disabled') : t('person.enabled')}
              </Status>
            ),
          },
          {
            id: 'who',
            title: t('app.whoMay'),
            value: ({ appRoleAssignmentRequired }) => String(appRoleAssignmentRequired),
            cell: ({ appRoleAssignmentRequired }) =>
              appRoleAssignmentRequired ? t('app.onlyAssigned') : t('app.everybody'),
          },
          { id: 'from', title: t('app.from'), value: from },
          {
            id: 'appId',
            title: t('app.clientId'),
            value: ({ appId }) => appId,
            cell: ({ appId }) => <ShortId id={appId} />,
          },
        ]}
      />
      {address.open && (
        <PrincipalPanel
          key={address.open}
          id={address.open}
          onClose={() => change({ open: undefined }, true)}
        />
      )}
    </>
  );
}
