/** The provisioning log: each person that synchronization has brought, changed, or failed at. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { formatDuration, formatExact, literal } from '@isopolity/core';
import {
  DataTable,
  Empty,
  Mark,
  SidePanel,
  Status,
  Time,
  type Tone,
  useAddress,
  useTableView,
} from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { allOf, oneOf, type ServerOrder, useRemoteList } from '../../api/remote';
import { Provisioning } from '../../api/shapes';
import { useTenants } from '../../tenants';
import { useStory } from '../../why/story';
import { useWords } from '../../words';
import { Changes } from './changes';
import { since, usePeriods } from './period';

const ACTIONS = ['create', 'update', 'delete', 'stagedDelete', 'disable', 'other'] as const;
const STATES = ['success', 'failure', 'skipped', 'warning'] as const;
const TONES: Record<string, Tone> = {
  success: 'good',
  failure: 'bad',
  skipped: 'none',
  warning: 'partly',
};

const useStyles = makeStyles({
  steps: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: '10px' },
  step: { display: 'grid', gridTemplateColumns: '14px 1fr', gap: '10px', alignItems: 'start' },
  mark: { marginBlockStart: '3px' },
  title: { margin: '24px 0 8px', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
  text: { margin: '0 0 16px' },
});

/** The tenant that a configuration is named after. */
const targetOf = (row: Provisioning): string =>
  row.servicePrincipal?.displayName?.replace(/^MTO_Sync_/, '') ?? '';
const statusOf = (row: Provisioning): string => row.provisioningStatusInfo?.status ?? '';
const isOne = <T extends string>(all: readonly T[], text: string): text is T =>
  (all as readonly string[]).includes(text);

/** What Graph sorts by, by column. */
const ORDER: ServerOrder = { by: { at: 'activityDateTime', time: 'activityDateTime' } };

export function ProvisioningLog() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const view = useTableView();
  const periods = usePeriods();
  const { name, active, own } = useTenants();
  const { action, status, target, time } = view.filters;
  const list = useRemoteList(
    'provisioning',
    Provisioning,
    '/v1.0/auditLogs/provisioning',
    {
      $filter: allOf(
        since(time?.[0]),
        oneOf('provisioningAction', action),
        oneOf('provisioningStatusInfo/status', status),
        target?.length
          ? `(${target.map((id) => `servicePrincipal/displayName eq 'MTO_Sync_${id}'`).join(' or ')})`
          : undefined,
        view.q && `contains(sourceIdentity/displayName,${literal(view.q)})`,
      ),
    },
    view,
    ORDER,
  );
  const story = useStory();
  const words = useWords();
  const opened = list.rows?.find(({ id }) => id === address.open);
  const actionWord = (row: Provisioning) => {
    const word = row.provisioningAction ?? '';
    return isOne(ACTIONS, word) ? t(`provisioning.${word}`) : word;
  };
  const statusWord = (row: Provisioning) => {
    const word = statusOf(row);
    return isOne(STATES, word) ? t(`provisioned.${word}`) : word;
  };

  return (
    <>
      <DataTable<Provisioning>
        fill
        label={t('logs.provisioning')}
        view={view}
        {...list}
        rowId={(row) => row.id}
        openId={address.open}
        onOpen={({ id }) => change({ open: id }, true)}
        summary={(row) => `${actionWord(row)} · ${name(targetOf(row))}`}
        empty={<Empty text={t('logs.provisioningEmpty')} />}
        defaultSort={{ column: 'at', descending: true }}
        columns={[
          {
            id: 'who',
            title: t('column.person'),
            value: (row) => row.sourceIdentity?.displayName ?? row.sourceIdentity?.id,
            width: 'minmax(180px, 2fr)',
          },
          {
            id: 'status',
            title: t('column.result'),
            value: statusOf,
            cell: (row) => <Status tone={TONES[statusOf(row)] ?? 'none'}>{statusWord(row)}</Status>,
            options: STATES.map((value) => ({ value, label: t(`provisioned.${value}`) })),
          },
          {
            id: 'action',
            title: t('column.action'),
            value: (row) => row.provisioningAction,
            cell: actionWord,
            options: ACTIONS.map((value) => ({ value, label: t(`provisioning.${value}`) })),
          },
          {
            id: 'target',
            title: t('column.tenant'),
            value: (row) => name(targetOf(row)),
            options: active
              .filter(({ tenantId }) => tenantId !== own)
              .map(({ tenantId }) => ({ value: tenantId, label: name(tenantId) })),
          },
          {
            id: 'at',
            title: t('column.time'),
            value: (row) => row.activityDateTime,
            cell: (row) => <Time at={row.activityDateTime} />,
          },
          {
            id: 'reason',
            title: t('logs.reason'),
            value: (row) => {
              const error = row.provisioningStatusInfo?.errorInformation;
              return story.told(words.reason(error?.errorCode, error?.reason));
            },
            width: 'minmax(200px, 2fr)',
          },
          {
            id: 'time',
            title: t('column.period'),
            value: (row) => row.activityDateTime,
            cell: (row) => formatExact(row.activityDateTime),
            options: periods,
            optional: true,
          },
        ]}
      />
      {opened && (
        <ProvisioningPanel
          entry={opened}
          title={`${opened.sourceIdentity?.displayName ?? ''}: ${actionWord(opened)}`}
          tenant={name(targetOf(opened))}
          onClose={() => change({ open: undefined }, true)}
        />
      )}
    </>
  );
}

function ProvisioningPanel(props: {
  entry: Provisioning;
  title: string;
  tenant: string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const story = useStory();
  const words = useWords();
  const { entry } = props;
  const error = entry.provisioningStatusInfo?.errorInformation;
  return (
    <SidePanel
      title={props.title}
      subtitle={`${props.tenant} · ${formatExact(entry.activityDateTime)} · ${formatDuration(entry.durationInMilliseconds ?? 0)}`}
      onClose={props.onClose}
    >
      {error?.reason && (
        <p className={styles.text}>{story.told(words.reason(error.errorCode, error.reason))}</p>
      )}
      <ol className={styles.steps}>
        {entry.provisioningSteps?.map((step) => (
          <li key={step.name} className={styles.step}>
            <Mark tone={TONES[step.status ?? ''] ?? 'none'} className={styles.mark} />
            <span>
              {step.status === 'failure' && error
                ? story.told(words.reason(error.errorCode, error.reason))
                : words.step(step.name ?? '', step.description)}
            </span>
          </li>
        ))}
      </ol>
      {Boolean(entry.modifiedProperties?.length) && (
        <>
          <h3 className={styles.title}>{t('logs.values')}</h3>
          <Changes changes={entry.modifiedProperties ?? []} />
        </>
      )}
    </SidePanel>
  );
}
