/** Founding an organization in three steps on one page: name, tenants, whom to share. */
import {
  Button,
  Field,
  Input,
  makeStyles,
  Radio,
  RadioGroup,
  Textarea,
  tokens,
} from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Chips, Failure, GraphCall, PageHead, useAct } from '@isopolity/ui';
import { Navigate, useNavigate } from '@isopolity/ui/router';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { organization } from '../../api/queries';
import { ObjectPicker } from '../../objects/picker';
import { useTenants } from '../../tenants';
import { MEMBERS_PATH } from './add-tenant';
import { Consents, type Given } from './consents';
import { FindTenant, type Found } from './find-tenant';

const useStyles = makeStyles({
  form: { maxWidth: '680px', display: 'grid', gap: '32px' },
  step: {
    display: 'grid',
    gridTemplateColumns: '28px minmax(0, 1fr)',
    gap: '12px 16px',
    '@media (max-width: 640px)': { columnGap: '10px' },
  },
  number: {
    width: '26px',
    height: '26px',
    borderRadius: tokens.borderRadiusCircular,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    display: 'grid',
    placeItems: 'center',
    fontVariantNumeric: 'tabular-nums',
    fontSize: tokens.fontSizeBase200,
  },
  title: {
    margin: '4px 0 0',
    fontSize: tokens.fontSizeBase300,
    fontWeight: tokens.fontWeightSemibold,
  },
  fields: {
    gridColumn: 2,
    display: 'grid',
    gap: '16px',
    '@media (max-width: 640px)': { gridColumn: '1 / -1' },
  },
  actions: { display: 'flex', gap: '8px', flexWrap: 'wrap' },
});

const POLICY = '/v1.0/policies/crossTenantAccessPolicy/templates';
const MTO = '/v1.0/tenantRelationships/multiTenantOrganization';

type Scope = 'all' | 'selected' | 'none';

export function CreateOrganization() {
  const { t } = useTranslation();
  const styles = useStyles();
  const navigate = useNavigate();
  const tenants = useTenants();
  const current = useQuery(organization);
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [added, setAdded] = useState<Found[]>([]);
  const [given, setGiven] = useState<Given>({ acceptUsers: true, skipConsent: true });
  const [scope, setScope] = useState<Scope>('all');
  const [groups, setGroups] = useState<string[]>([]);
  const [users, setUsers] = useState<string[]>([]);
  const [isTried, setTried] = useState(false);
  if (current.data?.state === 'active' && !isRunning) return <Navigate to="/organization" />;

  // The consents come first, so that whoever joins at once finds them.
  const changes: Change[] = [
    ...(given.acceptUsers
      ? [
          {
            method: 'PATCH' as const,
            path: `${POLICY}/multiTenantOrganizationIdentitySynchronization`,
            body: { userSyncInbound: { isSyncAllowed: true } },
          },
        ]
      : []),
    ...(given.skipConsent
      ? [
          {
            method: 'PATCH' as const,
            path: `${POLICY}/multiTenantOrganizationPartnerConfiguration`,
            body: {
              automaticUserConsentSettings: { inboundAllowed: true, outboundAllowed: true },
            },
          },
        ]
      : []),
    {
      method: 'PUT',
      path: MTO,
      body: {
        displayName: name.trim(),
        ...(description.trim() ? { description: description.trim() } : {}),
      },
    },
    ...added.map(({ tenantId, displayName }) => ({
      method: 'POST' as const,
      path: MEMBERS_PATH,
      body: { tenantId, displayName },
    })),
    {
      method: 'PUT',
      path: '/beta/isopolity/userSharing/default',
      body: scope === 'selected' ? { scope, users, groups } : { scope },
    },
  ];
  const isEmptyChoice = scope === 'selected' && !users.length && !groups.length;

  const step = (number: number, title: string, fields: ReactNode) => (
    <section className={styles.step} aria-label={title}>
      <span className={styles.number} aria-hidden="true">
        {number}
      </span>
      <h2 className={styles.title}>{title}</h2>
      <div className={styles.fields}>{fields}</div>
    </section>
  );

  return (
    <>
      <PageHead title={t('org.create')} sentence={t('create.sentence')} />
      <form
        className={styles.form}
        // What is missing is said beside the field, in the language in use.
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (!name.trim() || isEmptyChoice) return;
          void run({
            change: changes,
            done: t('create.done', { name: name.trim() }),
            after: () => navigate({ to: '/organization' }),
          });
        }}
      >
        {step(
          1,
          t('create.name'),
          <>
            <Field
              label={t('create.organizationName')}
              required
              {...(isTried && !name.trim()
                ? { validationMessage: t('create.nameMissing'), validationState: 'error' as const }
                : {})}
            >
              <Input value={name} maxLength={255} onChange={(_, { value }) => setName(value)} />
            </Field>
            <Field label={t('create.description')}>
              <Textarea
                value={description}
                maxLength={500}
                onChange={(_, { value }) => setDescription(value)}
              />
            </Field>
          </>,
        )}
        {step(
          2,
          t('create.tenants'),
          <>
            <FindTenant
              label={t('add.which')}
              refuse={({ tenantId, displayName }) =>
                tenantId === tenants.own
                  ? t('add.own')
                  : added.some((each) => each.tenantId === tenantId)
                    ? t('add.known', { tenant: displayName })
                    : undefined
              }
              onFound={(found) => setAdded([...added, found])}
            />
            <Chips
              label={t('create.tenants')}
              chips={added.map(({ tenantId, displayName, domain }) => ({
                id: tenantId,
                name: `${displayName} · ${domain}`,
              }))}
              onTakeOut={(id) => setAdded(added.filter(({ tenantId }) => tenantId !== id))}
            />
          </>,
        )}
        {step(
          3,
          t('create.people'),
          <>
            <Field label={t('create.share')}>
              <RadioGroup value={scope} onChange={(_, { value }) => setScope(value as Scope)}>
                <Radio value="all" label={t('scope.all')} />
                <Radio value="selected" label={t('scope.selected')} />
                <Radio value="none" label={t('scope.noneYet')} />
              </RadioGroup>
            </Field>
            {scope === 'selected' && (
              <>
                <ObjectPicker
                  kind="groups"
                  label={t('share.groups')}
                  value={groups}
                  onChange={setGroups}
                />
                <ObjectPicker
                  kind="users"
                  label={t('share.people')}
                  value={users}
                  onChange={setUsers}
                />
                {isTried && isEmptyChoice && <span role="alert">{t('share.nobodyChosen')}</span>}
              </>
            )}
            <Consents given={given} onChange={setGiven} />
          </>,
        )}
        {problem && <Failure problem={problem} />}
        <div>
          <div className={styles.actions}>
            <Button type="submit" appearance="primary" disabled={isRunning}>
              {added.length ? t('create.do', { count: added.length }) : t('org.create')}
            </Button>
            <Button onClick={() => navigate({ to: '/organization' })}>{t('ui.cancel')}</Button>
          </div>
          <GraphCall change={changes} />
        </div>
      </form>
    </>
  );
}
