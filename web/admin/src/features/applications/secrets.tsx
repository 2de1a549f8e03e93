/** An application's secrets: made, shown once, removed; and the certificates that it has. */
import {
  Button,
  Dropdown,
  Field,
  Input,
  makeStyles,
  Option,
  tokens,
} from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons';
import { type Change, formatDate } from '@isopolity/core';
import { Failure, GraphCall, Mark, Once, useAct, useMaking } from '@isopolity/ui';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Application, NewSecret } from './model';

const MONTHS = [3, 6, 12, 24] as const;
const SOON_MS = 30 * 86_400_000;

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0 },
  item: {
    display: 'grid',
    gridTemplateColumns: '14px minmax(0, 1fr) auto',
    gap: '10px',
    alignItems: 'center',
    minHeight: '40px',
    borderTop: `1px solid ${tokens.colorNeutralStroke3}`,
    overflowWrap: 'anywhere',
  },
  more: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  form: { display: 'grid', gap: '12px', marginBlockStart: '12px' },
  row: { display: 'grid', gridTemplateColumns: '1fr 1fr', gap: '8px' },
  field: { minWidth: 0 },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
});

export function Secrets({ app }: { app: Application }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const client = useQueryClient();
  const { run, isRunning } = useAct();
  const [isAdding, setAdding] = useState(false);
  const [name, setName] = useState('');
  const [months, setMonths] = useState<number>(6);
  const [made, setMade] = useState<string>();
  const { make, problem } = useMaking(NewSecret);
  const until = new Date();
  until.setMonth(until.getMonth() + months);
  const change: Change = {
    method: 'POST',
    path: `/v1.0/applications/${app.id}/addPassword`,
    body: {
      passwordCredential: {
        displayName: name.trim() || t('app.secretName'),
        endDateTime: `${until.toISOString().slice(0, 10)}T00:00:00Z`,
      },
    },
  };
  const add = async () => {
    const answer = await make(change);
    if (!answer) return;
    setMade(answer.secretText);
    setAdding(false);
    setName('');
    void client.invalidateQueries({ queryKey: ['applications'] });
  };
  const secrets = app.passwordCredentials ?? [];
  const certificates = app.keyCredentials ?? [];
  const toneOf = (end: string | null | undefined) => {
    const left = end ? new Date(end).getTime() - Date.now() : Number.POSITIVE_INFINITY;
    return left < 0 ? 'bad' : left < SOON_MS ? 'partly' : 'good';
  };
  const ends = (end: string | null | undefined) =>
    end && t(toneOf(end) === 'bad' ? 'app.ended' : 'app.lasts', { date: formatDate(end) });
  return (
    <>
      <ul className={styles.list} aria-label={t('app.secrets')}>
        {secrets.map((secret) => (
          <li key={secret.keyId} className={styles.item}>
            <Mark tone={toneOf(secret.endDateTime)} />
            <span>
              {secret.displayName ?? t('app.secretName')}{' '}
              {secret.hint && <code dir="ltr">{secret.hint}…</code>}
              <div className={styles.more}>{ends(secret.endDateTime)}</div>
            </span>
            <Button
              size="small"
              appearance="subtle"
              icon={<DismissRegular />}
              aria-label={t('app.removeSecret', { name: secret.displayName ?? secret.hint ?? '' })}
              disabled={isRunning}
              onClick={() =>
                void run({
                  change: {
                    method: 'POST',
                    path: `/v1.0/applications/${app.id}/removePassword`,
                    body: { keyId: secret.keyId },
                  },
                  done: t('app.secretRemoved'),
                  refresh: [['applications']],
                })
              }
            />
          </li>
        ))}
        {certificates.map((certificate) => (
          <li key={certificate.keyId} className={styles.item}>
            <Mark tone={toneOf(certificate.endDateTime)} />
            <span>
              {t('app.certificate')} {certificate.displayName}
              <div className={styles.more}>{ends(certificate.endDateTime)}</div>
            </span>
            <span />
          </li>
        ))}
      </ul>
      {made && (
        <Once
          text={t('app.once')}
          secret={made}
          copy={t('app.copySecret')}
          onDone={() => setMade(undefined)}
        />
      )}
      <div className={styles.form}>
        {isAdding && (
          <>
            <div className={styles.row}>
              <Field label={t('app.secretFor')} className={styles.field}>
                <Input
                  className={styles.field}
                  value={name}
                  maxLength={120}
                  onChange={(_, { value }) => setName(value)}
                />
              </Field>
              <Field label={t('app.secretLasts')} className={styles.field}>
                <Dropdown
                  className={styles.field}
                  value={t('app.months', { count: months })}
                  selectedOptions={[String(months)]}
                  onOptionSelect={(_, { optionValue }) => setMonths(Number(optionValue))}
                >
                  {MONTHS.map((each) => (
                    <Option key={each} value={String(each)} text={t('app.months', { count: each })}>
                      {t('app.months', { count: each })}
                    </Option>
                  ))}
                </Dropdown>
              </Field>
            </div>
            {problem && <Failure problem={problem} isChange />}
          </>
        )}
        <div className={styles.actions}>
          <Button
            appearance={isAdding ? 'primary' : 'secondary'}
            onClick={() => (isAdding ? void add() : setAdding(true))}
          >
            {t('app.addSecret')}
          </Button>
          {isAdding && <Button onClick={() => setAdding(false)}>{t('ui.cancel')}</Button>}
        </div>
        {isAdding && <GraphCall change={change} />}
      </div>
    </>
  );
}
