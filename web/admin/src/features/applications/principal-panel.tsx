/** An application as this tenant knows it: whether and by whom it may be used, and what it may do here. */
import { Button, makeStyles, Switch, tokens } from '@fluentui/react-components';
import { asProblem, type Change } from '@isopolity/core';
import { Facts, Failure, GraphCall, Lines, ShortId, SidePanel, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { objectsById } from '../../api/queries';
import { restoring } from '../../objects/deleted';
import { ObjectList } from '../../objects/object-list';
import { session } from '../../session';
import { useTenants } from '../../tenants';
import { Assigned } from './assigned';
import { type Grant, grantsOf, type Principal, principalQuery, rolesOf } from './model';
import { Owners } from './owners';

const useStyles = makeStyles({
  title: { margin: '28px 0 8px', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
  text: { margin: '0 0 8px' },
  switches: { display: 'grid', gap: '4px', justifyItems: 'start' },
});

export function PrincipalPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { name } = useTenants();
  const { run, isRunning } = useAct();
  const read = useQuery(principalQuery(id));
  const principal = read.data;
  if (!principal) {
    return (
      <SidePanel wide title={t('app.one')} onClose={onClose}>
        {read.error ? (
          <Failure problem={asProblem(read.error)} onRetry={() => void read.refetch()} />
        ) : (
          <Lines count={8} />
        )}
      </SidePanel>
    );
  }
  const path = `/v1.0/servicePrincipals/${id}`;
  const own = session.identity.tenantId;
  const owner = principal.appOwnerOrganizationId;
  const set = (body: Partial<Principal>): Change => ({ method: 'PATCH', path, body });
  const flip = (property: 'accountEnabled' | 'appRoleAssignmentRequired', to: boolean) =>
    void run({
      change: set({ [property]: to }),
      undo: set({ [property]: !to }),
      done: t('person.saved', { name: principal.displayName ?? '' }),
      optimistic: [
        {
          key: ['principals', id],
          update: (before: Principal) => ({ ...before, [property]: to }),
        },
      ],
      refresh: [['principals'], ['explain']],
    });
  const required = Boolean(principal.appRoleAssignmentRequired);
  return (
    <SidePanel
      wide
      title={principal.displayName ?? id}
      subtitle={
        owner && (owner === own ? t('app.ofOurs') : t('app.ofOther', { tenant: name(owner) }))
      }
      onClose={onClose}
      foot={
        <Button
          disabled={isRunning}
          onClick={() =>
            void run({
              change: { method: 'DELETE', path },
              undo: restoring(id),
              done: t('app.deletedDone', { name: principal.displayName ?? '' }),
              refresh: [['principals'], ['deleted']],
              after: onClose,
            })
          }
        >
          {t('person.delete')}
        </Button>
      }
    >
      <Facts
        facts={[
          [t('app.clientId'), <ShortId key="app" id={principal.appId} />],
          [t('column.objectId'), <ShortId key="object" id={id} />],
        ]}
      />
      <div className={styles.switches}>
        <Switch
          label={t('app.maySignIn')}
          checked={principal.accountEnabled !== false}
          disabled={isRunning}
          onChange={(_, { checked }) => flip('accountEnabled', checked)}
        />
        <Switch
          label={t('app.onlyAssignedMay')}
          checked={required}
          disabled={isRunning}
          onChange={(_, { checked }) => flip('appRoleAssignmentRequired', checked)}
        />
      </div>
      <GraphCall change={set({ appRoleAssignmentRequired: !required })} />
      <h3 className={styles.title}>{t('app.assigned')}</h3>
      <p className={styles.text}>{t(required ? 'app.assignedCount' : 'app.assignedIdle')}</p>
      <Assigned principal={principal} />
      <h3 className={styles.title}>{t('app.mayDo')}</h3>
      <Granted id={id} />
      <h3 className={styles.title}>{t('app.owners')}</h3>
      <Owners kind="servicePrincipals" id={id} />
    </SidePanel>
  );
}

/** What it was allowed, for everybody or by single people, and by itself. */
function Granted({ id }: { id: string }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning } = useAct();
  const grants = useQuery(grantsOf(id));
  const roles = useQuery(rolesOf(id));
  const people = useQuery(
    objectsById((grants.data ?? []).flatMap(({ principalId }) => principalId ?? []).slice(0, 200)),
  );
  const apis = useQuery({
    ...objectsById([...new Set((roles.data ?? []).map(({ resourceId }) => resourceId))]),
  });
  const failed = grants.error ?? roles.error;
  if (failed) return <Failure problem={asProblem(failed)} />;
  if (!grants.data || !roles.data) return <Lines count={2} />;
  const whose = (grant: Grant) =>
    grant.consentType === 'AllPrincipals'
      ? t('app.forEverybody')
      : (people.data?.find((it) => it.id === grant.principalId)?.displayName ?? '');
  const roleName = (resourceId: string, roleId: string) => {
    const api = apis.data?.find((it) => it.id === resourceId) as
      | { appRoles?: { id: string; value?: string }[] }
      | undefined;
    return api?.appRoles?.find((role) => role.id === roleId)?.value ?? `${roleId.slice(0, 8)}…`;
  };
  const items = [
    ...grants.data.map((grant) => ({
      id: `grant ${grant.id}`,
      name: grant.scope?.trim() ?? '',
      more: whose(grant),
    })),
    ...roles.data.map((role) => ({
      id: `role ${role.id}`,
      name: roleName(role.resourceId, role.appRoleId),
      more: `${t('app.byItself')} · ${role.resourceDisplayName ?? ''}`,
    })),
  ];
  if (!items.length) return <p className={styles.text}>{t('app.mayNothing')}</p>;
  return (
    <ObjectList
      label={t('app.mayDo')}
      items={items}
      isRunning={isRunning}
      onRemove={({ id: item, name }) => {
        const [kind, key = ''] = item.split(' ');
        const grant = grants.data.find((it) => it.id === key);
        const role = roles.data.find((it) => it.id === key);
        const undo: Change | undefined = grant
          ? {
              method: 'POST',
              path: '/v1.0/oauth2PermissionGrants',
              body: {
                clientId: grant.clientId,
                consentType: grant.consentType,
                ...(grant.principalId ? { principalId: grant.principalId } : {}),
                resourceId: grant.resourceId,
                scope: grant.scope,
              },
            }
          : role && {
              method: 'POST',
              path: `/v1.0/servicePrincipals/${id}/appRoleAssignments`,
              body: { principalId: id, resourceId: role.resourceId, appRoleId: role.appRoleId },
            };
        void run({
          change: {
            method: 'DELETE',
            path:
              kind === 'grant'
                ? `/v1.0/oauth2PermissionGrants/${key}`
                : `/v1.0/servicePrincipals/${id}/appRoleAssignments/${key}`,
          },
          ...(undo ? { undo } : {}),
          done: t('app.revoked', { name }),
          refresh: [['principals']],
        });
      }}
    />
  );
}
