/** The applications that this tenant knows: its own and others', each by its service principal. */
import { PlayRegular, ProhibitedRegular } from '@fluentui/react-icons';
import type { Change } from '@isopolity/core';
import { DataTable, Empty, ShortId, Status, useAct, useAddress, useTableView } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { allOf, anyOf, type ServerOrder, useRemoteList } from '../../api/remote';
import { useTenants } from '../../tenants';
import { Principal } from './model';
import { PrincipalPanel } from './principal-panel';

/** What Graph sorts by, by column. */
const ORDER: ServerOrder = { by: { name: 'displayName' }, usual: 'displayName' };

export function Enterprise() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const view = useTableView();
  const { name, own } = useTenants();
  const { run } = useAct();
  const word = view.q.replaceAll(/["\\]/g, ' ').trim();
  const list = useRemoteList(
    'principals',
    Principal,
    '/v1.0/servicePrincipals',
    {
      $count: 'true',
      $filter: allOf(
        anyOf(
          { enabled: 'accountEnabled eq true', disabled: 'accountEnabled eq false' },
          view.filters.state,
        ),
        anyOf(
          {
            everybody: 'appRoleAssignmentRequired eq false',
            assigned: 'appRoleAssignmentRequired eq true',
          },
          view.filters.who,
        ),
      ),
      $search: word ? `"displayName:${word}"` : undefined,
    },
    view,
    ORDER,
  );
  const from = ({ appOwnerOrganizationId: owner }: Principal) =>
    !owner ? t('app.builtIn') : owner === own ? t('origin.own') : name(owner);
  const turn = (accountEnabled: boolean) => (chosen: Principal[]) => {
    const others = chosen.filter((each) => (each.accountEnabled !== false) !== accountEnabled);
    if (!others.length) return;
    const to = (accountEnabled: boolean): Change[] =>
      others.map(({ id }) => ({
        method: 'PATCH',
        path: `/v1.0/servicePrincipals/${id}`,
        body: { accountEnabled },
      }));
    void run({
      change: to(accountEnabled),
      undo: to(!accountEnabled),
      done: t(accountEnabled ? 'app.allowedCount' : 'app.blockedCount', { count: others.length }),
      refresh: [['principals'], ['explain']],
    });
  };
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
        bulk={[
          { id: 'allow', label: t('app.allowDo'), icon: <PlayRegular />, run: turn(true) },
          { id: 'block', label: t('app.blockDo'), icon: <ProhibitedRegular />, run: turn(false) },
        ]}
        defaultSort={{ column: 'name', descending: false }}
        columns={[
          {
            id: 'name',
            title: t('column.name'),
            value: (principal) => principal.displayName,
            width: 'minmax(200px, 2fr)',
          },
          {
            id: 'state',
            title: t('column.state'),
            value: ({ accountEnabled }) => (accountEnabled === false ? 'disabled' : 'enabled'),
            options: [
              { value: 'enabled', label: t('person.enabled') },
              { value: 'disabled', label: t('person.disabled') },
            ],
            cell: ({ accountEnabled }) => (
              <Status tone={accountEnabled === false ? 'bad' : 'good'}>
                {accountEnabled === false ? t('person.disabled') : t('person.enabled')}
              </Status>
            ),
          },
          {
            id: 'who',
            title: t('app.whoMay'),
            value: ({ appRoleAssignmentRequired }) =>
              appRoleAssignmentRequired ? 'assigned' : 'everybody',
            options: [
              { value: 'everybody', label: t('app.everybody') },
              { value: 'assigned', label: t('app.onlyAssigned') },
            ],
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
