/** Gives a person a temporary access pass, by which to sign in until another method is set up. */
import { Button, Dropdown, Field, makeStyles, Option, Switch } from '@fluentui/react-components';
import { asProblem, formatMinutes } from '@isopolity/core';
import { Failure, GraphCall, Lines, Once, SidePanel, useMaking } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Person } from '../../api/shapes';
import { givingPass, NewPass, passPolicy } from './sign-in-model';

/** Lifetimes to choose from, as far as the policy lets one. */
const MINUTES = [60, 120, 240, 480, 1_440, 4_320, 10_080, 43_200];

const useStyles = makeStyles({
  form: { display: 'grid', gap: '16px', justifyItems: 'start' },
  wide: { width: '100%' },
  text: { margin: 0 },
});

export function GivePass({ person, onClose }: { person: Person; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const client = useQueryClient();
  const policy = useQuery(passPolicy);
  const [chosen, setChosen] = useState<number>();
  const [once, setOnce] = useState<boolean>();
  const [made, setMade] = useState<string>();
  const { make, isRunning, problem } = useMaking(NewPass);
  const name = person.displayName ?? '';
  const given = policy.data;
  const minutes = chosen ?? given?.defaultLifetimeInMinutes ?? 60;
  const isOnce = given?.isUsableOnce || (once ?? true);
  const change = givingPass(person.id, minutes, isOnce);
  const offered = [...new Set([...MINUTES, given?.defaultLifetimeInMinutes ?? 60])]
    .filter(
      (each) =>
        given && each >= given.minimumLifetimeInMinutes && each <= given.maximumLifetimeInMinutes,
    )
    .sort((one, other) => one - other);
  const isOff = given?.state === 'disabled';
  const give = async () => {
    const answer = await make(change);
    if (!answer) return;
    setMade(answer.temporaryAccessPass);
    void client.invalidateQueries({ queryKey: ['people', person.id] });
  };
  return (
    <SidePanel
      title={t('methods.passFor', { name })}
      onClose={onClose}
      foot={
        made ? (
          <Button onClick={onClose}>{t('ui.close')}</Button>
        ) : (
          <>
            <Button
              appearance="primary"
              disabled={!given || isOff || isRunning}
              onClick={() => void give()}
            >
              {t('methods.givePass')}
            </Button>
            <Button onClick={onClose}>{t('ui.cancel')}</Button>
          </>
        )
      }
    >
      {policy.error && <Failure problem={asProblem(policy.error)} />}
      {!given && !policy.error && <Lines count={3} height={24} />}
      {made && (
        <Once
          text={t('methods.passOnce', { name })}
          secret={made}
          copy={t('methods.copyPass')}
          onDone={onClose}
        />
      )}
      {given && !made && (
        <div className={styles.form}>
          <p className={styles.text}>{t('methods.passEffect', { name })}</p>
          {isOff && <p className={styles.text}>{t('methods.passesOff')}</p>}
          <Field label={t('methods.lifetime')} className={styles.wide}>
            <Dropdown
              clearButton={null}
              value={formatMinutes(minutes)}
              selectedOptions={[String(minutes)]}
              onOptionSelect={(_, { optionValue }) => setChosen(Number(optionValue))}
            >
              {offered.map((each) => (
                <Option key={each} value={String(each)} text={formatMinutes(each)}>
                  {formatMinutes(each)}
                </Option>
              ))}
            </Dropdown>
          </Field>
          <Switch
            label={given.isUsableOnce ? t('methods.onceByPolicy') : t('methods.once')}
            checked={isOnce}
            disabled={given.isUsableOnce}
            onChange={(_, { checked }) => setOnce(checked)}
          />
          {problem && <Failure problem={problem} isChange />}
          <GraphCall change={change} />
        </div>
      )}
    </SidePanel>
  );
}
