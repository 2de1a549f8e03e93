/** One group: its members, adding and taking out, its name and what decides who is in it. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { EditRegular } from '@fluentui/react-icons';
import { asProblem, type Change } from '@isopolity/core';
import { Failure, Lines, ShortId, SidePanel, useAct, useAddress } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { DirectoryObject, Group } from '../../api/shapes';
import { AddPeople } from '../../objects/add-objects';
import { restoring } from '../../objects/deleted';
import { ObjectList } from '../../objects/object-list';
import { graph } from '../../session';
import { useTenants } from '../../tenants';
import { GroupForm } from './group-form';
import { isPaused, kindOf, removal } from './model';

const SHOWN_MAX = 100;

const useStyles = makeStyles({
  text: { margin: '0 0 12px' },
  title: { margin: '24px 0 8px', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
});

export function GroupPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const [address, change] = useAddress();
  const { own, name } = useTenants();
  const { run, isRunning } = useAct();
  const group = useQuery({
    queryKey: ['groups', id],
    queryFn: ({ signal }) =>
      graph.get(
        Group,
        `/beta/groups/${id}?$select=id,displayName,description,groupTypes,membershipRule,membershipRuleProcessingState,organizationId`,
        { signal },
      ),
  });
  const isByRule = !!group.data && kindOf(group.data) === 'dynamic';
  const members = useQuery({
    // A rule brings members by itself.
    refetchInterval: isByRule ? 3_000 : false,
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
  const canEdit = group.data && isOurs && !isByRule;
  const adding = (member: string): Change => ({
    method: 'POST',
    path: `/v1.0/groups/${id}/members/$ref`,
    body: { '@odata.id': `${location.origin}/v1.0/directoryObjects/${member}` },
  });
  const removing = (member: string): Change => ({
    method: 'DELETE',
    path: `/v1.0/groups/${id}/members/${member}/$ref`,
  });
  const refresh = [['groups'], ['sharing'], ['deleted']];
  if (address.edit && group.data && isOurs) {
    return <GroupForm group={group.data} onClose={() => change({ edit: undefined }, true)} />;
  }
  const count = members.data?.count ?? members.data?.items.length ?? 0;
  return (
    <SidePanel
      title={title}
      subtitle={group.data && t(`groupKind.${kindOf(group.data)}`)}
      onClose={onClose}
      foot={
        isOurs && (
          <>
            <Button
              appearance="primary"
              icon={<EditRegular />}
              disabled={!group.data}
              onClick={() => change({ edit: '1' }, true)}
            >
              {t('ui.edit')}
            </Button>
            <Button
              disabled={isRunning}
              onClick={() =>
                void run({
                  change: removal(id),
                  undo: restoring(id),
                  done: t('group.deletedDone', { count: 1 }),
                  refresh,
                  after: onClose,
                })
              }
            >
              {t('person.delete')}
            </Button>
          </>
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
      {isByRule && isOurs && (
        <p className={styles.text}>
          {t(isPaused(group.data) ? 'group.rulePaused' : 'group.ruleDecides')}
        </p>
      )}
      <ShortId id={id} />
      <h3 className={styles.title}>{t('group.count', { count })}</h3>
      {canEdit && (
        <AddPeople
          label={t('group.add')}
          action={(count) => t('group.doAdd', { count })}
          adding={(people) => people.map(adding)}
          removing={removing}
          done={(count) => t('group.added', { count })}
          refresh={refresh}
        />
      )}
      {members.error && <Failure problem={asProblem(members.error)} />}
      {!members.data && !members.error && <Lines count={4} height={24} />}
      <ObjectList
        label={t('group.count', { count })}
        isRunning={isRunning}
        items={(members.data?.items ?? []).map((member) => ({
          id: member.id,
          name: member.displayName ?? member.id,
          more: <span dir="ltr">{member.userPrincipalName}</span>,
        }))}
        {...(canEdit
          ? {
              onRemove: ({ id: member, name: who }) =>
                void run({
                  change: removing(member),
                  undo: adding(member),
                  done: t('group.removed', { name: who }),
                  refresh,
                }),
            }
          : {})}
      />
      {members.data?.next && (
        <p>{t('ui.more', { count: Math.max(0, count - members.data.items.length) })}</p>
      )}
    </SidePanel>
  );
}
