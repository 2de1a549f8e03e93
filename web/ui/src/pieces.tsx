/** Small pieces that every screen uses: page heads, sections, empty and failed states. */
import {
  Button,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  MessageBarTitle,
  makeStyles,
  mergeClasses,
  Skeleton,
  SkeletonItem,
  tokens,
} from '@fluentui/react-components';
import { formatNumber, type Problem, propertyOf } from '@isopolity/core';
import { type ReactNode, useEffect } from 'react';
import { Said } from './sentences';
import { useTranslation } from './translation';

const useStyles = makeStyles({
  head: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'flex-start',
    gap: '12px 24px',
    marginBottom: '16px',
    '& + section': { marginBlockStart: '8px' },
  },
  headText: { flexGrow: 1, flexShrink: 1, flexBasis: '320px', minWidth: 0 },
  title: {
    margin: 0,
    fontSize: tokens.fontSizeBase500,
    lineHeight: tokens.lineHeightBase500,
    fontWeight: tokens.fontWeightSemibold,
  },
  sentence: {
    marginBlock: '4px 0',
    color: tokens.colorNeutralForeground2,
    maxWidth: '72ch',
    textWrap: 'pretty',
  },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
  section: { marginBlockStart: '24px' },
  sectionText: { flexGrow: 1, flexShrink: 1, flexBasis: '200px', minWidth: 0 },
  sectionTitle: {
    margin: 0,
    fontSize: tokens.fontSizeBase300,
    lineHeight: tokens.lineHeightBase300,
    fontWeight: tokens.fontWeightSemibold,
  },
  sectionHead: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '8px 16px',
    marginBottom: '12px',
    minHeight: '32px',
  },
  empty: {
    border: `1px dashed ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusLarge,
    padding: '32px 24px',
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'flex-start',
    gap: '12px',
    maxWidth: '640px',
  },
  emptyText: { margin: 0, maxWidth: '60ch' },
  example: { margin: 0, color: tokens.colorNeutralForeground3, maxWidth: '60ch' },
  lines: { display: 'grid', gap: '12px' },
  number: { fontVariantNumeric: 'tabular-nums' },
});

/** A number, its digits under those above it. */
export function Count({ value }: { value: number }) {
  return <span className={useStyles().number}>{formatNumber(value)}</span>;
}

/** A page's title, the sentence that is its answer, and what can be done. */
export function PageHead(props: { title: string; sentence?: ReactNode; actions?: ReactNode }) {
  const styles = useStyles();
  useEffect(() => {
    document.title = `${props.title} · isopolity`;
  }, [props.title]);
  return (
    <header className={styles.head}>
      <div className={styles.headText}>
        <h1 className={styles.title}>{props.title}</h1>
        {props.sentence && <p className={styles.sentence}>{props.sentence}</p>}
      </div>
      {props.actions && <div className={styles.actions}>{props.actions}</div>}
    </header>
  );
}

/** A part of a page. */
export function Section(props: {
  title: string;
  actions?: ReactNode;
  sentence?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  const styles = useStyles();
  return (
    <section className={mergeClasses(styles.section, props.className)} aria-label={props.title}>
      <div className={styles.sectionHead}>
        <div className={styles.sectionText}>
          <h2 className={styles.sectionTitle}>{props.title}</h2>
          {props.sentence && <p className={styles.sentence}>{props.sentence}</p>}
        </div>
        {props.actions && <div className={styles.actions}>{props.actions}</div>}
      </div>
      {props.children}
    </section>
  );
}

/** Nothing there yet: what this is for, the first step, an example. */
export function Empty(props: { text: string; action?: ReactNode; example?: string }) {
  const styles = useStyles();
  return (
    <div className={styles.empty}>
      <p className={styles.emptyText}>{props.text}</p>
      {props.action}
      {props.example && <p className={styles.example}>{props.example}</p>}
    </div>
  );
}

/** What went wrong, what that means for the data, and what to do. */
export function Failure(props: {
  problem: Problem;
  /** Whether something was to be changed. */
  isChange?: boolean;
  onRetry?: () => void;
}) {
  const { t } = useTranslation();
  const { problem } = props;
  return (
    <MessageBar intent={problem.isPassing ? 'warning' : 'error'} layout="multiline" role="alert">
      <MessageBarBody>
        <MessageBarTitle>{t(`problem.${problem.kind}`)}</MessageBarTitle>{' '}
        {problem.kind !== 'unreachable' && <Said text={problem.message} />}
        {props.isChange && problem.kind !== 'unreachable' && ` ${t('problem.nothingChanged')}`}
        {problem.requestId && problem.kind === 'strange' && (
          <> {t('problem.requestId', { id: problem.requestId })}</>
        )}
      </MessageBarBody>
      {props.onRetry && (
        <MessageBarActions>
          <Button size="small" onClick={props.onRetry}>
            {t('ui.tryAgain')}
          </Button>
        </MessageBarActions>
      )}
    </MessageBar>
  );
}

/** The shape of lines that are on their way. */
export function Lines({ count = 3, height = 16 }: { count?: number; height?: 16 | 24 | 32 | 40 }) {
  const { t } = useTranslation();
  const styles = useStyles();
  return (
    <Skeleton aria-label={t('ui.loading')}>
      <div className={styles.lines}>
        {Array.from({ length: count }, (_, at) => (
          <SkeletonItem key={at} size={height} />
        ))}
      </div>
    </Skeleton>
  );
}

/** What a field says where a refusal is about what was entered in it. */
export function saidAt(problem: Problem | undefined, ...properties: string[]) {
  return problem && isAbout(problem, properties)
    ? { validationMessage: <Said text={problem.message} />, validationState: 'error' as const }
    : {};
}

/** Whether a refusal is about one of these properties, so that a field says it. */
export function isAbout(problem: Problem | undefined, properties: readonly string[]): boolean {
  const property = propertyOf(problem);
  return property !== undefined && properties.includes(property);
}
