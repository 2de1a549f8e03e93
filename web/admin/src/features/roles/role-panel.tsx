/** One role: what it allows, who has it, assigning and taking it back; the tenant's own are changed here. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { EditRegular } from '@fluentui/react-icons';
import { asProblem, type Change } from '@isopolity/core';
import { Ask, Disclosure, Failure, Lines, SidePanel, useAct, useAddress } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { AddPeople } from '../../objects/add-objects';
import { ObjectList } from '../../objects/object-list';
import { session } from '../../session';
import {
  type Assignment,
  allowedBy,
  assigning,
  assignments,
  definition,
  type Role,
  unassigning,
} from './model';
import { RoleForm } from './role-form';

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
  const [address, change] = useAddress();
  const { run, isRunning } = useAct();
  // What is asked about says there why it was refused; everything else as a toast.
  const deleting = useAct({ inPlace: true });
  const [isAsked, setAsked] = useState(false);
  const [givenAway, setGivenAway] = useState<Assignment>();
  const read = useQuery(assignments);
  const holders = read.data?.filter(({ roleDefinitionId }) => roleDefinitionId === role.id) ?? [];
  const refresh = [['roles'], ['people']];
  const allowed = allowedBy(role);
  const removal: Change = { method: 'DELETE', path: definition(role.id) };
  const nameOf = ({ principal, principalId }: Assignment) =>
    principal?.displayName ?? `${principalId.slice(0, 8)}…`;
  if (address.edit && !role.isBuiltIn) {
    return <RoleForm role={role} onClose={() => change({ edit: undefined }, true)} />;
  }
  const takeAway = (given: Assignment) => {
    const { id, principalId, directoryScopeId } = given;
    void run({
      change: unassigning(role.id, principalId, directoryScopeId),
      undo: assigning(role.id, principalId, directoryScopeId),
      done: t('roles.unassigned', { name: nameOf(given), role: role.displayName }),
      optimistic: [
        {
          key: ['roles', 'assignments'],
          update: (before: Assignment[]) => before.filter((each) => each.id !== id),
        },
      ],
      refresh,
      after: () => setGivenAway(undefined),
    });
  };
  return (
    <SidePanel
      title={role.displayName}
      subtitle={role.isBuiltIn ? role.isPrivileged && t('roles.privileged') : t('roles.own')}
      onClose={onClose}
      foot={
        !role.isBuiltIn && (
          <>
            <Button
              appearance="primary"
              icon={<EditRegular />}
              onClick={() => change({ edit: '1' }, true)}
            >
              {t('ui.edit')}
            </Button>
            <Button disabled={isRunning || deleting.isRunning} onClick={() => setAsked(true)}>
              {t('person.delete')}
            </Button>
          </>
        )
      }
    >
      {isAsked && (
        <Ask
          text={t('roles.deleteAsk', { name: role.displayName })}
          action={t('roles.doDelete')}
          change={removal}
          isRunning={deleting.isRunning}
          problem={deleting.problem}
          onCancel={() => setAsked(false)}
          onDo={() =>
            void deleting.run({
              change: removal,
              done: t('roles.deleted', { name: role.displayName }),
              refresh,
              after: onClose,
            })
          }
        />
      )}
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
      {givenAway && (
        <Ask
          text={t('roles.giveAwayAsk', { role: role.displayName })}
          action={t('roles.giveAway')}
          change={unassigning(role.id, givenAway.principalId, givenAway.directoryScopeId)}
          isRunning={isRunning}
          onCancel={() => setGivenAway(undefined)}
          onDo={() => takeAway(givenAway)}
        />
      )}
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
        onRemove={({ id }) => {
          const given = holders.find((each) => each.id === id);
          // Whoever gives a role of their own away may not be able to take it back.
          if (given?.principalId === session.identity.userId) setGivenAway(given);
          else if (given) takeAway(given);
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
