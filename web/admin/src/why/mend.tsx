/** What would mend a pair, by both sides; and doing it, after having seen it. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { WrenchRegular } from '@fluentui/react-icons';
import { asProblem, type Change } from '@isopolity/core';
import { Failure, GraphCall, Lines, Status, Time, useAct } from '@isopolity/ui';
import { Link } from '@isopolity/ui/router';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import type * as v from 'valibot';
import { requests } from '../api/queries';
import { type Mend, MendAnswer, type Pair, type SettingChange, type Step } from '../api/shapes';
import { graph } from '../session';
import { useTenants } from '../tenants';
import { useStory } from './story';

const useStyles = makeStyles({
  box: {
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    padding: '16px',
    marginBlockStart: '24px',
  },
  title: { margin: 0, fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
  part: { marginBlock: '12px 4px', color: tokens.colorNeutralForeground2 },
  list: { margin: 0, paddingInlineStart: '20px', display: 'grid', gap: '4px' },
  actions: { marginBlockStart: '16px' },
  one: { marginBlockStart: '8px' },
});

/** Does what a step of the own tenant says would let one person pass. */
export function StepMend(props: { step: Step; mend: Mend; other: string }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const story = useStory();
  const { run, isRunning } = useAct();
  const { step, mend, other } = props;
  const change: Change = {
    method: mend.method as Change['method'],
    path: mend.path,
    body: mend.body ?? {},
  };
  return (
    <div className={styles.one}>
      <Button
        appearance="primary"
        icon={<WrenchRegular />}
        disabled={isRunning}
        onClick={() => void run({ change, done: t('mend.done') })}
      >
        {story.setting(step.setting, step.tenantId, other, 'one')}
      </Button>
      <GraphCall change={change} />
    </div>
  );
}

export function MendBox({ pair }: { pair: Pick<Pair, 'from' | 'to' | 'action'> }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const story = useStory();
  const { own, name } = useTenants();
  const { run, isRunning } = useAct();
  const body = { from: pair.from, to: pair.to, action: pair.action };
  const other = pair.from === own ? pair.to : pair.from;
  const preview = useQuery({
    queryKey: ['readiness', 'mend', body],
    queryFn: ({ signal }) =>
      graph.ask(
        MendAnswer,
        { method: 'POST', path: '/beta/isopolity/readiness/mend', body: { ...body, dryRun: true } },
        signal,
      ),
  });
  const sent = useQuery(requests);
  const waiting = sent.data?.find(
    (request) =>
      request.direction === 'sent' &&
      request.state === 'pending' &&
      request.from === pair.from &&
      request.to === pair.to &&
      request.action === pair.action,
  );
  const change: Change = { method: 'POST', path: '/beta/isopolity/readiness/mend', body };
  const ours = preview.data?.changes ?? [];
  const wished = preview.data?.requests.flatMap((request) => request.changes) ?? [];
  // What was asked for already isn't asked for again.
  const isAsked = ({ setting }: { setting: string }) =>
    waiting?.changes.some((change) => change.setting === setting) ?? false;
  const asked = wished.filter((wish) => !isAsked(wish));
  const listed = (changes: v.InferOutput<typeof SettingChange>[]) => (
    <ul className={styles.list}>
      {changes.map((change) => (
        <li key={change.setting}>{story.setting(change.setting, change.tenantId, other)}</li>
      ))}
    </ul>
  );

  return (
    <section className={styles.box} aria-label={t('mend.title')}>
      <h3 className={styles.title}>{t('mend.title')}</h3>
      {preview.error && <Failure problem={asProblem(preview.error)} />}
      {!preview.data && !preview.error && <Lines count={2} />}
      {preview.data && !ours.length && !wished.length && !waiting && <p>{t('mend.nothing')}</p>}
      {waiting && (
        <div role="status">
          <p className={styles.part}>
            <Status tone="waiting">{t('mend.waits', { tenant: name(other) })}</Status>
          </p>
          {listed(waiting.changes)}
          <p className={styles.part}>
            {t('mend.askedAt')} <Time at={waiting.createdDateTime} />{' '}
            <Link to="/organization">{t('mend.toRequests')}</Link>
          </p>
        </div>
      )}
      {ours.length > 0 && (
        <>
          <p className={styles.part}>{t('mend.ours', { tenant: name(own) })}</p>
          {listed(ours)}
        </>
      )}
      {asked.length > 0 && (
        <>
          <p className={styles.part}>{t('mend.asked', { tenant: name(other) })}</p>
          {listed(asked)}
        </>
      )}
      {(ours.length > 0 || asked.length > 0) && (
        <>
          <div className={styles.actions}>
            <Button
              appearance="primary"
              icon={<WrenchRegular />}
              disabled={isRunning}
              onClick={() =>
                void run({
                  change,
                  done: asked.length
                    ? t('mend.doneAsked', { tenant: name(other) })
                    : t('mend.done'),
                  refresh: [['readiness'], ['requests'], ['sharing'], ['access'], ['explain']],
                })
              }
            >
              {ours.length
                ? asked.length
                  ? t('mend.doBoth', { count: ours.length, tenant: name(other) })
                  : t('mend.do', { count: ours.length })
                : t('mend.ask', { tenant: name(other) })}
            </Button>
          </div>
          <GraphCall change={change} />
        </>
      )}
    </section>
  );
}
