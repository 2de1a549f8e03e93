/** Signing in didn't work: why, and the way to try again. */
import { Button, makeStyles } from '@fluentui/react-components';
import type { Problem } from '@isopolity/core';
import { Failure, Logo } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { session } from './session';

const useStyles = makeStyles({
  page: {
    maxWidth: '520px',
    marginInline: 'auto',
    padding: '15vh 24px 24px',
    display: 'grid',
    gap: '16px',
    justifyItems: 'start',
  },
});

export function StartFailure({ problem }: { problem: Problem }) {
  const { t } = useTranslation();
  const styles = useStyles();
  return (
    <main className={styles.page}>
      <Logo size={32} />
      <h1>{t('start.failed')}</h1>
      <Failure problem={problem} />
      <Button appearance="primary" onClick={() => void session.signIn({ chooseAccount: true })}>
        {t('start.again')}
      </Button>
    </main>
  );
}
