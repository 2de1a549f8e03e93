/** One role: what it allows, who has it, assigning and taking it back. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { asProblem } from '@isopolity/core';
import { Disclosure, Failure, Lines, SidePanel, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { AddPeople } from '../../objects/add-objects';
import { ObjectList } from '../../objects/object-list';
import { session } from '../../session';
import { type Assignment, assigning, assignments, type Role, unassigning } from './model';

const useStyles = makeStyles({
  text: { margin: '0 0 16px' },
  title: { margin: '24px 0 8px', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
  allows: { marginBlockStart: '24px' },
  actions: {
    margin: '8px 0 0',
    paddingInlineStart: '16px',
    fontSize: tokens.fontSizeBase200,
    overflowWrap: 'anywhere',
  },
});

export function RolePanel({ role, onClose }: { role: Role; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning } = useAct();
  const read = useQuery(assignments);
  const holders = read.data?.filter(({ roleDefinitionId }) => roleDefinitionId === role.id) ?? [];
  const refresh = [['roles'], ['people']];
  const allowed = role.rolePermissions?.flatMap((each) => each.allowedResourceActions ?? []) ?? [];
  const nameOf = ({ principal, principalId }: Assignment) =>
    principal?.displayName ?? `${principalId.slice(0, 8)}…`;
  return (
    <SidePanel
      title={role.displayName}
      subtitle={role.isPrivileged && t('roles.privileged')}
      onClose={onClose}
    >
      {role.description && <p className={styles.text}>{role.description}</p>}
      <AddPeople
        label={t('roles.assign')}
        action={() => t('roles.doAssign', { role: role.displayName })}
        adding={(people) => people.map((id) => assigning(role.id, id))}
        removing={(id) => unassigning(role.id, id)}
        done={() => t('roles.assigned', { role: role.displayName })}
        refresh={refresh}
      />
      <h3 className={styles.title}>{t('roles.who')}</h3>
      {read.error && <Failure problem={asProblem(read.error)} />}
      {!read.data && !read.error && <Lines count={2} height={24} />}
      {read.data && !holders.length && <p className={styles.text}>{t('roles.nobody')}</p>}
      <ObjectList
        label={t('roles.who')}
        isRunning={isRunning}
        items={holders.map((each) => ({
          id: each.id,
          name: nameOf(each),
          more: (
            <>
              {each.principalId === session.identity.userId ? (
                t('roles.you')
              ) : (
                <span dir="ltr">{each.principal?.userPrincipalName}</span>
              )}
              {each.directoryScope && (
                <div>
                  {t('roles.only', {
                    scope: each.directoryScope.displayName ?? each.directoryScope.id,
                  })}
                </div>
              )}
            </>
          ),
        }))}
        onRemove={({ id, name }) => {
          const given = holders.find((each) => each.id === id);
          if (!given) return;
          const { principalId, directoryScopeId } = given;
          void run({
            change: unassigning(role.id, principalId, directoryScopeId),
            undo: assigning(role.id, principalId, directoryScopeId),
            done: t('roles.unassigned', { name, role: role.displayName }),
            optimistic: [
              {
                key: ['roles', 'assignments'],
                update: (before: Assignment[]) => before.filter((each) => each.id !== id),
              },
            ],
            refresh,
          });
        }}
      />
      {allowed.length > 0 && (
        <Disclosure className={styles.allows} label={t('roles.allows', { number: allowed.length })}>
          <ul className={styles.actions} dir="ltr">
            {allowed.map((action) => (
              <li key={action}>{action}</li>
            ))}
          </ul>
        </Disclosure>
      )}
    </SidePanel>
  );
}
