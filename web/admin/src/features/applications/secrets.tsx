/** An application's secrets and certificates: what there is, and adding one; a secret is shown once. */
import { Button, Dropdown, Field, Input, makeStyles, Option } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Failure, GraphCall, Once, useMaking } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { AddCertificate } from './certificates';
import { Credentials } from './credentials';
import { type Application, NewSecret } from './model';

const MONTHS = [3, 6, 12, 24] as const;

const useStyles = makeStyles({
  form: { display: 'grid', gap: '12px', marginBlockStart: '12px' },
  row: { display: 'grid', gridTemplateColumns: '1fr 1fr', gap: '8px' },
  field: { minWidth: 0 },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
});

export function Secrets({ app }: { app: Application }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const client = useQueryClient();
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
  return (
    <>
      <Credentials app={app} />
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
                  clearButton={null}
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
          {isAdding ? (
            <Button onClick={() => setAdding(false)}>{t('ui.cancel')}</Button>
          ) : (
            <AddCertificate app={app} />
          )}
        </div>
        {isAdding && <GraphCall change={change} />}
      </div>
    </>
  );
}
