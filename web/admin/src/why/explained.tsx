/** Whether one person is synchronized, may sign in and use an application: in a word, and why. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { asProblem } from '@isopolity/core';
import { Failure, Lines, Mark } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { type Step, Trace } from '../api/shapes';
import { graph, session } from '../session';
import { useTenants } from '../tenants';
import { Steps } from './steps';
import { useStory } from './story';

const useStyles = makeStyles({
  box: {
    borderTop: `1px solid ${tokens.colorNeutralStroke3}`,
    '&[open] > summary': { marginBottom: '12px' },
    paddingBlock: '4px',
  },
  summary: {
    cursor: 'pointer',
    display: 'grid',
    gridTemplateColumns: '14px minmax(0, 1fr)',
    gap: '10px',
    alignItems: 'center',
    minHeight: '32px',
    borderRadius: tokens.borderRadiusSmall,
    listStyleType: 'none',
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  why: { color: tokens.colorNeutralForeground2 },
  more: {
    color: tokens.colorBrandForegroundLink,
    textDecorationLine: 'underline',
    whiteSpace: 'nowrap',
  },
  inside: { paddingInlineStart: '24px', paddingBlockEnd: '12px' },
});

/** How often a refusal is asked about again: what mends it may be done elsewhere. */
const AGAIN_MS = 4000;

/** A question: about somebody of the own tenant who goes to another, or about an account here. */
interface Question {
  action: 'sync' | 'signin';
  user: string;
  to: string;
  /** The client id of an application there. */
  application?: string | undefined;
}

const explanation = ({ action, user, to, application }: Question) => {
  const own = session.identity.tenantId;
  const target = { tenantId: to, ...(application ? { applicationId: application } : {}) };
  return {
    queryKey: ['explain', action, user, to, application],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      graph.ask(
        Trace,
        {
          method: 'POST',
          path: '/beta/isopolity/explain',
          body:
            to === own
              ? { action, to: { ...target, userId: user } }
              : { action, from: { tenantId: own, userId: user }, to: target },
        },
        signal,
      ),
  };
};

export function Explained({ user, tenant }: { user: string; tenant: string }) {
  return (
    <>
      <Answer action="sync" user={user} to={tenant} />
      <Answer action="signin" user={user} to={tenant} />
    </>
  );
}

export function Answer(props: Question & { applicationName?: string | undefined }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const story = useStory();
  const { name, own } = useTenants();
  const { action, to, application } = props;
  const read = useQuery({
    ...explanation(props),
    refetchInterval: (query) => (query.state.data?.allowed ? false : AGAIN_MS),
  });
  if (read.error) return <Failure problem={asProblem(read.error)} />;
  if (!read.data) return <Lines count={1} height={32} />;
  const { allowed, steps } = read.data;
  // An account here may be at home elsewhere.
  const from = to === own ? (steps.find(({ tenantId }) => tenantId !== own)?.tenantId ?? own) : own;
  const otherOf = (step: Step) => (step.tenantId === to ? from : to);
  const refusing = steps.find((step) => !step.allowed);
  const missing = steps.find(({ value }) => value === 'none');
  const said = refusing ?? missing;
  const answer = allowed ? 'yes' : 'no';
  return (
    <details className={styles.box}>
      <summary className={styles.summary}>
        <Mark tone={!allowed ? 'bad' : missing ? 'partly' : 'good'} />
        <span>
          {application
            ? t(`explain.app.${answer}`, {
                app: props.applicationName ?? application,
                tenant: name(to),
              })
            : t(`explain.${action}.${answer}`, { tenant: name(to) })}{' '}
          {said && <span className={styles.why}>{story.sentence(said, otherOf(said), 'one')}</span>}{' '}
          <span className={styles.more}>{t('ui.why')}</span>
        </span>
      </summary>
      <div className={styles.inside}>
        <Steps
          steps={steps}
          from={from}
          to={to}
          action={action}
          user={to === own ? undefined : props.user}
        />
      </div>
    </details>
  );
}
