/** What others share with this tenant: who is here, by which rules, who waits. */
import { Button } from '@fluentui/react-components';
import { DoorArrowRightRegular, EditRegular, ProhibitedRegular } from '@fluentui/react-icons';
import { asProblem } from '@isopolity/core';
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
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { admissionDefault, admissionTenants } from '../../api/queries';
import type { AdmissionTenant } from '../../api/shapes';
import { useTenants } from '../../tenants';
import { doorTo } from './changes';
import { IncomingPanel } from './incoming-panel';
import { useRuleWords } from './rule-words';
import { RulesEditor } from './rules-editor';

export const doorOf = ({ syncAllowed, held }: AdmissionTenant): 'open' | 'held' | 'shut' =>
  !syncAllowed ? 'shut' : held ? 'held' : 'open';
const TONES = { open: 'good', held: 'waiting', shut: 'bad' } as const;

export function Incoming() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const view = useTableView();
  const { run } = useAct();
  const { name } = useTenants();
  const tenants = useQuery(admissionTenants);
  const rules = useQuery(admissionDefault);
  const words = useRuleWords();
  const opened = tenants.data?.find(({ tenantId }) => tenantId === address.tenant);
  const turn = (isOpen: boolean) => (chosen: AdmissionTenant[]) => {
    const others = chosen.filter(({ syncAllowed }) => syncAllowed !== isOpen);
    if (!others.length) return;
    const to = (isOpen: boolean) => others.map(({ tenantId }) => doorTo(tenantId, isOpen));
    void run({
      change: to(isOpen),
      undo: to(!isOpen),
      done: t(isOpen ? 'admission.openedCount' : 'admission.shutCount', { count: others.length }),
      refresh: [['admission'], ['readiness'], ['access']],
    });
  };
  return (
    <>
      <Section
        title={t('admission.default')}
        actions={
          <Button
            icon={<EditRegular />}
            onClick={() => change({ edit: 'default', tenant: undefined }, true)}
          >
            {t('ui.edit')}
          </Button>
        }
      >
        {rules.data ? <p style={{ margin: 0 }}>{words(rules.data)}</p> : <Lines count={1} />}
      </Section>
      <Section title={t('admission.byTenant')}>
        <DataTable<AdmissionTenant>
          label={t('admission.byTenant')}
          view={view}
          defaultSort={{ column: 'name', descending: false }}
          rows={tenants.data}
          problem={tenants.error && asProblem(tenants.error)}
          onRetry={() => void tenants.refetch()}
          rowId={(tenant) => tenant.tenantId}
          openId={address.tenant}
          onOpen={({ tenantId }) => change({ tenant: tenantId, edit: undefined }, true)}
          summary={(tenant) => t('admission.summary', { count: tenant.users })}
          bulk={[
            {
              id: 'open',
              label: t('admission.doOpenChosen'),
              icon: <DoorArrowRightRegular />,
              run: turn(true),
            },
            {
              id: 'shut',
              label: t('admission.doShutChosen'),
              icon: <ProhibitedRegular />,
              run: turn(false),
            },
          ]}
          empty={<Empty text={t('admission.teach')} />}
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
              value: doorOf,
              cell: (tenant) => (
                <Status tone={TONES[doorOf(tenant)]}>{t(`door.${doorOf(tenant)}`)}</Status>
              ),
              options: (['open', 'held', 'shut'] as const).map((value) => ({
                value,
                label: t(`door.${value}`),
              })),
              width: 'minmax(140px, 1.2fr)',
            },
            {
              id: 'users',
              title: t('column.theirsHere'),
              value: ({ users }) => users,
              align: 'end',
            },
            { id: 'held', title: t('column.held'), value: ({ held }) => held, align: 'end' },
            {
              id: 'turnedAway',
              title: t('column.turnedAway'),
              value: ({ turnedAway }) => turnedAway,
              align: 'end',
            },
            {
              id: 'refused',
              title: t('column.refused'),
              value: ({ refused }) => refused,
              align: 'end',
              optional: true,
            },
            {
              id: 'source',
              title: t('column.rules'),
              value: ({ source }) => t(`source.${source}`),
            },
            {
              id: 'since',
              title: t('column.since'),
              value: ({ usersSinceDateTime }) => usersSinceDateTime,
              cell: ({ usersSinceDateTime }) => <Time at={usersSinceDateTime} />,
            },
          ]}
        />
      </Section>
      {opened && !address.edit && (
        <IncomingPanel
          key={opened.tenantId}
          tenant={opened}
          onClose={() => change({ tenant: undefined }, true)}
        />
      )}
      {address.edit && (address.edit === 'default' ? rules.data : opened) && (
        <RulesEditor
          key={address.edit === 'default' ? 'default' : opened?.tenantId}
          tenant={address.edit === 'default' ? undefined : opened}
          rules={(address.edit === 'default' ? rules.data : opened) as AdmissionTenant}
          onClose={() => change({ edit: undefined }, true)}
        />
      )}
    </>
  );
}
