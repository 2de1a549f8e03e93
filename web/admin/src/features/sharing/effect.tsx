/** Whom a change would add and remove, seen before it is saved. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { asProblem, formatNumber } from '@isopolity/core';
import { Failure, Lines } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import type { ReactNode } from 'react';
import type { SharingPreview } from '../../api/shapes';
import { People } from '../../objects/names';

const useStyles = makeStyles({
  box: {
    display: 'grid',
    gap: '10px',
    padding: '16px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
  },
  title: { margin: 0, fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
  text: { margin: 0 },
});

export function Effect(props: {
  effect: SharingPreview | undefined;
  error: Error | null;
  isBusy: boolean;
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { effect, error } = props;
  const counted = (count: number) => ({ count, number: formatNumber(count) });
  return (
    <section
      className={styles.box}
      aria-label={t('share.preview')}
      aria-live="polite"
      aria-busy={props.isBusy}
    >
      <h3 className={styles.title}>{t('share.preview')}</h3>
      {error && <Failure problem={asProblem(error)} />}
      {!effect && !error && <Lines count={3} />}
      {effect && !error && (
        <>
          {effect.added.count + effect.removed.count === 0 && (
            <p className={styles.text}>{t('share.changesNobody')}</p>
          )}
          {effect.added.count > 0 && (
            <People
              tone="good"
              text={t('share.adds', counted(effect.added.count))}
              users={effect.added.users}
              count={effect.added.count}
            />
          )}
          {effect.removed.count > 0 && (
            <People
              tone="bad"
              text={t('share.removes', counted(effect.removed.count))}
              users={effect.removed.users}
              count={effect.removed.count}
            />
          )}
          {effect.removed.count > 0 && (
            <p className={styles.text}>
              {effect.deletionGuard.trips ? t('share.trips') : t('share.restorable')}
            </p>
          )}
          {props.children}
        </>
      )}
    </section>
  );
}
