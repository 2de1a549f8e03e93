/** The people and groups that are assigned to an application, each with a role of it. */
import { Button, Dropdown, Field, makeStyles, Option } from '@fluentui/react-components';
import { asProblem, type Change } from '@isopolity/core';
import { Failure, GraphCall, Lines, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ObjectList } from '../../objects/object-list';
import { ObjectPicker } from '../../objects/picker';
import { type Assignment, assignedTo, NO_ROLE, type Principal } from './model';

const useStyles = makeStyles({ form: { display: 'grid', gap: '12px', justifyItems: 'stretch' } });

export function Assigned({ principal }: { principal: Principal }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning } = useAct();
  const client = useQueryClient();
  const [users, setUsers] = useState<string[]>([]);
  const [groups, setGroups] = useState<string[]>([]);
  const read = useQuery(assignedTo(principal.id));
  const roles = (principal.appRoles ?? []).filter(
    ({ isEnabled, allowedMemberTypes }) =>
      isEnabled !== false && allowedMemberTypes?.includes('User'),
  );
  const [role, setRole] = useState(roles[0]?.id ?? NO_ROLE);
  const roleName = (id: string) =>
    id === NO_ROLE
      ? t('app.noRole')
      : (principal.appRoles?.find((each) => each.id === id)?.displayName ?? id);
  const path = `/v1.0/servicePrincipals/${principal.id}/appRoleAssignedTo`;
  const assigning = (principalId: string, appRoleId: string): Change => ({
    method: 'POST',
    path,
    body: { principalId, resourceId: principal.id, appRoleId },
  });
  const chosen = [...users, ...groups];
  const change = chosen.map((id) => assigning(id, role));
  /** Assignments get their ids when they are made: those that weren't there before go again. */
  const takingBack = (before: Assignment[]) => async () => {
    const now = await client.fetchQuery({ ...assignedTo(principal.id), staleTime: 0 });
    return now
      .filter(({ id }) => !before.some((each) => each.id === id))
      .filter(({ principalId }) => chosen.includes(principalId))
      .map(({ id }): Change => ({ method: 'DELETE', path: `${path}/${id}` }));
  };
  return (
    <div className={styles.form}>
      <ObjectPicker kind="users" label={t('share.people')} value={users} onChange={setUsers} />
      <ObjectPicker kind="groups" label={t('share.groups')} value={groups} onChange={setGroups} />
      {roles.length > 0 && chosen.length > 0 && (
        <Field label={t('column.role')}>
          <Dropdown
            clearButton={null}
            value={roleName(role)}
            selectedOptions={[role]}
            onOptionSelect={(_, { optionValue }) => optionValue && setRole(optionValue)}
          >
            {roles.map((each) => (
              <Option key={each.id} value={each.id}>
                {each.displayName ?? each.id}
              </Option>
            ))}
          </Dropdown>
        </Field>
      )}
      {chosen.length > 0 && (
        <div>
          <Button
            appearance="primary"
            disabled={isRunning}
            onClick={() =>
              void run({
                change,
                undo: takingBack(read.data ?? []),
                done: t('app.assignedDone', { name: principal.displayName ?? '' }),
                refresh: [['principals'], ['explain']],
                after: () => {
                  setUsers([]);
                  setGroups([]);
                },
              })
            }
          >
            {t('app.assign', { name: principal.displayName ?? '' })}
          </Button>
          <GraphCall change={change} />
        </div>
      )}
      {read.error && <Failure problem={asProblem(read.error)} />}
      {!read.data && !read.error && <Lines count={2} height={24} />}
      <ObjectList
        label={t('app.assigned')}
        isRunning={isRunning}
        items={(read.data ?? []).map((each: Assignment) => ({
          id: each.id,
          name: each.principalDisplayName ?? each.principalId,
          more: roleName(each.appRoleId),
        }))}
        onRemove={({ id, name }) => {
          const taken = read.data?.find((each) => each.id === id);
          void run({
            change: { method: 'DELETE', path: `${path}/${id}` },
            ...(taken ? { undo: assigning(taken.principalId, taken.appRoleId) } : {}),
            done: t('group.removed', { name }),
            optimistic: [
              {
                key: ['principals', principal.id, 'assignedTo'],
                update: (before: Assignment[]) => before.filter((each) => each.id !== id),
              },
            ],
            refresh: [['principals'], ['explain']],
          });
        }}
      />
    </div>
  );
}
