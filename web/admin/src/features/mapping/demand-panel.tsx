/** One person brought to another tenant at once, and what was done, step by step. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { asProblem, type Change, type Problem } from '@isopolity/core';
import {
  Disclosure,
  Failure,
  GraphCall,
  Lines,
  Mark,
  SidePanel,
  Status,
  type Tone,
} from '@isopolity/ui';
import { Link } from '@isopolity/ui/router';
import { useTranslation } from '@isopolity/ui/translation';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ObjectPicker } from '../../objects/picker';
import { graph } from '../../session';
import { useTenants } from '../../tenants';
import { useStory } from '../../why/story';
import { useWords } from '../../words';
import { cellKey } from '../home/matrix-model';
import { Changes } from '../logs/changes';
import { Account, pairPath } from './model';

const TONES: Record<string, Tone> = {
  success: 'good',
  failure: 'bad',
  skipped: 'partly',
  warning: 'partly',
};
const STEPS = ['Import', 'Scoping', 'Matching', 'Export'] as const;
const OUTCOMES = ['Create', 'Update', 'Delete', 'Other'] as const;

/** How Graph writes yes and no in an account. */
const FLAGS: Record<string, 'demand.yes' | 'demand.no'> = {
  True: 'demand.yes',
  False: 'demand.no',
};

const useStyles = makeStyles({
  text: { margin: '0 0 16px' },
  outcome: { margin: '20px 0 0', fontWeight: tokens.fontWeightSemibold },
  steps: { listStyleType: 'none', margin: '16px 0 0', padding: 0 },
  step: {
    display: 'grid',
    gridTemplateColumns: '14px minmax(0, 1fr)',
    gap: '4px 12px',
    paddingBlock: '10px',
    borderTop: `1px solid ${tokens.colorNeutralStroke3}`,
  },
  mark: { marginBlockStart: '3px' },
  name: { fontWeight: tokens.fontWeightSemibold },
  more: { gridColumn: 2, color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
  details: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)',
    gap: '4px 16px',
    margin: '4px 0 0',
    fontSize: tokens.fontSizeBase200,
  },
  value: { margin: 0 },
  title: { margin: '24px 0 8px', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
});

export function DemandPanel({ tenant, onClose }: { tenant: string; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const client = useQueryClient();
  const { name, own } = useTenants();
  const story = useStory();
  const words = useWords();
  const [person, setPerson] = useState<string[]>([]);
  const [account, setAccount] = useState<Account>();
  const [problem, setProblem] = useState<Problem>();
  const [isRunning, setRunning] = useState(false);
  const [userId] = person;
  const change: Change = {
    method: 'POST',
    path: `${pairPath(tenant)}/provisionOnDemand`,
    body: { userId: userId ?? '' },
  };
  const start = async () => {
    setRunning(true);
    setAccount(undefined);
    setProblem(undefined);
    try {
      setAccount(await graph.ask(Account, change));
      void client.invalidateQueries({ queryKey: ['sharing'] });
      void client.invalidateQueries({ queryKey: ['provisioning'] });
    } catch (thrown) {
      setProblem(asProblem(thrown));
    }
    setRunning(false);
  };
  const status = account?.statusInfo.status.toLowerCase() ?? '';
  const action = OUTCOMES.find((each) => each === account?.action) ?? 'Other';
  const isSame = account?.provisioningSteps.at(-1)?.details?.SkipReason === 'RedundantExport';
  const outcome =
    status === 'failure'
      ? 'failed'
      : isSame
        ? 'same'
        : action === 'Other'
          ? 'nothing'
          : (`did${action}` as const);
  return (
    <SidePanel
      wide
      title={t('demand.title', { tenant: name(tenant) })}
      onClose={onClose}
      foot={
        <>
          <Button appearance="primary" disabled={!userId || isRunning} onClick={() => void start()}>
            {account ? t('demand.again') : t('demand.do')}
          </Button>
          <Button onClick={onClose}>{t('ui.close')}</Button>
        </>
      }
    >
      <p className={styles.text}>{t('demand.text', { tenant: name(tenant) })}</p>
      <ObjectPicker
        single
        kind="users"
        label={t('column.person')}
        value={person}
        onChange={(ids) => {
          setPerson(ids);
          setAccount(undefined);
          setProblem(undefined);
        }}
      />
      {isRunning && <Lines count={4} height={32} />}
      {problem && <Failure problem={problem} isChange />}
      <div role="status">
        {account && (
          <p className={styles.outcome}>
            <Status tone={isSame ? 'good' : (TONES[status] ?? 'none')}>
              {t(`demand.${outcome}`, { tenant: name(tenant) })}
            </Status>
          </p>
        )}
      </div>
      {account && (
        <ol className={styles.steps}>
          {account.provisioningSteps.map((step, at) => {
            const kind = STEPS.find((each) => each === step.type) ?? 'Export';
            const details = Object.entries(step.details ?? {}).filter(
              ([key, value]) => value !== null && value !== '' && key !== 'ScopeEvaluationResult',
            );
            return (
              <li key={at} className={styles.step}>
                <Mark tone={TONES[step.status.toLowerCase()] ?? 'none'} className={styles.mark} />
                <span className={styles.name}>
                  {t(`demand.step.${kind}`, { tenant: name(tenant) })}
                </span>
                <div className={styles.more}>
                  {/* What went well is told by the name; why something didn't is in these words. */}
                  {step.status !== 'Success' &&
                    story.told(words.reason(codeOf(step), step.description))}
                  {details.length > 0 && (
                    <Disclosure label={t('demand.details')}>
                      <dl className={styles.details}>
                        {details.map(([key, value]) => (
                          <Detail
                            key={key}
                            term={words.step(key)}
                            value={
                              FLAGS[String(value)]
                                ? t(FLAGS[String(value)] ?? 'demand.no')
                                : String(value)
                            }
                          />
                        ))}
                      </dl>
                    </Disclosure>
                  )}
                </div>
              </li>
            );
          })}
        </ol>
      )}
      {Boolean(account?.modifiedProperties.length) && (
        <>
          <h3 className={styles.title}>{t('logs.values')}</h3>
          <Changes changes={account?.modifiedProperties ?? []} />
        </>
      )}
      {outcome === 'failed' && (
        <p>
          <Link to="/" search={{ pair: cellKey(own, tenant), action: 'sync' }}>
            {t('share.whyAndMend')}
          </Link>
        </p>
      )}
      {userId && <GraphCall change={change} />}
    </SidePanel>
  );
}

/** Why a step didn't do what it is for. */
const codeOf = ({ details }: Account['provisioningSteps'][number]): string =>
  String(details?.SkipReason ?? details?.ErrorCode ?? '');

function Detail({ term, value }: { term: string; value: string }) {
  const styles = useStyles();
  return (
    <>
      <dt>{term}</dt>
      <dd className={styles.value}>
        <bdi>{value}</bdi>
      </dd>
    </>
  );
}
