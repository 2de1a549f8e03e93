/** Resets a person's password: made by the server and shown once, or typed. */
import {
  Button,
  Field,
  Input,
  makeStyles,
  Radio,
  RadioGroup,
  Switch,
} from '@fluentui/react-components';
import { Failure, GraphCall, Once, SidePanel, useAct, useMaking } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Person } from '../../api/shapes';
import { NewPassword, resetting } from './sign-in-model';

const useStyles = makeStyles({
  form: { display: 'grid', gap: '16px', justifyItems: 'start' },
  wide: { width: '100%' },
  text: { margin: 0 },
});

export function ResetPassword({ person, onClose }: { person: Person; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const client = useQueryClient();
  const [how, setHow] = useState<'made' | 'typed'>('made');
  const [typed, setTyped] = useState('');
  const [mustChange, setMustChange] = useState(true);
  const [made, setMade] = useState<string>();
  const making = useMaking(NewPassword);
  const acting = useAct({ inPlace: true });
  const name = person.displayName ?? '';
  const isRunning = making.isRunning || acting.isRunning;
  const problem = how === 'made' ? making.problem : acting.problem;
  const change = resetting(person.id, how === 'typed' ? typed : '', mustChange);
  const reset = async () => {
    if (how === 'made') {
      const answer = await making.make(change);
      if (!answer) return;
      setMade(answer.newPassword);
      void client.invalidateQueries({ queryKey: ['people', person.id] });
    } else {
      await acting.run({
        change,
        done: t('methods.resetDone', { name }),
        refresh: [['people', person.id]],
        after: onClose,
      });
    }
  };
  return (
    <SidePanel
      title={t('methods.resetOf', { name })}
      onClose={onClose}
      foot={
        made ? (
          <Button onClick={onClose}>{t('ui.close')}</Button>
        ) : (
          <>
            <Button
              appearance="primary"
              disabled={isRunning || (how === 'typed' && !typed)}
              onClick={() => void reset()}
            >
              {t('methods.reset')}
            </Button>
            <Button onClick={onClose}>{t('ui.cancel')}</Button>
          </>
        )
      }
    >
      {made ? (
        <Once
          text={t('methods.resetOnce', { name })}
          secret={made}
          copy={t('methods.copyPassword')}
          onDone={onClose}
        />
      ) : (
        <form
          className={styles.form}
          autoComplete="off"
          onSubmit={(event) => event.preventDefault()}
        >
          <p className={styles.text}>{t('methods.resetEffect', { name })}</p>
          <Field label={t('methods.newPassword')} className={styles.wide}>
            <RadioGroup
              value={how}
              onChange={(_, { value }) => setHow(value === 'typed' ? 'typed' : 'made')}
            >
              <Radio value="made" label={t('methods.make')} />
              <Radio value="typed" label={t('methods.type')} />
            </RadioGroup>
          </Field>
          {how === 'typed' && (
            <Field label={t('methods.password')} className={styles.wide} required>
              <Input
                value={typed}
                dir="ltr"
                maxLength={256}
                autoComplete="new-password"
                autoCapitalize="none"
                spellCheck={false}
                onChange={(_, { value }) => setTyped(value)}
              />
            </Field>
          )}
          <Switch
            label={t('methods.mustChange')}
            checked={mustChange}
            onChange={(_, { checked }) => setMustChange(checked)}
          />
          {problem && <Failure problem={problem} isChange />}
          <GraphCall change={change} />
        </form>
      )}
    </SidePanel>
  );
}
