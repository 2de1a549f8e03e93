/** By what an application proves who it is: its secrets and certificates, removed after a question. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons';
import { type Change, formatDate } from '@isopolity/core';
import { Ask, Mark, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { type ReactNode, useState } from 'react';
import { certificatesTo } from './certificates';
import type { Application } from './model';

const SOON_MS = 30 * 86_400_000;

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: '0 0 12px', padding: 0 },
  item: { borderTop: `1px solid ${tokens.colorNeutralStroke3}` },
  row: {
    display: 'grid',
    gridTemplateColumns: '14px minmax(0, 1fr) auto',
    gap: '10px',
    alignItems: 'center',
    minHeight: '40px',
    overflowWrap: 'anywhere',
  },
  more: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
});

interface Credential {
  id: string;
  name: string;
  shown: ReactNode;
  end: string | null | undefined;
  /** What to ask before it goes. */
  ask: 'app.removeSecretAsk' | 'app.removeCertificateAsk';
  removal: Change;
}

export function Credentials({ app }: { app: Application }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning, problem, forget } = useAct({ inPlace: true });
  const [asked, setAsked] = useState<string>();
  const certificates = app.keyCredentials ?? [];
  const all: Credential[] = [
    ...(app.passwordCredentials ?? []).map(({ keyId, displayName, hint, endDateTime }) => ({
      id: keyId,
      name: displayName ?? hint ?? t('app.secretName'),
      shown: (
        <>
          {displayName ?? t('app.secretName')} {hint && <code dir="ltr">{hint}…</code>}
        </>
      ),
      end: endDateTime,
      ask: 'app.removeSecretAsk' as const,
      removal: {
        method: 'POST' as const,
        path: `/v1.0/applications/${app.id}/removePassword`,
        body: { keyId },
      },
    })),
    ...certificates.map(({ keyId, displayName, endDateTime }) => ({
      id: keyId,
      name: displayName ?? t('app.certificate'),
      shown: (
        <>
          {t('app.certificate')} <bdi>{displayName}</bdi>
        </>
      ),
      end: endDateTime,
      ask: 'app.removeCertificateAsk' as const,
      removal: certificatesTo(
        app,
        certificates.filter((each) => each.keyId !== keyId),
        [],
      ),
    })),
  ];
  if (!all.length) return null;
  const toneOf = (end: string | null | undefined) => {
    const left = end ? new Date(end).getTime() - Date.now() : Number.POSITIVE_INFINITY;
    return left < 0 ? 'bad' : left < SOON_MS ? 'partly' : 'good';
  };
  const close = () => {
    setAsked(undefined);
    forget();
  };
  return (
    <ul className={styles.list} aria-label={t('app.secrets')}>
      {all.map(({ id, name, shown, end, ask, removal }) => (
        <li key={id} className={styles.item}>
          <div className={styles.row}>
            <Mark tone={toneOf(end)} />
            <span>
              {shown}
              <div className={styles.more}>
                {end &&
                  t(toneOf(end) === 'bad' ? 'app.ended' : 'app.lasts', { date: formatDate(end) })}
              </div>
            </span>
            <Button
              size="small"
              appearance="subtle"
              icon={<DismissRegular />}
              aria-label={t('app.removeSecret', { name })}
              aria-expanded={asked === id}
              onClick={() => setAsked(id)}
            />
          </div>
          {asked === id && (
            <Ask
              text={t(ask, { app: app.displayName ?? '', name })}
              action={t('app.doRemove')}
              change={removal}
              isRunning={isRunning}
              problem={problem}
              onCancel={close}
              onDo={() =>
                void run({
                  change: removal,
                  done: t('app.secretRemoved', { name }),
                  refresh: [['applications']],
                  after: close,
                })
              }
            />
          )}
        </li>
      ))}
    </ul>
  );
}
