/** Who fails on the way to a tenant, and why. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { asProblem } from '@isopolity/core';
import { Failure, Lines, Time } from '@isopolity/ui';
import { Link } from '@isopolity/ui/router';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { sharingFailures } from '../../api/queries';
import type { SyncFailure } from '../../api/shapes';
import { useStory } from '../../why/story';
import { useWords } from '../../words';

const useStyles = makeStyles({
  part: { marginBlockStart: '24px' },
  title: { margin: '0 0 8px', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
  label: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  failures: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: '12px' },
  failure: { overflowWrap: 'anywhere' },
  name: { fontWeight: tokens.fontWeightSemibold },
});

/** Failures that are listed one by one; the rest shares their reasons. */
const LISTED_MAX = 20;

export function Failures({ tenant }: { tenant: string }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const story = useStory();
  const words = useWords();
  const failures = useQuery(sharingFailures(tenant));
  const shown: SyncFailure[] = failures.data?.slice(0, LISTED_MAX) ?? [];
  return (
    <section className={styles.part} aria-label={t('failure.title')}>
      <h3 className={styles.title}>{t('failure.title')}</h3>
      {failures.error && <Failure problem={asProblem(failures.error)} />}
      {!failures.data && !failures.error && <Lines count={3} />}
      <ul className={styles.failures}>
        {shown.map((failure) => (
          <li key={failure.userId} className={styles.failure}>
            <Link to="/people" search={{ open: failure.userId }} className={styles.name}>
              {failure.displayName ?? failure.userPrincipalName}
            </Link>
            <div>{story.told(words.reason(failure.code, failure.reason))}</div>
            <div className={styles.label}>
              {t('failure.since')} <Time at={failure.failedSinceDateTime} />
              {failure.nextAttemptDateTime && (
                <>
                  {' · '}
                  {t('failure.next')} <Time at={failure.nextAttemptDateTime} />
                </>
              )}
            </div>
          </li>
        ))}
      </ul>
      {failures.data && failures.data.length > LISTED_MAX && (
        <p>{t('ui.more', { count: failures.data.length - LISTED_MAX })}</p>
      )}
    </section>
  );
}
