/** The domains that names of the tenant's people end with: added, proven, made the default, removed. */
import { Button, Field, Input, makeStyles } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons';
import { asProblem, type Change } from '@isopolity/core';
import {
  Ask,
  DataTable,
  Empty,
  Failure,
  GraphCall,
  Lines,
  Section,
  SidePanel,
  Status,
  useAct,
  useAddress,
  useTableView,
} from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Domain, domains, pathOf, records } from './model';

const useStyles = makeStyles({
  form: { display: 'grid', gap: '16px' },
  record: { overflowWrap: 'anywhere', userSelect: 'all' },
});

export function Domains() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const view = useTableView();
  const list = useQuery(domains);
  const opened = list.data?.find(({ id }) => id === address.open);
  const close = () => change({ open: undefined, panel: undefined }, true);
  return (
    <Section
      title={t('settings.domains')}
      sentence={t('settings.domainsSentence')}
      actions={
        <Button icon={<AddRegular />} onClick={() => change({ panel: 'create' }, true)}>
          {t('settings.addDomain')}
        </Button>
      }
    >
      <DataTable<Domain>
        label={t('settings.domains')}
        view={view}
        rows={list.data}
        problem={list.error && asProblem(list.error)}
        onRetry={() => void list.refetch()}
        rowId={({ id }) => id}
        openId={address.open}
        onOpen={({ id }) => change({ open: id }, true)}
        summary={(row) => (row.isDefault ? t('settings.default') : '')}
        empty={<Empty text={t('settings.domainsSentence')} />}
        columns={[
          {
            id: 'name',
            title: t('column.name'),
            value: ({ id }) => id,
            width: 'minmax(200px, 2fr)',
          },
          {
            id: 'state',
            title: t('column.state'),
            value: ({ isVerified }) => (isVerified ? 'verified' : 'unverified'),
            options: (['verified', 'unverified'] as const).map((value) => ({
              value,
              label: t(`settings.${value}`),
            })),
            cell: ({ isVerified }) => (
              <Status tone={isVerified ? 'good' : 'partly'}>
                {isVerified ? t('settings.verified') : t('settings.unverified')}
              </Status>
            ),
          },
          {
            id: 'kind',
            title: t('column.kind'),
            value: ({ isDefault, isInitial }) =>
              isDefault ? t('settings.default') : isInitial ? t('settings.initial') : '',
          },
        ]}
      />
      {opened && <DomainPanel key={opened.id} domain={opened} onClose={close} />}
      {address.panel === 'create' && <AddDomain onClose={close} />}
    </Section>
  );
}

function AddDomain({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const [, change] = useAddress();
  const [name, setName] = useState('');
  const id = name.trim().toLowerCase();
  const adding: Change = { method: 'POST', path: '/v1.0/domains', body: { id } };
  return (
    <SidePanel
      title={t('settings.addDomain')}
      onClose={onClose}
      foot={
        <>
          <Button
            appearance="primary"
            disabled={!id || isRunning}
            onClick={() =>
              void run({
                change: adding,
                done: t('settings.domainAdded', { domain: id }),
                refresh: [['domains']],
                after: () => change({ panel: undefined, open: id }, true),
              })
            }
          >
            {t('settings.addDomain')}
          </Button>
          <Button onClick={onClose}>{t('ui.cancel')}</Button>
        </>
      }
    >
      <div className={styles.form}>
        <Field label={t('column.name')} hint={t('settings.domainHint')} required>
          <Input value={name} maxLength={253} onChange={(_, { value }) => setName(value)} />
        </Field>
        {problem && <Failure problem={problem} isChange />}
        <GraphCall change={adding} />
      </div>
    </SidePanel>
  );
}

function DomainPanel({ domain, onClose }: { domain: Domain; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning, problem, forget } = useAct({ inPlace: true });
  const [isAsking, setAsking] = useState(false);
  const asked = useQuery({ ...records(domain.id), enabled: !domain.isVerified });
  const path = pathOf(domain.id);
  const removing: Change = { method: 'DELETE', path };
  const next: Change = domain.isVerified
    ? { method: 'PATCH', path, body: { isDefault: true } }
    : { method: 'POST', path: `${path}/verify` };
  const isDone = domain.isVerified && domain.isDefault;
  return (
    <SidePanel
      title={domain.id}
      subtitle={
        <Status tone={domain.isVerified ? 'good' : 'partly'}>
          {domain.isVerified ? t('settings.verified') : t('settings.unverified')}
        </Status>
      }
      onClose={onClose}
      foot={
        <>
          {!isDone && (
            <Button
              appearance="primary"
              disabled={isRunning}
              onClick={() =>
                void run({
                  change: next,
                  done: t(domain.isVerified ? 'settings.defaultDone' : 'settings.verifiedDone', {
                    domain: domain.id,
                  }),
                  refresh: [['domains']],
                })
              }
            >
              {domain.isVerified ? t('settings.makeDefault') : t('settings.verify')}
            </Button>
          )}
          {!domain.isInitial && !domain.isDefault && (
            <Button disabled={isRunning || isAsking} onClick={() => setAsking(true)}>
              {t('settings.removeDomain')}
            </Button>
          )}
        </>
      }
    >
      <div className={styles.form}>
        {!domain.isVerified && (
          <>
            <p>{t('settings.recordHint')}</p>
            {asked.error && <Failure problem={asProblem(asked.error)} />}
            {asked.isPending && <Lines count={2} />}
            {asked.data
              ?.filter(({ recordType }) => recordType === 'Txt')
              .map((record) => (
                <code key={record.text} dir="ltr" className={styles.record}>
                  {record.label} TXT {record.text}
                </code>
              ))}
          </>
        )}
        {isAsking && (
          <Ask
            text={t(
              domain.isVerified ? 'settings.removeDomainAsk' : 'settings.removeUnverifiedAsk',
              {
                domain: domain.id,
              },
            )}
            action={t('settings.removeDomain')}
            change={removing}
            isRunning={isRunning}
            problem={problem}
            onCancel={() => {
              setAsking(false);
              forget();
            }}
            onDo={() =>
              void run({
                change: removing,
                done: t('settings.domainRemoved', { domain: domain.id }),
                refresh: [['domains'], ['tenant']],
                after: onClose,
              })
            }
          />
        )}
        {problem && !isAsking && <Failure problem={problem} isChange />}
        {!isDone && !isAsking && <GraphCall change={next} />}
      </div>
    </SidePanel>
  );
}
