/** The directory log: who did what to whom, and what came of it. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { formatExact, literal } from '@isopolity/core';
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
import { allOf, oneOf, type ServerOrder, useRemoteList } from '../../api/remote';
import { DirectoryAudit } from '../../api/shapes';
import { useStory } from '../../why/story';
import { useWords } from '../../words';
import { Changes } from './changes';
import { since, usePeriods } from './period';

const CATEGORIES = [
  'UserManagement',
  'GroupManagement',
  'ApplicationManagement',
  'RoleManagement',
  'DirectoryManagement',
  'Policy',
  'MultiTenantOrg',
  'UserSharing',
  'ProvisioningManagement',
  'KeyManagement',
] as const;

/** What can be a target, but for `Other`, which says nothing. */
const TARGETS = [
  'Application',
  'Domain',
  'Group',
  'Key',
  'Policy',
  'Role',
  'ServicePrincipal',
  'Subscription',
  'Tenant',
  'User',
] as const;

/** How the log names the operator of the deployment, and another tenant. */
const OTHER_ACTOR = /^isopolity \((?:(operator)|tenant (\S+))\)$/;

const isOne = <T extends string>(all: readonly T[], text: string | null | undefined): text is T =>
  (all as readonly (string | null | undefined)[]).includes(text);

/** A category in words. */
function useCategory() {
  const { t } = useTranslation();
  return (text: string | null | undefined): string =>
    isOne(CATEGORIES, text) ? t(`category.${text}`) : (text ?? '');
}

const useStyles = makeStyles({
  title: { margin: '24px 0 4px', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
});

/** What Graph sorts by, by column. */
const ORDER: ServerOrder = { by: { at: 'activityDateTime', time: 'activityDateTime' } };

export function DirectoryLog() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const view = useTableView();
  const story = useStory();
  const periods = usePeriods();
  const { category, result, time } = view.filters;
  const list = useRemoteList(
    'audits',
    DirectoryAudit,
    '/v1.0/auditLogs/directoryAudits',
    {
      $filter: allOf(
        since(time?.[0]),
        oneOf('category', category),
        oneOf('result', result),
        view.q &&
          `(startswith(activityDisplayName,${literal(view.q)}) or targetResources/any(t:startswith(t/displayName,${literal(view.q)})))`,
      ),
    },
    view,
    ORDER,
  );
  const words = useWords();
  const inWords = useCategory();
  const actor = ({ initiatedBy }: DirectoryAudit) => {
    const { user, app } = initiatedBy ?? {};
    const text = user?.displayName ?? user?.userPrincipalName ?? app?.displayName ?? '';
    // Whoever is neither a user nor an application here has no id, and is told in brackets.
    const [, told, tenant] = (!app?.appId && OTHER_ACTOR.exec(text)) || [];
    if (tenant) return story.told(tenant);
    return told ? t('logs.operator') : story.told(text);
  };
  const targets = ({ targetResources }: DirectoryAudit) => {
    const [first, ...more] = targetResources;
    const name = story.told(first?.displayName || first?.id || '');
    return more.length ? `${name} ${t('ui.more', { count: more.length })}` : name;
  };
  const opened = list.rows?.find(({ id }) => id === address.open);

  return (
    <>
      <DataTable<DirectoryAudit>
        fill
        label={t('logs.directory')}
        view={view}
        {...list}
        rowId={(row) => row.id}
        openId={address.open}
        onOpen={({ id }) => change({ open: id }, true)}
        summary={(row) => (
          <>
            <Time at={row.activityDateTime} /> · {targets(row)}
          </>
        )}
        empty={<Empty text={t('logs.directoryEmpty')} />}
        defaultSort={{ column: 'at', descending: true }}
        columns={[
          {
            id: 'activity',
            title: t('column.activity'),
            value: (row) => words.activity(row.activityDisplayName),
            width: 'minmax(200px, 2fr)',
          },
          {
            id: 'result',
            title: t('column.result'),
            value: (row) => row.result,
            cell: (row) => (
              <Status tone={row.result === 'success' ? 'good' : 'bad'}>
                {row.result === 'success' ? t('logs.success') : t('logs.failure')}
              </Status>
            ),
            options: [
              { value: 'success', label: t('logs.success') },
              { value: 'failure', label: t('logs.failure') },
            ],
          },
          {
            id: 'at',
            title: t('column.time'),
            value: (row) => row.activityDateTime,
            cell: (row) => <Time at={row.activityDateTime} />,
          },
          {
            id: 'target',
            title: t('column.target'),
            value: targets,
            // The whole as the page is read, whichever way the name in it is.
            cell: targets,
            width: 'minmax(180px, 2fr)',
          },
          { id: 'actor', title: t('column.actor'), value: actor, width: 'minmax(160px, 1.4fr)' },
          {
            id: 'category',
            title: t('column.category'),
            value: (row) => row.category,
            cell: (row) => inWords(row.category),
            options: CATEGORIES.map((value) => ({ value, label: t(`category.${value}`) })),
            optional: true,
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
        <AuditPanel
          audit={opened}
          actor={actor(opened)}
          onClose={() => change({ open: undefined }, true)}
        />
      )}
    </>
  );
}

function AuditPanel(props: { audit: DirectoryAudit; actor: string; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const story = useStory();
  const words = useWords();
  const inWords = useCategory();
  const { audit } = props;
  return (
    <SidePanel
      title={words.activity(audit.activityDisplayName)}
      subtitle={formatExact(audit.activityDateTime)}
      onClose={props.onClose}
    >
      <Facts
        facts={[
          [
            t('column.result'),
            <Status key="result" tone={audit.result === 'success' ? 'good' : 'bad'}>
              {audit.result === 'success' ? t('logs.success') : t('logs.failure')}
            </Status>,
          ],
          [t('logs.reason'), audit.resultReason && story.told(audit.resultReason)],
          [t('column.actor'), props.actor],
          [t('column.category'), inWords(audit.category)],
          [
            t('logs.correlation'),
            audit.correlationId && <ShortId key="correlation" id={audit.correlationId} />,
          ],
        ]}
      />
      {audit.targetResources.map((target, at) => (
        <section key={at}>
          <h3 className={styles.title}>
            {story.told(target.displayName || target.id || '')}
            {isOne(TARGETS, target.type) && ` (${t(`target.${target.type}`)})`}
          </h3>
          <Changes changes={target.modifiedProperties ?? []} />
        </section>
      ))}
    </SidePanel>
  );
}
