/** What tells more on hover and on focus: times and ids. */
import { Button, makeStyles, Tooltip, tokens } from '@fluentui/react-components';
import { CheckmarkRegular, CopyRegular } from '@fluentui/react-icons';
import { formatExact, formatRelative } from '@isopolity/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

const useStyles = makeStyles({
  time: {
    whiteSpace: 'nowrap',
    fontVariantNumeric: 'tabular-nums',
    textDecorationLine: 'none',
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
  const [copied, setCopied] = useState(false);
  return (
    <Tooltip content={copied ? t('ui.copied') : id} relationship="description">
      <Button
        size="small"
        appearance="subtle"
        className={styles.id}
        iconPosition="after"
        icon={{ className: styles.copy, children: copied ? <CheckmarkRegular /> : <CopyRegular /> }}
        aria-label={t('ui.copyId', { id })}
        onClick={(event) => {
          event.stopPropagation();
          void navigator.clipboard.writeText(id).then(() => {
            setCopied(true);
            setTimeout(() => setCopied(false), 2000);
          });
        }}
      >
        {id.slice(0, 8)}…
      </Button>
    </Tooltip>
  );
}
