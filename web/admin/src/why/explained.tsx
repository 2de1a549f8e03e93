/** Whether one person is synchronized and may sign in to a tenant: in a word, and the story behind. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { asProblem } from '@isopolity/core';
import { Failure, Lines, Mark } from '@isopolity/ui';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Trace } from '../api/shapes';
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

export const explanation = (
  action: string,
  user: string | undefined,
  from: string,
  to: string,
  application?: string,
) => ({
  queryKey: ['explain', action, user, from, to, application],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    graph.ask(
      Trace,
      {
        method: 'POST',
        path: '/beta/isopolity/explain',
        body: {
          action,
          from: { tenantId: from, ...(user ? { userId: user } : {}) },
          to: { tenantId: to, ...(application ? { applicationId: application } : {}) },
        },
      },
      signal,
    ),
});

export function Explained({ user, tenant }: { user: string; tenant: string }) {
  return (
    <>
      <Answer action="sync" user={user} to={tenant} />
      <Answer action="signin" user={user} to={tenant} />
    </>
  );
}

export function Answer(props: {
  action: 'sync' | 'signin';
  user: string;
  to: string;
  application?: string;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const story = useStory();
  const { name } = useTenants();
  const from = session.identity.tenantId;
  const read = useQuery(explanation(props.action, props.user, from, props.to, props.application));
  if (read.error) return <Failure problem={asProblem(read.error)} />;
  if (!read.data) return <Lines count={1} height={32} />;
  const { allowed, steps } = read.data;
  const refusing = steps.find((step) => !step.allowed);
  return (
    <details className={styles.box}>
      <summary className={styles.summary}>
        <Mark tone={allowed ? 'good' : 'bad'} />
        <span>
          {t(`explain.${props.action}.${allowed ? 'yes' : 'no'}`, { tenant: name(props.to) })}{' '}
          {refusing && <span className={styles.why}>{story.sentence(refusing, props.to)}</span>}{' '}
          <span className={styles.more}>{t('ui.why')}</span>
        </span>
      </summary>
      <div className={styles.inside}>
        <Steps steps={steps} from={from} to={props.to} />
      </div>
    </details>
  );
}
