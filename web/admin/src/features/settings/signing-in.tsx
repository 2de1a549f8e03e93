/** Who has to show more than a password, by which methods, and how long a sign-in lasts. */
import { Button, Field, makeStyles, Switch, tokens } from '@fluentui/react-components';
import { PeopleEditRegular } from '@fluentui/react-icons';
import { asProblem, type Change, formatMinutes } from '@isopolity/core';
import { Failure, GraphCall, Lines, Section, useAct, useAddress } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { Choice } from './choice';
import { Demand } from './demand';
import { MethodPanel } from './method-panel';
import {
  ALL_USERS,
  METHOD_IDS,
  type Method,
  methodPath,
  methods,
  POLICY,
  type SignInPolicy,
  signInPolicy,
} from './model';

const IDLE_MINUTES = [30, 60, 120, 240, 480, 720, 1_440];
const DAYS = [1, 7, 14, 30, 60, 90];
/** Nothing is asked again by the calendar alone. */
const NEVER = 0;
const MINUTES_OF_DAY = 1_440;

const useStyles = makeStyles({
  form: { display: 'grid', gap: '24px', maxWidth: '640px' },
  method: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    justifyContent: 'space-between',
    columnGap: '8px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
  },
});

export function SigningIn() {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning } = useAct();
  const [address, open] = useAddress();
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
  const known = METHOD_IDS.flatMap((id) => {
    const method = offered.data.find((each) => each.id === id);
    return method ? [{ id, method }] : [];
  });
  const opened = known.find(({ id }) => id === address.open);
  const forWhom = ({ includeTargets: included, excludeTargets: excluded }: Method) => {
    const isForAll = included.some(({ id }) => id === ALL_USERS);
    if (isForAll && !excluded.length) return t('settings.forAll');
    return isForAll
      ? t('settings.forAllBut', { count: excluded.length })
      : t('settings.forCount', { count: included.length });
  };
  return (
    <Section title={t('settings.signingIn')} sentence={t('settings.signingInSentence')}>
      <div className={styles.form}>
        <Demand now={now.multifactorAuthentication} />
        <div>
          <Field label={t('settings.methods')}>
            <div>
              {known.map(({ id, method }) => (
                <div key={id} className={styles.method}>
                  <Switch
                    label={t(`settings.method.${id}`)}
                    checked={method.state === 'enabled'}
                    disabled={isRunning}
                    onChange={(_, { checked }) =>
                      void run({
                        change: stateTo(id, checked),
                        undo: stateTo(id, !checked),
                        done: t('settings.saved'),
                        optimistic: [
                          {
                            key: methods.queryKey,
                            update: (before: Method[]) =>
                              before.map((each) =>
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
                  <Button
                    size="small"
                    appearance="subtle"
                    icon={<PeopleEditRegular />}
                    aria-label={`${t('settings.methodFor', { method: t(`settings.method.${id}`) })}: ${forWhom(method)}`}
                    onClick={() => open({ open: id }, true)}
                  >
                    {forWhom(method)}
                  </Button>
                </div>
              ))}
            </div>
          </Field>
          <GraphCall
            change={known.map(({ id, method }) => stateTo(id, method.state === 'enabled'))}
          />
        </div>
        <Choice
          label={t('settings.idle')}
          hint={t('settings.idleHint')}
          value={now.sessionIdleMinutes ?? MINUTES_OF_DAY}
          values={IDLE_MINUTES}
          words={formatMinutes}
          disabled={isRunning}
          onChoose={(value) =>
            set({ sessionIdleMinutes: value }, { sessionIdleMinutes: now.sessionIdleMinutes })
          }
        />
        <div>
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
        </div>
        {now.persistentSessionsAllowed && (
          <Choice
            label={t('settings.persistentDays')}
            value={now.persistentSessionDays ?? 90}
            values={DAYS}
            words={(days) => formatMinutes(days * MINUTES_OF_DAY)}
            disabled={isRunning}
            onChoose={(value) =>
              set(
                { persistentSessionDays: value },
                { persistentSessionDays: now.persistentSessionDays },
              )
            }
          />
        )}
        <Choice
          label={t('settings.frequency')}
          value={now.signInFrequencyDays ?? NEVER}
          values={[NEVER, ...DAYS]}
          words={(days) =>
            days === NEVER ? t('settings.frequencyNever') : formatMinutes(days * MINUTES_OF_DAY)
          }
          disabled={isRunning}
          onChoose={(value) =>
            set(
              { signInFrequencyDays: value || null },
              { signInFrequencyDays: now.signInFrequencyDays ?? null },
            )
          }
        />
        <GraphCall
          change={changed({
            sessionIdleMinutes: now.sessionIdleMinutes,
            persistentSessionsAllowed: now.persistentSessionsAllowed,
            persistentSessionDays: now.persistentSessionDays,
            signInFrequencyDays: now.signInFrequencyDays,
          })}
        />
      </div>
      {opened && (
        <MethodPanel key={opened.id} {...opened} onClose={() => open({ open: undefined }, true)} />
      )}
    </Section>
  );
}
