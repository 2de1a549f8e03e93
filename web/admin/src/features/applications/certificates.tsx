/** Adds a certificate to an application, whose private key stays where it was made. */
import { Button, makeStyles, mergeClasses } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Failure, GraphCall, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useRef, useState } from 'react';
import { certificateOf, type Unusable } from './certificate-file';
import type { Application, Certificate } from './model';

const KIND = { type: 'AsymmetricX509Cert', usage: 'Verify' };

const useStyles = makeStyles({
  form: { display: 'grid', gap: '8px', justifyItems: 'start' },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
  wide: { flexBasis: '100%' },
  text: { margin: 0 },
});

/** The whole list: what it doesn't name goes. */
export const certificatesTo = (app: Application, kept: Certificate[], added: object[]): Change => ({
  method: 'PATCH',
  path: `/v1.0/applications/${app.id}`,
  body: {
    keyCredentials: [
      ...kept.map(({ keyId, displayName }) => ({ ...KIND, keyId, displayName })),
      ...added.map((each) => ({ ...KIND, ...each })),
    ],
  },
});

export function AddCertificate({ app }: { app: Application }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning, problem, forget } = useAct({ inPlace: true });
  const picker = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useState<{ name: string; key: string }>();
  const [wrong, setWrong] = useState<Unusable>();
  const kept = app.keyCredentials ?? [];
  const take = async (file: File | undefined) => {
    if (!file) return;
    forget();
    const read = await certificateOf(file);
    setWrong('unusable' in read ? read.unusable : undefined);
    setChosen('key' in read ? { name: file.name, key: read.key } : undefined);
  };
  const change = certificatesTo(app, kept, chosen ? [{ key: chosen.key }] : []);
  return (
    <div className={mergeClasses(styles.form, (chosen || wrong) && styles.wide)}>
      <input
        ref={picker}
        type="file"
        accept=".cer,.crt,.der,.pem"
        hidden
        aria-label={t('app.addCertificate')}
        onChange={({ target }) => {
          void take(target.files?.[0]);
          // The same file may be chosen again, once it is mended.
          target.value = '';
        }}
      />
      {!chosen && (
        <Button onClick={() => picker.current?.click()}>{t('app.addCertificate')}</Button>
      )}
      {wrong && (
        <p role="alert" className={styles.text}>
          {t(`app.noCertificate.${wrong}`)}
        </p>
      )}
      {chosen && (
        <>
          <p className={styles.text}>{t('app.certificateChosen', { file: chosen.name })}</p>
          {problem && <Failure problem={problem} isChange />}
          <div className={styles.actions}>
            <Button
              appearance="primary"
              disabled={isRunning}
              onClick={() =>
                void run({
                  change,
                  undo: certificatesTo(app, kept, []),
                  done: t('app.certificateAdded'),
                  refresh: [['applications']],
                  after: () => setChosen(undefined),
                })
              }
            >
              {t('app.addCertificate')}
            </Button>
            <Button onClick={() => setChosen(undefined)}>{t('ui.cancel')}</Button>
          </div>
          <GraphCall change={change} />
        </>
      )}
    </div>
  );
}
