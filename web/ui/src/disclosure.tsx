/** What is shown when somebody asks for it: a line with a chevron, and below it the rest. */
import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';

const useStyles = makeStyles({
  // From right to left the picture is turned over, and with it the way that it turns.
  box: { '&[open] > summary svg': { transform: 'rotate(90deg) /* @noflip */' } },
  summary: {
    display: 'flex',
    alignItems: 'center',
    gap: '4px',
    width: 'fit-content',
    minHeight: '28px',
    paddingInlineEnd: '6px',
    cursor: 'pointer',
    listStyleType: 'none',
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
    borderRadius: tokens.borderRadiusSmall,
    '::-webkit-details-marker': { display: 'none' },
    ':hover': { color: tokens.colorNeutralForeground1 },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  chevron: {
    flexShrink: 0,
    width: '12px',
    height: '12px',
    ':dir(rtl)': { scale: '-1 1' },
  },
});

export function Disclosure(props: { label: ReactNode; className?: string; children: ReactNode }) {
  const styles = useStyles();
  return (
    <details className={mergeClasses(styles.box, props.className)}>
      <summary className={styles.summary}>
        <svg viewBox="0 0 12 12" className={styles.chevron} aria-hidden="true" focusable="false">
          <path
            d="M4.5 2.5 8 6l-3.5 3.5"
            fill="none"
            stroke="currentColor"
            strokeWidth="1.5"
            strokeLinecap="round"
            strokeLinejoin="round"
          />
        </svg>
        {props.label}
      </summary>
      {props.children}
    </details>
  );
}
