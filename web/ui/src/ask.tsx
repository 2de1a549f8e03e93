/** Asks in place before something that can't be undone; shows in place what is shown only once. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { asProblem, type Change, type Problem } from '@isopolity/core';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import type * as v from 'valibot';
import { useGraph } from './acts';
import { CopyButton } from './copy-button';
import { GraphCall } from './graph-call';
import { Failure } from './pieces';
import { useTranslation } from './translation';

const useStyles = makeStyles({
  box: {
    display: 'grid',
    gap: '8px',
    padding: '12px',
    marginBlock: '4px 12px',
    borderRadius: tokens.borderRadiusLarge,
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  asks: { border: `1px solid ${tokens.colorStatusDangerBorder1}` },
  once: { border: `1px solid ${tokens.colorBrandStroke1}` },
  text: { margin: 0, textWrap: 'pretty' },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
  secret: {
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase400,
    overflowWrap: 'anywhere',
    userSelect: 'all',
  },
});

/** A question with its consequences. It takes the focus, and gives it back. */
export function Ask(props: {
  /** What will stop working, and for whom. */
  text: ReactNode;
  /** The act, as its button says it. */
  action: string;
  /** What will be sent, if anything is. */
  change?: Change | Change[];
  onDo: () => void;
  onCancel: () => void;
  isRunning?: boolean;
  problem?: Problem | undefined;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    box.current?.focus();
    box.current?.scrollIntoView({ block: 'nearest' });
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <div
      ref={box}
      role="alertdialog"
      aria-label={props.action}
      tabIndex={-1}
      className={`${styles.box} ${styles.asks}`}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        props.onCancel();
      }}
    >
      <div className={styles.text}>{props.text}</div>
      {props.problem && <Failure problem={props.problem} isChange />}
      <div className={styles.actions}>
        <Button
          size="small"
          appearance="primary"
          disabled={props.isRunning === true}
          onClick={props.onDo}
        >
          {props.action}
        </Button>
        <Button size="small" onClick={props.onCancel}>
          {t('ui.cancel')}
        </Button>
      </div>
      {props.change && <GraphCall change={props.change} />}
    </div>
  );
}

/** A secret that nobody can read again, to be copied now. */
export function Once(props: { text: ReactNode; secret: string; copy: string; onDone: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  return (
    <div className={`${styles.box} ${styles.once}`} role="status">
      <p className={styles.text}>{props.text}</p>
      <code dir="ltr" className={styles.secret}>
        {props.secret}
      </code>
      <div className={styles.actions}>
        <CopyButton size="small" appearance="primary" text={props.secret} label={props.copy} />
        <Button size="small" onClick={props.onDone}>
          {t('ui.haveIt')}
        </Button>
      </div>
    </div>
  );
}

/** Carries out a change whose answer matters, as that of one that makes a secret. */
export function useMaking<T>(schema: v.GenericSchema<unknown, T>) {
  const graph = useGraph();
  const [problem, setProblem] = useState<Problem>();
  const [isRunning, setRunning] = useState(false);
  const make = async (change: Change): Promise<T | undefined> => {
    setRunning(true);
    setProblem(undefined);
    try {
      return await graph.ask(schema, change);
    } catch (thrown) {
      setProblem(asProblem(thrown));
      return undefined;
    } finally {
      setRunning(false);
    }
  };
  return { make, isRunning, problem };
}
