/** Where answers of the sign-in may go, by kind of client. */
import { Button, Field, makeStyles, Textarea } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Failure, GraphCall, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useState } from 'react';
import { type Application, KINDS, type RedirectKind } from './model';

const useStyles = makeStyles({
  form: { display: 'grid', gap: '12px' },
  actions: { display: 'flex', gap: '8px', flexWrap: 'wrap' },
});

/** What was written, one on each line. */
export const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

export function Redirects({ app }: { app: Application }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning, problem, forget } = useAct({ inPlace: true });
  const saved = (kind: RedirectKind) => app[kind]?.redirectUris ?? [];
  const [texts, setTexts] = useState<Partial<Record<RedirectKind, string>>>({});
  const changed = KINDS.filter(
    (kind) =>
      texts[kind] !== undefined && linesOf(texts[kind]).join('\n') !== saved(kind).join('\n'),
  );
  const bodyOf = (uris: (kind: RedirectKind) => string[]) =>
    Object.fromEntries(changed.map((kind) => [kind, { redirectUris: uris(kind) }]));
  const path = `/v1.0/applications/${app.id}`;
  const change: Change = {
    method: 'PATCH',
    path,
    body: bodyOf((kind) => linesOf(texts[kind] ?? '')),
  };
  return (
    <div className={styles.form}>
      {KINDS.map((kind) => (
        <Field key={kind} label={t(`redirect.${kind}`)} hint={t(`redirect.${kind}Hint`)}>
          <Textarea
            dir="ltr"
            spellCheck={false}
            resize="vertical"
            rows={Math.max(1, Math.min(6, saved(kind).length + 1))}
            value={texts[kind] ?? saved(kind).join('\n')}
            onChange={(_, { value }) => setTexts({ ...texts, [kind]: value })}
          />
        </Field>
      ))}
      {problem && <Failure problem={problem} isChange />}
      {changed.length > 0 && (
        <>
          <div className={styles.actions}>
            <Button
              appearance="primary"
              disabled={isRunning}
              onClick={() =>
                void run({
                  change,
                  undo: { method: 'PATCH', path, body: bodyOf(saved) },
                  done: t('redirect.saved'),
                  refresh: [['applications']],
                  after: () => setTexts({}),
                })
              }
            >
              {t('redirect.save')}
            </Button>
            <Button
              onClick={() => {
                setTexts({});
                forget();
              }}
            >
              {t('ui.cancel')}
            </Button>
          </div>
          <GraphCall change={change} />
        </>
      )}
    </div>
  );
}
