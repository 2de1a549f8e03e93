/** One tenant of the organization: who it is, its role, and parting from it. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Facts, GraphCall, ShortId, SidePanel, Status, Time, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { organization } from '../../api/queries';
import type { Member } from '../../api/shapes';
import { useTenants } from '../../tenants';
import { MEMBERS_PATH } from './add-tenant';
import { Depart } from './depart';
import { Instructions } from './instructions';
import { STATE_TONES, stateOf } from './members';

const useStyles = makeStyles({
  part: { marginBlockStart: '24px' },
  title: { margin: '0 0 4px', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
  text: { margin: '0 0 12px' },
});

export function TenantPanel(props: { member: Member; own: Member; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { member, own, onClose } = props;
  const tenants = useTenants();
  const [isParting, setParting] = useState(false);
  const isOwn = member.tenantId === own.tenantId;
  const name = tenants.name(member.tenantId);
  if (isParting) {
    return (
      <Depart member={member} isOwn={isOwn} onBack={() => setParting(false)} onClose={onClose} />
    );
  }
  const isOwner = own.role === 'owner' && own.state === 'active';
  const otherOwners = tenants.active.some(
    ({ role, tenantId }) => role === 'owner' && tenantId !== member.tenantId,
  );
  const state = stateOf(member);
  const isLastOwner = isOwn && isOwner && !otherOwners && tenants.active.length > 1;
  return (
    <SidePanel title={name} onClose={onClose}>
      <Facts
        facts={[
          [
            t('column.state'),
            <Status key="state" tone={STATE_TONES[state]}>
              {t(`memberState.${state}`)}
            </Status>,
          ],
          [t('column.role'), t(`role.${member.role}`)],
          [t('column.tenantId'), <ShortId key="id" id={member.tenantId} />],
          [
            t('column.addedBy'),
            <span key="by">
              {member.addedByTenantId && `${tenants.name(member.addedByTenantId)} · `}
              <Time at={member.addedDateTime} />
            </span>,
          ],
          [
            t('column.joined'),
            member.joinedDateTime && <Time key="joined" at={member.joinedDateTime} />,
          ],
        ]}
      />
      {member.transitionDetails?.details && <p>{member.transitionDetails.details}</p>}
      {state === 'pending' ? (
        <Pending member={member} isOwner={isOwner} onClose={onClose} />
      ) : (
        <>
          {isOwner && <Role member={member} canStepDown={!isOwn || otherOwners} />}
          <div className={styles.part}>
            <h3 className={styles.title}>
              {isOwn ? t('depart.leave') : t('depart.takeOut', { tenant: name })}
            </h3>
            {isLastOwner ? (
              <p className={styles.text}>{t('depart.lastOwner')}</p>
            ) : isOwn || isOwner ? (
              <>
                <p className={styles.text}>{t('depart.preview')}</p>
                <Button onClick={() => setParting(true)}>{t('depart.begin')}</Button>
              </>
            ) : (
              <p className={styles.text}>{t('depart.onlyOwners')}</p>
            )}
          </div>
        </>
      )}
    </SidePanel>
  );
}

function Pending(props: { member: Member; isOwner: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const tenants = useTenants();
  const own = useQuery(organization);
  const { run, isRunning } = useAct();
  const name = tenants.name(props.member.tenantId);
  const change: Change = { method: 'DELETE', path: `${MEMBERS_PATH}/${props.member.tenantId}` };
  return (
    <>
      <p className={styles.text}>{t('add.next', { tenant: name })}</p>
      <Instructions
        organization={own.data?.displayName ?? ''}
        invited={name}
        own={tenants.own}
        ownName={tenants.ownName}
      />
      {props.isOwner && (
        <>
          <Button
            disabled={isRunning}
            onClick={() =>
              void run({
                change,
                done: t('add.takenBack', { tenant: name }),
                undo: {
                  method: 'POST',
                  path: MEMBERS_PATH,
                  body: {
                    tenantId: props.member.tenantId,
                    displayName: name,
                    role: props.member.role,
                  },
                },
                refresh: [['organization'], ['readiness']],
                after: props.onClose,
              })
            }
          >
            {t('add.takeBack')}
          </Button>
          <GraphCall change={change} />
        </>
      )}
    </>
  );
}

function Role({ member, canStepDown }: { member: Member; canStepDown: boolean }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { name } = useTenants();
  const { run, isRunning } = useAct();
  const isOwner = member.role === 'owner';
  const path = `${MEMBERS_PATH}/${member.tenantId}`;
  const to = isOwner ? 'member' : 'owner';
  const change: Change = { method: 'PATCH', path, body: { role: to } };
  return (
    <div className={styles.part}>
      <h3 className={styles.title}>{t('column.role')}</h3>
      <p className={styles.text}>{isOwner ? t('role.ownerMay') : t('role.memberMay')}</p>
      {canStepDown ? (
        <>
          <Button
            disabled={isRunning}
            onClick={() =>
              void run({
                change,
                done: t(`role.done.${to}`, { tenant: name(member.tenantId) }),
                undo: { method: 'PATCH', path, body: { role: member.role } },
                optimistic: [
                  {
                    key: ['organization', 'members'],
                    update: (before: Member[]) =>
                      before.map((each) =>
                        each.tenantId === member.tenantId ? { ...each, role: to } : each,
                      ),
                  },
                ],
                refresh: [['organization']],
              })
            }
          >
            {t(`role.make.${to}`)}
          </Button>
          <GraphCall change={change} />
        </>
      ) : (
        <p className={styles.text}>{t('role.last')}</p>
      )}
    </div>
  );
}
