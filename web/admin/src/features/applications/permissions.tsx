/** What an application asks for of APIs, what of that an admin has allowed, and allowing it for everybody. */
import { Button, Checkbox, Field, makeStyles, SearchBox, tokens } from '@fluentui/react-components';
import { asProblem, type Change } from '@isopolity/core';
import { Failure, GraphCall, Lines, Status, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { graph } from '../../session';
import {
  type Application,
  Assignment,
  Grant,
  grantsOf,
  grantsPath,
  type Principal,
  principalOfApp,
  rolesOf,
  rolesPath,
} from './model';

const GRAPH = '00000003-0000-0000-c000-000000000000';
const SHOWN_MAX = 40;

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0 },
  item: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) auto',
    gap: '2px 12px',
    alignItems: 'center',
    paddingBlock: '8px',
    borderTop: `1px solid ${tokens.colorNeutralStroke3}`,
    overflowWrap: 'anywhere',
  },
  more: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  text: { margin: '0 0 8px' },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px', marginBlockStart: '12px' },
  choice: {
    display: 'grid',
    maxHeight: '280px',
    overflowY: 'auto',
    marginBlockStart: '8px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
});

interface Asked {
  id: string;
  type: 'Scope' | 'Role';
}

export function Permissions({ app }: { app: Application }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning } = useAct();
  const [isChoosing, setChoosing] = useState(false);
  const [word, setWord] = useState('');
  const principal = useQuery(principalOfApp(app.appId));
  const api = useQuery(principalOfApp(GRAPH));
  const id = principal.data?.id ?? '';
  const grants = useQuery({ ...grantsOf(id), enabled: Boolean(id) });
  const roles = useQuery({ ...rolesOf(id), enabled: Boolean(id) });
  const failed = principal.error ?? api.error ?? grants.error ?? roles.error;
  if (failed) return <Failure problem={asProblem(failed)} />;
  if (!api.data || principal.data === undefined) return <Lines count={3} />;

  const graphApi = api.data;
  const required = app.requiredResourceAccess ?? [];
  const ofGraph = required.find(({ resourceAppId }) => resourceAppId === GRAPH);
  const asked = (ofGraph?.resourceAccess ?? []) as Asked[];
  const others = required.filter(({ resourceAppId }) => resourceAppId !== GRAPH);
  const known = knownOf(graphApi);
  const everybody = grants.data?.find(
    ({ consentType, resourceId }) => consentType === 'AllPrincipals' && resourceId === graphApi.id,
  );
  const scopes = new Set(everybody?.scope?.split(' ').filter(Boolean));
  const given = new Set(
    roles.data?.filter(({ resourceId }) => resourceId === graphApi.id).map((it) => it.appRoleId),
  );
  const isAllowed = ({ id, type }: Asked) =>
    type === 'Role' ? given.has(id) : scopes.has(known.get(id)?.value ?? '');
  const missing = asked.filter((each) => !isAllowed(each));
  const put = (access: Asked[]): Change => ({
    method: 'PATCH',
    path: `/v1.0/applications/${app.id}`,
    body: {
      requiredResourceAccess: [
        ...others,
        ...(access.length ? [{ resourceAppId: GRAPH, resourceAccess: access }] : []),
      ],
    },
  });
  const toggle = (each: Asked, isOn: boolean) => {
    const next = isOn ? [...asked, each] : asked.filter(({ id }) => id !== each.id);
    void run({
      change: put(next),
      undo: put(asked),
      done: t('app.permissionsSaved'),
      refresh: [['applications']],
    });
  };
  const allowing: Change[] =
    missing.length && id ? consents(id, graphApi, missing, known, everybody) : [];
  const shown = [...known.values()].filter(
    ({ value, name }) =>
      !word || `${value} ${name}`.toLowerCase().includes(word.trim().toLowerCase()),
  );
  return (
    <>
      {!asked.length && <p className={styles.text}>{t('app.asksNothing')}</p>}
      <ul className={styles.list} aria-label={t('app.permissions')}>
        {asked.map((each) => {
          const permission = known.get(each.id);
          return (
            <li key={each.id} className={styles.item}>
              <span>
                <bdi>{permission?.value ?? each.id}</bdi>
                <div className={styles.more}>
                  {t(`app.type.${each.type}`)}
                  {permission?.name && ` · ${permission.name}`}
                </div>
              </span>
              <Status tone={isAllowed(each) ? 'good' : 'none'}>
                {t(isAllowed(each) ? 'app.allowed' : 'app.notAllowed')}
              </Status>
            </li>
          );
        })}
        {others.map(({ resourceAppId, resourceAccess }) => (
          <li key={resourceAppId} className={styles.item}>
            <bdi>{resourceAppId}</bdi>
            <span>{resourceAccess.length}</span>
          </li>
        ))}
      </ul>
      {principal.data === null && <p className={styles.text}>{t('app.noPrincipal')}</p>}
      <div className={styles.actions}>
        {allowing.length > 0 && (
          <Button
            appearance="primary"
            disabled={isRunning}
            onClick={() =>
              void run({
                change: allowing,
                undo: takingBack(id, graphApi, missing, everybody),
                done: t('app.consented'),
                refresh: [['principals']],
              })
            }
          >
            {t('app.consent')}
          </Button>
        )}
        <Button onClick={() => setChoosing(!isChoosing)} aria-expanded={isChoosing}>
          {t('app.choosePermissions')}
        </Button>
      </div>
      {allowing.length > 0 && <GraphCall change={allowing} />}
      {isChoosing && (
        <Field label={t('app.choosePermissions')} hint={t('app.permissionsHint')}>
          <SearchBox
            dismiss={{ 'aria-label': t('ui.clear') }}
            value={word}
            onChange={(_, { value }) => setWord(value)}
          />
          <div className={styles.choice} role="group" aria-label={t('app.choosePermissions')}>
            {shown.slice(0, SHOWN_MAX).map((permission) => (
              <Checkbox
                key={permission.id}
                label={`${permission.value} (${t(`app.type.${permission.type}`)})`}
                checked={asked.some((each) => each.id === permission.id)}
                disabled={isRunning}
                onChange={(_, { checked }) =>
                  toggle({ id: permission.id, type: permission.type }, checked === true)
                }
              />
            ))}
            {shown.length > SHOWN_MAX && (
              <span className={styles.more}>
                {t('ui.more', { count: shown.length - SHOWN_MAX })}
              </span>
            )}
          </div>
        </Field>
      )}
    </>
  );
}

interface Permission extends Asked {
  value: string;
  name: string;
}

/** What an API offers, by id: for people's names, and for applications themselves. */
function knownOf(api: Principal): Map<string, Permission> {
  const all: Permission[] = [
    ...(api.oauth2PermissionScopes ?? []).map((scope) => ({
      id: scope.id,
      type: 'Scope' as const,
      value: scope.value ?? '',
      name: scope.adminConsentDisplayName ?? '',
    })),
    ...(api.appRoles ?? []).map((role) => ({
      id: role.id,
      type: 'Role' as const,
      value: role.value ?? '',
      name: role.displayName ?? '',
    })),
  ].sort((left, right) => left.value.localeCompare(right.value));
  return new Map(all.map((each) => [each.id, each]));
}

/** What takes it back that something missing was allowed. */
const takingBack =
  (
    clientId: string,
    api: Principal,
    missing: Asked[],
    everybody: { id: string; scope?: string | null | undefined } | undefined,
  ) =>
  async (): Promise<Change[]> => {
    const [roles, grants] = await Promise.all([
      graph.all(Assignment, rolesPath(clientId)),
      graph.all(Grant, grantsPath(clientId)),
    ]);
    const given = new Set(missing.filter(({ type }) => type === 'Role').map(({ id }) => id));
    const changes: Change[] = roles
      .filter(({ resourceId, appRoleId }) => resourceId === api.id && given.has(appRoleId))
      .map(({ id }) => ({
        method: 'DELETE',
        path: `/v1.0/servicePrincipals/${clientId}/appRoleAssignments/${id}`,
      }));
    const grant = grants.find(
      ({ consentType, resourceId }) => consentType === 'AllPrincipals' && resourceId === api.id,
    );
    if (grant && grant.scope !== everybody?.scope) {
      const path = `/v1.0/oauth2PermissionGrants/${grant.id}`;
      changes.push(
        everybody
          ? { method: 'PATCH', path, body: { scope: everybody.scope ?? '' } }
          : { method: 'DELETE', path },
      );
    }
    return changes;
  };

/** The changes that allow what is missing. */
function consents(
  clientId: string,
  api: Principal,
  missing: Asked[],
  known: Map<string, Permission>,
  everybody: { id: string; scope?: string | null | undefined } | undefined,
): Change[] {
  const scopes = missing
    .filter(({ type }) => type === 'Scope')
    .flatMap(({ id }) => known.get(id)?.value ?? []);
  const changes: Change[] = missing
    .filter(({ type }) => type === 'Role')
    .map(({ id }) => ({
      method: 'POST',
      path: `/v1.0/servicePrincipals/${clientId}/appRoleAssignments`,
      body: { principalId: clientId, resourceId: api.id, appRoleId: id },
    }));
  if (!scopes.length) return changes;
  const scope = [...(everybody?.scope?.split(' ') ?? []), ...scopes].filter(Boolean).join(' ');
  changes.push(
    everybody
      ? { method: 'PATCH', path: `/v1.0/oauth2PermissionGrants/${everybody.id}`, body: { scope } }
      : {
          method: 'POST',
          path: '/v1.0/oauth2PermissionGrants',
          body: { clientId, consentType: 'AllPrincipals', resourceId: api.id, scope },
        },
  );
  return changes;
}
