/** A page beside the admin centre: what somebody sees who isn't in it. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { Logo } from '@isopolity/ui';
import type { ReactNode } from 'react';

const useStyles = makeStyles({
  page: {
    maxWidth: '520px',
    marginInline: 'auto',
    padding: '15vh 24px 24px',
    display: 'grid',
    gap: '16px',
    justifyItems: 'start',
  },
  title: {
    margin: 0,
    fontSize: tokens.fontSizeBase500,
    lineHeight: tokens.lineHeightBase500,
  },
});

export function LonePage({ title, children }: { title: string; children: ReactNode }) {
  const styles = useStyles();
  return (
    <main className={styles.page}>
      <Logo size={32} />
      <h1 className={styles.title}>{title}</h1>
      {children}
    </main>
  );
}
