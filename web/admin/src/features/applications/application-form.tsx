/** Registers an application, with its service principal, so that people here can sign in to it. */
import {
  Button,
  Field,
  Input,
  makeStyles,
  Radio,
  RadioGroup,
  Textarea,
} from '@fluentui/react-components';
import { asProblem, type Change, type Problem } from '@isopolity/core';
import { Failure, GraphCall, isAbout, SidePanel, saidAt, useTell } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { graph } from '../../session';
import { Application, KINDS, type RedirectKind } from './model';
import { linesOf } from './redirects';

const useStyles = makeStyles({ form: { display: 'grid', gap: '16px' } });

export function ApplicationForm(props: { onClose: () => void; onDone: (id: string) => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const tell = useTell();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [kind, setKind] = useState<RedirectKind>('web');
  const [uris, setUris] = useState('');
  const [isRunning, setRunning] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const redirectUris = linesOf(uris);
  const change: Change = {
    method: 'POST',
    path: '/v1.0/applications',
    body: {
      displayName: name.trim(),
      signInAudience: 'AzureADMyOrg',
      ...(redirectUris.length ? { [kind]: { redirectUris } } : {}),
    },
  };
  const principal = (appId: string): Change => ({
    method: 'POST',
    path: '/v1.0/servicePrincipals',
    body: { appId },
  });
  const create = async () => {
    setRunning(true);
    setProblem(undefined);
    try {
      const made = await graph.ask(Application, change);
      // Registered it is from here on, whatever becomes of the second step; its panel shows it.
      try {
        await graph.change(principal(made.appId));
      } catch (thrown) {
        tell(t('app.noPrincipal'), { problem: asProblem(thrown) });
      }
      tell(t('app.created', { name: name.trim() }));
      void client.invalidateQueries({ queryKey: ['applications'] });
      void client.invalidateQueries({ queryKey: ['principals'] });
      props.onDone(made.id);
    } catch (thrown) {
      setProblem(asProblem(thrown));
      setRunning(false);
    }
  };
  return (
    <SidePanel
      title={t('app.create')}
      onClose={props.onClose}
      foot={
        <>
          <Button
            appearance="primary"
            disabled={!name.trim() || isRunning}
            onClick={() => void create()}
          >
            {t('app.create')}
          </Button>
          <Button onClick={props.onClose}>{t('ui.cancel')}</Button>
        </>
      }
    >
      <div className={styles.form}>
        <Field
          label={t('column.name')}
          hint={t('app.nameHint')}
          required
          {...saidAt(problem, 'displayName')}
        >
          <Input value={name} maxLength={256} onChange={(_, { value }) => setName(value)} />
        </Field>
        <Field label={t('app.kind')}>
          <RadioGroup value={kind} onChange={(_, { value }) => setKind(value as RedirectKind)}>
            {KINDS.map((each) => (
              <Radio key={each} value={each} label={t(`redirect.${each}`)} />
            ))}
          </RadioGroup>
        </Field>
        <Field
          label={t('app.redirects')}
          hint={t('redirect.hint')}
          {...saidAt(problem, ...KINDS, 'redirectUris')}
        >
          <Textarea
            value={uris}
            dir="ltr"
            spellCheck={false}
            placeholder="https://wiki.contoso.example/signed-in"
            onChange={(_, { value }) => setUris(value)}
          />
        </Field>
        {problem && !isAbout(problem, [...KINDS, 'redirectUris', 'displayName']) && (
          <Failure problem={problem} isChange />
        )}
        <GraphCall change={[change, principal('…')]} />
      </div>
    </SidePanel>
  );
}
