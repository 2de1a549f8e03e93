/** One cell of the matrix: for each action its story, and the mend. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { asProblem } from '@isopolity/core';
import { Failure, Lines, Mark, SidePanel, Status, Tabs } from '@isopolity/ui';
import { Link } from '@isopolity/ui/router';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { type Pair, Trace } from '../../api/shapes';
import { graph } from '../../session';
import { useTenants } from '../../tenants';
import { MendBox } from '../../why/mend';
import { Steps } from '../../why/steps';
import { Failures } from '../sharing/failures';
import { cameBefore, counted } from './counted';
import { type Action, type Cell, standingOf, TONES } from './matrix-model';

const useStyles = makeStyles({
  tabs: { marginBlockStart: '-8px' },
  answer: { marginBlock: '16px', fontWeight: tokens.fontWeightSemibold },
  note: { color: tokens.colorNeutralForeground2, marginBlock: '0 16px' },
});

/** What was asked where nothing stood in the way; only this tenant's own pairs can be asked about. */
function useSteps(pair: Pair, own: string) {
  const canAsk = pair.action === 'sync' && (pair.from === own || pair.to === own);
  return useQuery({
    queryKey: ['readiness', 'steps', pair.from, pair.to, pair.action],
    queryFn: ({ signal }) =>
      graph.ask(
        Trace,
        {
          method: 'POST',
          path: '/beta/isopolity/explain',
          body: {
            action: pair.action,
            from: { tenantId: pair.from },
            to: { tenantId: pair.to },
          },
        },
        signal,
      ),
    enabled: canAsk && !pair.steps.length,
  });
}

export default function PairPanel(props: {
  cell: Cell;
  actions: Action[];
  action: string | undefined;
  onAction: (action: string) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { name, own } = useTenants();
  const { cell, actions } = props;
  const there = actions.filter((action) => cell.pairs[action]);
  const worst = there.find((action) => cell.pairs[action]?.state !== 'ready') ?? there[0];
  const chosen = there.find((action) => action === props.action) ?? worst;
  const pair = chosen && cell.pairs[chosen];
  if (!pair) return null;
  const between = { from: name(cell.from), to: name(cell.to) };
  const isOurs = cell.from === own || cell.to === own;

  return (
    <SidePanel
      title={t('pair.title', between)}
      subtitle={isOurs ? undefined : t('pair.notOurs')}
      onClose={props.onClose}
    >
      <Tabs
        label={t('pair.actions')}
        className={styles.tabs}
        value={chosen}
        onChange={props.onAction}
        tabs={there.flatMap((action) => {
          const its = cell.pairs[action];
          if (!its) return [];
          const icon = <Mark tone={TONES[standingOf(its)]} />;
          return [{ value: action, label: t(`action.${action}`), icon }];
        })}
      />
      <PairStory key={`${pair.from}${pair.to}${pair.action}`} pair={pair} isOurs={isOurs} />
    </SidePanel>
  );
}

function PairStory({ pair, isOurs }: { pair: Pair; isOurs: boolean }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { name, own } = useTenants();
  const asked = useSteps(pair, own);
  const steps = pair.steps.length ? pair.steps : (asked.data?.steps ?? []);
  const standing = standingOf(pair);
  const between = { from: name(pair.from), to: name(pair.to) };
  const action = pair.action as Action;
  return (
    <>
      <p className={styles.answer}>
        <Status tone={TONES[standing]}>{t(`story.${action}.${standing}`, between)}</Status>
      </p>
      {pair.counts && (
        <p className={styles.note}>
          {standing === 'blocked' && pair.counts.synced
            ? cameBefore(t, pair.counts)
            : counted(t, pair.counts)}
        </p>
      )}
      {pair.counts?.failed ? (
        pair.from === own ? (
          <Failures tenant={pair.to} />
        ) : (
          pair.to === own && (
            <p>
              <Link to="/users-across" search={{ tab: 'incoming', tenant: pair.from }}>
                {t('pair.whoIsStopped', { tenant: name(pair.from) })}
              </Link>
            </p>
          )
        )
      ) : null}
      {asked.error && <Failure problem={asProblem(asked.error)} />}
      {asked.isLoading && <Lines count={4} />}
      {steps.length > 0 && <Steps steps={steps} from={pair.from} to={pair.to} />}
      {pair.state !== 'ready' && steps.some((step) => !step.allowed) && isOurs && (
        <MendBox pair={pair} />
      )}
    </>
  );
}
