/** The groups that there are, as a table with the panel of the open one. */
import { Button } from '@fluentui/react-components';
import { DeleteRegular } from '@fluentui/react-icons';
import { DataTable, Empty, Time, useAct, useAddress, useTableView } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { anyOf, type ServerOrder, useRemoteList } from '../../api/remote';
import { Group } from '../../api/shapes';
import { restoring } from '../../objects/deleted';
import { useTenants } from '../../tenants';
import { GroupPanel } from './group-panel';
import { KINDS, kindOf, removal } from './model';

const SELECT =
  'id,displayName,description,mail,mailNickname,securityEnabled,groupTypes,membershipRule,createdDateTime,organizationId';

/** What Graph sorts by, by column. */
const ORDER: ServerOrder = { by: { displayName: 'displayName' }, usual: 'displayName' };

/** Which groups are of a kind, as `kindOf` tells it. */
const has = (type: string) => `groupTypes/any(type:type eq '${type}')`;
const KIND_FILTERS: Record<(typeof KINDS)[number], string> = {
  dynamic: has('DynamicMembership'),
  microsoft365: `(${has('Unified')} and not ${has('DynamicMembership')})`,
  security: `(not ${has('Unified')} and not ${has('DynamicMembership')})`,
};

export function GroupList() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const view = useTableView();
  const { name, own } = useTenants();
  const { run } = useAct();
  const word = view.q.replaceAll(/["\\]/g, ' ').trim();
  const list = useRemoteList(
    'groups',
    Group,
    '/beta/groups',
    {
      $select: SELECT,
      $count: 'true',
      $filter: anyOf(KIND_FILTERS, view.filters.kind),
      $search: word ? `"displayName:${word}" OR "description:${word}"` : undefined,
    },
    view,
    ORDER,
  );
  return (
    <>
      <DataTable<Group>
        fill
        label={t('nav.groups')}
        view={view}
        {...list}
        rowId={(group) => group.id}
        openId={address.open}
        onOpen={({ id }) => change({ open: id, panel: undefined }, true)}
        summary={(group) => group.description ?? t(`groupKind.${kindOf(group)}`)}
        empty={
          <Empty
            text={t('group.teach')}
            action={
              <Button onClick={() => change({ panel: 'create' }, true)}>{t('group.create')}</Button>
            }
            example={t('group.example')}
          />
        }
        defaultSort={{ column: 'displayName', descending: false }}
        bulk={[
          {
            id: 'delete',
            label: t('person.delete'),
            icon: <DeleteRegular />,
            run: (groups) =>
              void run({
                change: groups.map(({ id }) => removal(id)),
                undo: groups.map(({ id }) => restoring(id)),
                done: t('group.deletedDone', { count: groups.length }),
                refresh: [['groups'], ['sharing'], ['deleted']],
              }),
          },
        ]}
        columns={[
          {
            id: 'displayName',
            title: t('column.name'),
            value: (group) => group.displayName,
            width: 'minmax(200px, 2fr)',
          },
          {
            id: 'kind',
            title: t('column.kind'),
            value: kindOf,
            cell: (group) => t(`groupKind.${kindOf(group)}`),
            options: KINDS.map((value) => ({ value, label: t(`groupKind.${value}`) })),
          },
          {
            id: 'description',
            title: t('column.description'),
            value: (group) => group.description,
            width: 'minmax(200px, 3fr)',
          },
          {
            id: 'from',
            title: t('column.from'),
            value: ({ organizationId }) =>
              organizationId && organizationId !== own ? name(organizationId) : t('origin.own'),
          },
          {
            id: 'created',
            title: t('column.created'),
            value: (group) => group.createdDateTime,
            cell: (group) => <Time at={group.createdDateTime} />,
          },
        ]}
      />
      {address.open && (
        <GroupPanel
          key={address.open}
          id={address.open}
          onClose={() => change({ open: undefined, edit: undefined }, true)}
        />
      )}
    </>
  );
}
