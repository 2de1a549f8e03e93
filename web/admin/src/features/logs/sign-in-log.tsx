/** The sign-in log: who got in where, who didn't, and which setting of which tenant said so. */
import { formatExact, formatSeries, literal } from '@isopolity/core';
import {
  DataTable,
  Empty,
  Facts,
  ShortId,
  SidePanel,
  Status,
  Time,
  useAddress,
  useTableView,
} from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { allOf, type ServerOrder, useRemoteList } from '../../api/remote';
import { SignIn } from '../../api/shapes';
import { useTenants } from '../../tenants';
import { Steps } from '../../why/steps';
import { useStory } from '../../why/story';
import { useWords } from '../../words';
import { since, usePeriods } from './period';

const KINDS = ['interactiveUser', 'nonInteractiveUser', 'servicePrincipal'] as const;
type Kind = (typeof KINDS)[number];

const isGood = (row: SignIn) => row.status?.errorCode === 0;
/** A person, or an application that signed in for itself. */
const whoOf = (row: SignIn) =>
  row.userDisplayName || row.userPrincipalName || row.servicePrincipalName || '';

/** What Graph sorts by, by column. */
const ORDER: ServerOrder = { by: { at: 'createdDateTime', time: 'createdDateTime' } };

export function SignInLog() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const view = useTableView();
  const periods = usePeriods();
  const { name, own } = useTenants();
  const { result, kind, crossing, time } = view.filters;
  const kinds = kind?.length ? kind : [KINDS[0]];
  const list = useRemoteList(
    'signIns',
    SignIn,
    '/beta/auditLogs/signIns',
    {
      $filter: allOf(
        `(${kinds.map((each) => `signInEventTypes/any(k:k eq ${literal(each)})`).join(' or ')})`,
        since(time?.[0], 'createdDateTime'),
        result?.length === 1 && `status/errorCode ${result[0] === 'success' ? 'eq' : 'ne'} 0`,
        crossing?.length === 1 &&
          `crossTenantAccessType ${crossing[0] === 'home' ? 'eq' : 'ne'} 'none'`,
        view.q &&
          (kinds.includes('servicePrincipal')
            ? `startswith(servicePrincipalName,${literal(view.q)})`
            : `(startswith(userDisplayName,${literal(view.q)}) or startswith(userPrincipalName,${literal(view.q)}))`),
      ),
    },
    view,
    ORDER,
  );
  const tenants = ({ homeTenantId, resourceTenantId }: SignIn) =>
    homeTenantId && resourceTenantId && homeTenantId !== resourceTenantId
      ? `${name(homeTenantId)} → ${name(resourceTenantId)}`
      : name(own);
  const words = useWords();
  const reason = (row: SignIn) =>
    isGood(row) ? '' : words.error(row.status?.errorCode, row.status?.failureReason);
  const opened = list.rows?.find(({ id }) => id === address.open);

  return (
    <>
      <DataTable<SignIn>
        fill
        label={t('logs.signIns')}
        view={view}
        {...list}
        rowId={(row) => row.id}
        openId={address.open}
        onOpen={({ id }) => change({ open: id }, true)}
        summary={(row) => reason(row) || row.appDisplayName || ''}
        empty={<Empty text={t('logs.signInsEmpty')} />}
        defaultSort={{ column: 'at', descending: true }}
        columns={[
          {
            id: 'who',
            title: t('column.who'),
            value: whoOf,
            cell: (row) => whoOf(row) || t('logs.nobody'),
            width: 'minmax(180px, 2fr)',
          },
          {
            id: 'result',
            title: t('column.result'),
            value: (row) => row.status?.errorCode,
            cell: (row) => (
              <Status tone={isGood(row) ? 'good' : 'bad'}>
                {isGood(row) ? t('logs.success') : t('logs.failure')}
              </Status>
            ),
            options: [
              { value: 'success', label: t('logs.success') },
              { value: 'failure', label: t('logs.failure') },
            ],
          },
          {
            id: 'app',
            title: t('column.application'),
            value: (row) => row.appDisplayName ?? row.appId,
            width: 'minmax(160px, 1.4fr)',
          },
          {
            id: 'at',
            title: t('column.time'),
            value: (row) => row.createdDateTime,
            cell: (row) => <Time at={row.createdDateTime} />,
          },
          {
            id: 'crossing',
            title: t('column.tenant'),
            value: tenants,
            options: [
              { value: 'home', label: t('logs.acrossTenants') },
              { value: 'own', label: t('logs.withinTenant') },
            ],
          },
          {
            id: 'reason',
            title: t('logs.reason'),
            value: reason,
            width: 'minmax(200px, 2fr)',
          },
          {
            id: 'address',
            title: t('column.address'),
            value: (row) => row.ipAddress,
            optional: true,
          },
          {
            id: 'kind',
            title: t('column.kind'),
            value: (row) => t(`signIn.${kindOf(row)}`),
            options: KINDS.map((value) => ({ value, label: t(`signIn.${value}`) })),
            optional: true,
          },
          {
            id: 'time',
            title: t('column.period'),
            value: (row) => row.createdDateTime,
            cell: (row) => formatExact(row.createdDateTime),
            options: periods,
            optional: true,
          },
        ]}
      />
      {opened && (
        <SignInPanel
          entry={opened}
          tenants={tenants(opened)}
          onClose={() => change({ open: undefined }, true)}
        />
      )}
    </>
  );
}

const kindOf = ({ signInEventTypes }: SignIn): Kind =>
  KINDS.find((kind) => signInEventTypes?.includes(kind)) ?? 'interactiveUser';

function SignInPanel(props: { entry: SignIn; tenants: string; onClose: () => void }) {
  const { t } = useTranslation();
  const story = useStory();
  const words = useWords();
  const { entry } = props;
  const decision = entry.crossTenantAccessDecision;
  const facts = [
    [
      t('column.result'),
      <Status key="result" tone={isGood(entry) ? 'good' : 'bad'}>
        {isGood(entry) ? t('logs.success') : `AADSTS${entry.status?.errorCode ?? ''}`}
      </Status>,
    ],
    [
      t('logs.reason'),
      isGood(entry)
        ? undefined
        : story.told(words.error(entry.status?.errorCode, entry.status?.failureReason)),
    ],
    [t('column.application'), entry.appDisplayName ?? entry.appId],
    [t('logs.resource'), entry.resourceDisplayName],
    [t('column.userName'), entry.userPrincipalName],
    [
      t('logs.methods'),
      entry.authenticationMethodsUsed && formatSeries(entry.authenticationMethodsUsed),
    ],
    [t('column.address'), entry.ipAddress],
    [
      t('logs.device'),
      formatSeries(
        [entry.deviceDetail?.browser, entry.deviceDetail?.operatingSystem].flatMap(
          (each) => each || [],
        ),
      ),
    ],
    [t('logs.times'), (entry.signInCount ?? 1) > 1 ? String(entry.signInCount) : undefined],
    [
      t('logs.correlation'),
      entry.correlationId && <ShortId key="correlation" id={entry.correlationId} />,
    ],
  ] as const;
  return (
    <SidePanel
      title={whoOf(entry) || t('logs.nobody')}
      subtitle={`${props.tenants} · ${formatExact(entry.createdDateTime)}`}
      onClose={props.onClose}
    >
      <Facts facts={facts} />
      {decision && entry.homeTenantId && entry.resourceTenantId && (
        <Steps
          steps={decision.steps}
          from={entry.homeTenantId}
          to={entry.resourceTenantId}
          action="signin"
        />
      )}
    </SidePanel>
  );
}
