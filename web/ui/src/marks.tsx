/**
 * Marks of state. Each has its own shape; a word stands beside it or, in a matrix, is its name.
 */
import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';

export type Tone = 'good' | 'partly' | 'bad' | 'waiting' | 'none';

const useStyles = makeStyles({
  mark: { width: '14px', height: '14px', flexShrink: 0, display: 'block' },
  good: { color: tokens.colorPaletteGreenForeground1 },
  partly: { color: tokens.colorPaletteMarigoldForeground2 },
  bad: { color: tokens.colorPaletteRedForeground1 },
  waiting: { color: tokens.colorBrandForeground1 },
  none: { color: tokens.colorNeutralForeground3 },
  status: {
    display: 'inline-flex',
    alignItems: 'flex-start',
    verticalAlign: 'bottom',
    gap: '6px',
    minWidth: 0,
    maxWidth: '100%',
  },
  // Beside the middle of the first line.
  beside: { marginBlockStart: 'calc((1lh - 14px) / 2)' },
  word: { minWidth: 0, overflow: 'hidden', textOverflow: 'ellipsis' },
});

const shapes: Record<Tone, ReactNode> = {
  // A filled disc, a half one, an open ring with a bar, a ring with a dot, a dash.
  good: <circle cx="7" cy="7" r="6" fill="currentColor" />,
  partly: (
    <>
      <circle cx="7" cy="7" r="5.25" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <path d="M7 1.75a5.25 5.25 0 0 1 0 10.5Z" fill="currentColor" />
    </>
  ),
  bad: (
    <>
      <circle cx="7" cy="7" r="5.25" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <path d="M4.2 9.8 9.8 4.2" stroke="currentColor" strokeWidth="1.5" />
    </>
  ),
  waiting: (
    <>
      <circle
        cx="7"
        cy="7"
        r="5.25"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeDasharray="2.6 2.2"
      />
      <circle cx="7" cy="7" r="1.75" fill="currentColor" />
    </>
  ),
  none: <path d="M3.5 7h7" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" />,
};

/** The shape alone; say the state in words beside it. */
export function Mark({ tone, className }: { tone: Tone; className?: string }) {
  const styles = useStyles();
  return (
    <svg
      viewBox="0 0 14 14"
      className={mergeClasses(styles.mark, styles[tone], className)}
      aria-hidden="true"
      focusable="false"
    >
      {shapes[tone]}
    </svg>
  );
}

/** The shape with its word. */
export function Status({ tone, children }: { tone: Tone; children: ReactNode }) {
  const styles = useStyles();
  return (
    <span className={styles.status}>
      <Mark tone={tone} className={styles.beside} />
      <span className={styles.word}>{children}</span>
    </span>
  );
}

/** Our mark: two joined squares of a city plan. */
export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" focusable="false">
      <g
        fill="none"
        stroke={tokens.colorBrandForeground1}
        strokeWidth="2.25"
        strokeLinejoin="round"
      >
        <path d="M9.5 15.5H3.1V3.1h12.4v6.4" />
        <path d="M14.5 8.5h6.4v12.4H8.5v-6.4" />
        <path d="M9.5 14.5 14.5 9.5" strokeLinecap="round" />
      </g>
    </svg>
  );
}
