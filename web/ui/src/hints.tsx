/** What tells more on hover and on focus: times and ids. */
import { Button, makeStyles, Tooltip, tokens } from '@fluentui/react-components';
import { CheckmarkRegular, CopyRegular } from '@fluentui/react-icons';
import { formatExact, formatRelative } from '@isopolity/core';
import { type ReactNode, useEffect, useState } from 'react';
import { useCopy } from './copy-button';
import { useTranslation } from './translation';

const useStyles = makeStyles({
  time: {
    whiteSpace: 'nowrap',
    fontVariantNumeric: 'tabular-nums',
    textDecorationLine: 'none',
  },
  leftToRight: {
    display: 'block',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    // At the side at which the texts around it begin.
    textAlign: 'match-parent',
  },
  id: {
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
    minWidth: 0,
    height: '24px',
    paddingInline: '6px',
    // Its text stands where other values begin.
    marginInlineStart: '-6px',
  },
  copy: { fontSize: '14px', width: '14px', height: '14px', color: tokens.colorNeutralForeground3 },
});

/** What reads from left to right in every language, such as a name to sign in by; cut at its end. */
export function LeftToRight({ children }: { children: ReactNode }) {
  return (
    <span dir="ltr" className={useStyles().leftToRight}>
      {children}
    </span>
  );
}

/** A time as people say it; the exact one on hover and on focus. */
export function Time({ at }: { at: string | null | undefined }) {
  const styles = useStyles();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  if (!at) return <span aria-hidden="true">–</span>;
  return (
    <Tooltip content={formatExact(at)} relationship="description">
      <time dateTime={at} className={styles.time}>
        {formatRelative(at, now)}
      </time>
    </Tooltip>
  );
}

/** The beginning of an id; a click copies all of it. */
export function ShortId({ id }: { id: string }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const [copy, isCopied] = useCopy(id);
  return (
    <Tooltip content={isCopied ? t('ui.copied') : id} relationship="description">
      <Button
        size="small"
        appearance="subtle"
        className={styles.id}
        iconPosition="after"
        icon={{
          className: styles.copy,
          children: isCopied ? <CheckmarkRegular /> : <CopyRegular />,
        }}
        aria-label={t('ui.copyId', { id })}
        onClick={(event) => {
          event.stopPropagation();
          copy();
        }}
      >
        <span dir="ltr">{id.slice(0, 8)}…</span>
      </Button>
    </Tooltip>
  );
}
