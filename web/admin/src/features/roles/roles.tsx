/** Directory roles: what each is for, and who has it. */
import { Button } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons';
import { asProblem, compareNames } from '@isopolity/core';
import { DataTable, Empty, PageHead, useAddress, useTableView } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useNamesLine } from '../../objects/names';
import { useWords } from '../../words';
import { assignments, type Role, roles } from './model';
import { RoleForm } from './role-form';
import { RolePanel } from './role-panel';

const kindOf = ({ isBuiltIn, isPrivileged }: Role) =>
  !isBuiltIn ? 'own' : isPrivileged ? 'privileged' : 'usual';

export function Roles() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const view = useTableView();
  const line = useNamesLine();
  const words = useWords();
  const defined = useQuery(roles);
  const assigned = useQuery(assignments);
  const holders = useMemo(() => {
    const byRole = new Map<string, { id: string; displayName?: string | null | undefined }[]>();
    for (const { roleDefinitionId, principal, principalId } of assigned.data ?? []) {
      const holder = principal ?? { id: principalId };
      byRole.set(roleDefinitionId, [...(byRole.get(roleDefinitionId) ?? []), holder]);
    }
    return byRole;
  }, [assigned.data]);
  const named = words.isReady
    ? defined.data
        ?.map(words.role)
        .sort((left, right) => compareNames(left.displayName, right.displayName))
    : undefined;
  const countOf = (role: Role) => holders.get(role.id)?.length ?? 0;
  const holdersOf = (role: Role) => line(holders.get(role.id) ?? [], countOf(role));
  const opened = named?.find(({ id }) => id === address.open);
  const problem = defined.error ?? assigned.error;
  const used = defined.data?.filter((role) => countOf(role)).length ?? 0;
  return (
    <>
      <PageHead
        title={t('nav.roles')}
        sentence={
          assigned.data && defined.data
            ? t('roles.sentence', { count: used, people: assigned.data.length })
            : t('ui.loading')
        }
        actions={
          <Button
            appearance="primary"
            icon={<AddRegular />}
            onClick={() => change({ panel: 'create', open: undefined, edit: undefined }, true)}
          >
            {t('roles.create')}
          </Button>
        }
      />
      <DataTable<Role>
        fill
        label={t('nav.roles')}
        view={view}
        rows={assigned.data && named}
        problem={problem && asProblem(problem)}
        onRetry={() => {
          void defined.refetch();
          void assigned.refetch();
        }}
        rowId={(role) => role.id}
        openId={address.open}
        onOpen={({ id }) => change({ open: id, panel: undefined, edit: undefined }, true)}
        summary={(role) => (countOf(role) ? holdersOf(role) : role.description)}
        empty={<Empty text={t('roles.nobody')} />}
        defaultSort={{ column: 'count', descending: true }}
        columns={[
          {
            id: 'name',
            title: t('column.role'),
            value: ({ displayName }) => displayName,
            width: 'minmax(280px, 2fr)',
          },
          {
            id: 'count',
            title: t('roles.count'),
            value: countOf,
            align: 'end',
            width: 'minmax(96px, 0.5fr)',
          },
          {
            id: 'who',
            title: t('roles.who'),
            value: holdersOf,
            cell: holdersOf,
            width: 'minmax(160px, 1fr)',
          },
          {
            id: 'kind',
            title: t('column.kind'),
            value: kindOf,
            cell: (role) => (kindOf(role) === 'usual' ? null : t(`roles.${kindOf(role)}`)),
            options: (['privileged', 'usual', 'own'] as const).map((value) => ({
              value,
              label: t(`roles.${value}`),
            })),
          },
          {
            id: 'description',
            title: t('column.description'),
            value: ({ description }) => description,
            width: 'minmax(240px, 2.2fr)',
          },
        ]}
      />
      {opened && (
        <RolePanel
          key={opened.id}
          role={opened}
          onClose={() => change({ open: undefined, edit: undefined }, true)}
        />
      )}
      {address.panel === 'create' && (
        <RoleForm
          onClose={() => change({ panel: undefined }, true)}
          onDone={(id) => change({ panel: undefined, open: id }, true)}
        />
      )}
    </>
  );
}
