/** Who has to show more than a password, by which methods, and whether to stay signed in. */
import { Field, makeStyles, Radio, RadioGroup, Switch } from '@fluentui/react-components';
import { asProblem, type Change } from '@isopolity/core';
import { Failure, GraphCall, Lines, Section, useAct } from '@isopolity/ui';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import {
  type Method,
  MULTIFACTOR,
  methodPath,
  methods,
  POLICY,
  type SignInPolicy,
  signInPolicy,
} from './model';

const METHODS = ['Fido2', 'SoftwareOath', 'TemporaryAccessPass'] as const;

const useStyles = makeStyles({ form: { display: 'grid', gap: '16px', maxWidth: '640px' } });

export function SigningIn() {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning } = useAct();
  const policy = useQuery(signInPolicy);
  const offered = useQuery(methods);
  const problem = policy.error ?? offered.error;
  if (problem) {
    const retry = () => {
      void policy.refetch();
      void offered.refetch();
    };
    return (
      <Section title={t('settings.signingIn')}>
        <Failure problem={asProblem(problem)} onRetry={retry} />
      </Section>
    );
  }
  if (!policy.data || !offered.data) {
    return (
      <Section title={t('settings.signingIn')}>
        <Lines count={5} />
      </Section>
    );
  }
  const now = policy.data;
  const changed = (body: Partial<SignInPolicy>): Change => ({
    method: 'PATCH',
    path: POLICY,
    body,
  });
  const set = (body: Partial<SignInPolicy>, before: Partial<SignInPolicy>) =>
    void run({
      change: changed(body),
      undo: changed(before),
      done: t('settings.saved'),
      optimistic: [
        {
          key: signInPolicy.queryKey,
          update: (known: SignInPolicy) => ({ ...known, ...body }),
        },
      ],
      refresh: [['sign-in-policy']],
    });
  const stateTo = (id: string, isOn: boolean): Change => ({
    method: 'PATCH',
    path: methodPath(id),
    body: { state: isOn ? 'enabled' : 'disabled' },
  });
  return (
    <Section title={t('settings.signingIn')} sentence={t('settings.signingInSentence')}>
      <div className={styles.form}>
        <Field label={t('settings.multifactor')}>
          <RadioGroup
            value={now.multifactorAuthentication}
            disabled={isRunning}
            onChange={(_, { value }) => {
              const wanted = MULTIFACTOR.find((each) => each === value);
              if (wanted) {
                set(
                  { multifactorAuthentication: wanted },
                  { multifactorAuthentication: now.multifactorAuthentication },
                );
              }
            }}
          >
            {MULTIFACTOR.map((value) => (
              <Radio key={value} value={value} label={t(`settings.multifactor.${value}`)} />
            ))}
          </RadioGroup>
        </Field>
        <Field label={t('settings.methods')}>
          <div>
            {METHODS.map((id) => {
              const found = offered.data.find((each) => each.id === id);
              return (
                found && (
                  <div key={id}>
                    <Switch
                      label={t(`settings.method.${id}`)}
                      checked={found.state === 'enabled'}
                      disabled={isRunning}
                      onChange={(_, { checked }) =>
                        void run({
                          change: stateTo(id, checked),
                          undo: stateTo(id, !checked),
                          done: t('settings.saved'),
                          optimistic: [
                            {
                              key: methods.queryKey,
                              update: (known: Method[]) =>
                                known.map((each) =>
                                  each.id === id
                                    ? { ...each, state: checked ? 'enabled' : 'disabled' }
                                    : each,
                                ),
                            },
                          ],
                          refresh: [['sign-in-methods']],
                        })
                      }
                    />
                  </div>
                )
              );
            })}
          </div>
        </Field>
        <Switch
          label={t('settings.persistent')}
          checked={Boolean(now.persistentSessionsAllowed)}
          disabled={isRunning}
          onChange={(_, { checked }) =>
            set(
              { persistentSessionsAllowed: checked },
              { persistentSessionsAllowed: Boolean(now.persistentSessionsAllowed) },
            )
          }
        />
        <GraphCall change={changed({ multifactorAuthentication: now.multifactorAuthentication })} />
      </div>
    </Section>
  );
}
