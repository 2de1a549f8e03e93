/** The keys that the tenant's tokens are signed with: which signs, and rotating it. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { KeyRegular } from '@fluentui/react-icons';
import { asProblem } from '@isopolity/core';
import { Ask, Failure, Lines, Mark, Section, Time, useAct } from '@isopolity/ui';
import { Told, useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ROTATE, signingKeys } from './model';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: '0 0 12px', padding: 0, maxWidth: '640px' },
  item: {
    display: 'grid',
    gridTemplateColumns: '14px minmax(0, 1fr)',
    gap: '10px',
    alignItems: 'center',
    paddingBlock: '8px',
    borderTop: `1px solid ${tokens.colorNeutralStroke3}`,
  },
  id: { overflowWrap: 'anywhere', userSelect: 'all' },
  more: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  ask: { maxWidth: '640px' },
});

export function Keys() {
  const { t } = useTranslation();
  const styles = useStyles();
  const read = useQuery(signingKeys);
  const [isAsking, setAsking] = useState(false);
  const { run, isRunning, problem, forget } = useAct({ inPlace: true });
  const close = () => {
    setAsking(false);
    forget();
  };
  return (
    <Section
      title={t('keys.title')}
      sentence={t('keys.sentence')}
      actions={
        !isAsking && (
          <Button icon={<KeyRegular />} onClick={() => setAsking(true)}>
            {t('keys.rotate')}
          </Button>
        )
      }
    >
      {read.error && (
        <Failure problem={asProblem(read.error)} onRetry={() => void read.refetch()} />
      )}
      {!read.data && !read.error && <Lines count={2} height={24} />}
      {isAsking && (
        <div className={styles.ask}>
          <Ask
            text={t('keys.rotateAsk')}
            action={t('keys.rotate')}
            change={ROTATE}
            isRunning={isRunning}
            problem={problem}
            onCancel={close}
            onDo={() =>
              void run({
                change: ROTATE,
                done: t('keys.rotated'),
                refresh: [['signing-keys']],
                after: close,
              })
            }
          />
        </div>
      )}
      {read.data && (
        <ul className={styles.list} aria-label={t('keys.title')}>
          {read.data.map((key) => (
            <li key={key.keyId} className={styles.item}>
              <Mark tone={key.isSigning ? 'good' : 'none'} />
              <span>
                <code dir="ltr" className={styles.id}>
                  {key.keyId}
                </code>
                <div className={styles.more}>
                  {key.isSigning ? (
                    <Told
                      text={t('keys.signs')}
                      parts={{ time: <Time at={key.createdDateTime} /> }}
                    />
                  ) : (
                    <Told
                      text={t('keys.goes')}
                      parts={{ time: <Time at={key.expirationDateTime} /> }}
                    />
                  )}
                </div>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
