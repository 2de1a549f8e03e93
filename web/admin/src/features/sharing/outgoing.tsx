/** What this tenant shares: the default as a sentence, and how it stands with each tenant. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { EditRegular, PauseRegular, PlayRegular } from '@fluentui/react-icons';
import { asProblem, formatNumber } from '@isopolity/core';
import {
  DataTable,
  Empty,
  Lines,
  Section,
  Status,
  Time,
  useAct,
  useAddress,
  useTableView,
} from '@isopolity/ui';
import { Link } from '@isopolity/ui/router';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { sharingEntry, sharingStatus } from '../../api/queries';
import type { PairStatus } from '../../api/shapes';
import { useTenants } from '../../tenants';
import { DemandPanel } from '../mapping/demand-panel';
import { MappingPanel } from '../mapping/mapping-panel';
import { sharingTo } from './changes';
import { ScopeEditor } from './scope-editor';
import { useScopeWords } from './scope-words';
import { SharingPanel } from './sharing-panel';
import { SHARING_TONES, useStandings } from './standing';

const useStyles = makeStyles({
  sentence: { margin: 0, fontSize: tokens.fontSizeBase300 },
});

export function Outgoing() {
  const { t } = useTranslation();
  const styles = useStyles();
  const [address, change] = useAddress();
  const view = useTableView();
  const { run } = useAct();
  const { name } = useTenants();
  const status = useQuery(sharingStatus);
  const standingOf = useStandings();
  const entry = useQuery(sharingEntry());
  const words = useScopeWords();
  const opened = status.data?.find(({ tenantId }) => tenantId === address.tenant);
  const close = () => change({ tenant: undefined, edit: undefined }, true);
  const turn = (what: 'pause' | 'resume') => (chosen: PairStatus[]) => {
    const others = chosen.filter(({ state }) => (state === 'paused') !== (what === 'pause'));
    if (!others.length) return;
    const to = (what: 'pause' | 'resume') =>
      others.map(({ tenantId }) => sharingTo(tenantId, what));
    void run({
      change: to(what),
      undo: to(what === 'pause' ? 'resume' : 'pause'),
      done: t(what === 'pause' ? 'share.pausedCount' : 'share.resumedCount', {
        count: others.length,
      }),
      refresh: [['sharing', 'tenants'], ['readiness']],
    });
  };

  return (
    <>
      <Section
        title={t('share.default')}
        actions={
          <Button
            icon={<EditRegular />}
            onClick={() => change({ edit: 'default', tenant: undefined }, true)}
          >
            {t('ui.edit')}
          </Button>
        }
      >
        {entry.data ? (
          <p className={styles.sentence}>
            {words(entry.data)} {t('share.defaultNote')}
          </p>
        ) : (
          <Lines count={1} />
        )}
      </Section>
      <Section title={t('share.byTenant')}>
        <DataTable<PairStatus>
          label={t('share.byTenant')}
          view={view}
          defaultSort={{ column: 'name', descending: false }}
          rows={status.data}
          problem={status.error && asProblem(status.error)}
          onRetry={() => void status.refetch()}
          rowId={(pair) => pair.tenantId}
          openId={address.tenant}
          onOpen={(pair) => change({ tenant: pair.tenantId, edit: undefined }, true)}
          summary={(pair) =>
            pair.scope === 'none'
              ? t('scope.words.none')
              : t('share.summary', {
                  synced: formatNumber(pair.synced),
                  all: formatNumber(pair.inScope),
                  count: pair.inScope,
                })
          }
          bulk={[
            {
              id: 'pause',
              label: t('share.pause'),
              icon: <PauseRegular />,
              run: turn('pause'),
            },
            {
              id: 'resume',
              label: t('share.resume'),
              icon: <PlayRegular />,
              run: turn('resume'),
            },
          ]}
          empty={
            <Empty
              text={t('share.teach')}
              action={<Link to="/organization">{t('share.toOrganization')}</Link>}
            />
          }
          columns={[
            {
              id: 'name',
              title: t('column.tenant'),
              value: ({ tenantId }) => name(tenantId),
              width: 'minmax(160px, 2fr)',
            },
            {
              id: 'state',
              title: t('column.state'),
              value: standingOf,
              cell: (pair) => (
                <Status tone={SHARING_TONES[standingOf(pair)]}>
                  {t(`sharing.${standingOf(pair)}`)}
                </Status>
              ),
              options: (
                ['upToDate', 'syncing', 'failing', 'paused', 'blocked', 'quarantined'] as const
              ).map((value) => ({ value, label: t(`sharing.${value}`) })),
              width: 'minmax(210px, 1.4fr)',
            },
            {
              id: 'scope',
              title: t('column.scope'),
              value: ({ scope }) => t(`scope.short.${scope}`),
            },
            {
              id: 'source',
              title: t('column.source'),
              value: ({ source }) => t(`source.${source}`),
            },
            {
              id: 'inScope',
              title: t('column.inScope'),
              value: ({ inScope }) => inScope,
              align: 'end',
              width: 'minmax(84px, 0.7fr)',
            },
            {
              id: 'synced',
              title: t('column.there'),
              value: ({ synced }) => synced,
              align: 'end',
              width: 'minmax(84px, 0.7fr)',
            },
            {
              id: 'failed',
              title: t('column.failed'),
              value: ({ failed }) => failed,
              align: 'end',
              width: 'minmax(84px, 0.7fr)',
            },
            {
              id: 'waiting',
              title: t('column.waiting'),
              value: ({ waitingDeletions }) => waitingDeletions,
              align: 'end',
              optional: true,
            },
            {
              id: 'applied',
              title: t('column.lastChange'),
              value: ({ lastAppliedDateTime }) => lastAppliedDateTime,
              cell: ({ lastAppliedDateTime }) => <Time at={lastAppliedDateTime} />,
            },
          ]}
        />
      </Section>
      {opened && !address.edit && (
        <SharingPanel key={opened.tenantId} pair={opened} onClose={close} />
      )}
      {opened && address.edit === 'mapping' && (
        <MappingPanel
          key={opened.tenantId}
          tenant={opened.tenantId}
          onClose={() => change({ edit: undefined, person: undefined }, true)}
        />
      )}
      {opened && address.edit === 'demand' && (
        <DemandPanel
          key={opened.tenantId}
          tenant={opened.tenantId}
          onClose={() => change({ edit: undefined }, true)}
        />
      )}
      {(address.edit === 'default' || (opened && address.edit === '1')) && (
        <ScopeEditor
          key={address.tenant ?? 'default'}
          tenant={address.edit === 'default' ? undefined : opened?.tenantId}
          onClose={() => change({ edit: undefined }, true)}
        />
      )}
    </>
  );
}
