/** One group: its members, adding and taking out, its name. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons';
import { asProblem, type Change } from '@isopolity/core';
import { Failure, GraphCall, Lines, ShortId, SidePanel, useAct } from '@isopolity/ui';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { DirectoryObject, Group } from '../../api/shapes';
import { ObjectPicker } from '../../objects/picker';
import { graph } from '../../session';
import { useTenants } from '../../tenants';
import { restoring } from '../people/people-list';
import { kindOf } from './groups';

const SHOWN_MAX = 100;

const useStyles = makeStyles({
  text: { margin: '0 0 12px' },
  title: { margin: '24px 0 8px', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
  list: { listStyleType: 'none', margin: '12px 0 0', padding: 0 },
  item: {
    display: 'flex',
    alignItems: 'center',
    gap: '8px',
    minHeight: '36px',
    borderTop: `1px solid ${tokens.colorNeutralStroke3}`,
  },
  name: {
    flexGrow: 1,
    minWidth: 0,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
  },
  more: { color: tokens.colorNeutralForeground3 },
  add: { display: 'flex', gap: '8px', alignItems: 'flex-end', marginBlockStart: '8px' },
});

export function GroupPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { own, name } = useTenants();
  const { run, isRunning } = useAct();
  const [chosen, setChosen] = useState<string[]>([]);
  const group = useQuery({
    queryKey: ['groups', id],
    queryFn: ({ signal }) =>
      graph.get(
        Group,
        `/beta/groups/${id}?$select=id,displayName,description,groupTypes,membershipRule,organizationId`,
        { signal },
      ),
  });
  const members = useQuery({
    queryKey: ['groups', id, 'members'],
    queryFn: ({ signal }) =>
      graph.page(
        DirectoryObject,
        `/v1.0/groups/${id}/members?$select=id,displayName,userPrincipalName&$top=${SHOWN_MAX}&$count=true`,
        { signal, eventual: true },
      ),
  });
  const title = group.data?.displayName ?? t('nav.groups');
  const isOurs = !group.data?.organizationId || group.data.organizationId === own;
  const canEdit = group.data && isOurs && kindOf(group.data) !== 'dynamic';
  const adding: Change[] = chosen.map((member) => ({
    method: 'POST',
    path: `/v1.0/groups/${id}/members/$ref`,
    body: { '@odata.id': `${location.origin}/v1.0/directoryObjects/${member}` },
  }));
  const removing = (member: string): Change => ({
    method: 'DELETE',
    path: `/v1.0/groups/${id}/members/${member}/$ref`,
  });
  const removal: Change = { method: 'DELETE', path: `/v1.0/groups/${id}` };
  const refresh = [['groups'], ['sharing']];
  const count = members.data?.count ?? members.data?.items.length ?? 0;
  return (
    <SidePanel
      title={title}
      subtitle={group.data && t(`groupKind.${kindOf(group.data)}`)}
      onClose={onClose}
      foot={
        isOurs && (
          <Button
            disabled={isRunning}
            onClick={() =>
              void run({
                change: removal,
                undo: restoring(id),
                done: t('group.deletedDone', { count: 1 }),
                refresh,
              }).then((isDone) => isDone && onClose())
            }
          >
            {t('person.delete')}
          </Button>
        )
      }
    >
      {group.error && <Failure problem={asProblem(group.error)} />}
      {group.data?.description && <p className={styles.text}>{group.data.description}</p>}
      {!isOurs && (
        <p className={styles.text}>
          {t('group.homeDecides', { tenant: name(group.data?.organizationId ?? '') })}
        </p>
      )}
      {group.data?.membershipRule && (
        <p className={styles.text}>
          {t('group.rule')} <code dir="ltr">{group.data.membershipRule}</code>
        </p>
      )}
      <ShortId id={id} />
      <h3 className={styles.title}>{t('group.count', { count })}</h3>
      {canEdit && (
        <>
          <ObjectPicker kind="users" label={t('group.add')} value={chosen} onChange={setChosen} />
          {chosen.length > 0 && (
            <div className={styles.add}>
              <Button
                appearance="primary"
                disabled={isRunning}
                onClick={() =>
                  void run({
                    change: adding,
                    undo: chosen.map(removing),
                    done: t('group.added', { count: chosen.length }),
                    refresh,
                  }).then((isDone) => isDone && setChosen([]))
                }
              >
                {t('group.doAdd', { count: chosen.length })}
              </Button>
            </div>
          )}
          {chosen.length > 0 && <GraphCall change={adding} />}
        </>
      )}
      {members.error && <Failure problem={asProblem(members.error)} />}
      {!members.data && !members.error && <Lines count={4} height={24} />}
      <ul className={styles.list}>
        {members.data?.items.map((member) => (
          <li key={member.id} className={styles.item}>
            <span className={styles.name}>
              {member.displayName}{' '}
              <span className={styles.more} dir="ltr">
                {member.userPrincipalName}
              </span>
            </span>
            {canEdit && (
              <Button
                size="small"
                appearance="subtle"
                icon={<DismissRegular />}
                aria-label={t('group.remove', { name: member.displayName ?? member.id })}
                disabled={isRunning}
                onClick={() =>
                  void run({
                    change: removing(member.id),
                    undo: {
                      method: 'POST',
                      path: `/v1.0/groups/${id}/members/$ref`,
                      body: {
                        '@odata.id': `${location.origin}/v1.0/directoryObjects/${member.id}`,
                      },
                    },
                    done: t('group.removed', { name: member.displayName ?? '' }),
                    refresh,
                  })
                }
              />
            )}
          </li>
        ))}
      </ul>
      {members.data?.next && (
        <p>{t('ui.more', { count: Math.max(0, count - members.data.items.length) })}</p>
      )}
    </SidePanel>
  );
}
