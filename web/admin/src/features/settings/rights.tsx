/** What members and guests may do here without a directory role. */
import { Field, makeStyles, Radio, RadioGroup, Switch } from '@fluentui/react-components';
import { asProblem, type Change } from '@isopolity/core';
import { Failure, GraphCall, Lines, Section, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import {
  AUTHORIZATION,
  type AuthorizationPolicy,
  authorizationPolicy,
  CONSENT,
  GUEST_ROLES,
  INVITERS,
  MEMBER_RIGHTS,
} from './model';

const useStyles = makeStyles({ form: { display: 'grid', gap: '24px', maxWidth: '640px' } });

type Patch = Partial<AuthorizationPolicy>;

export function Rights() {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning } = useAct();
  const read = useQuery(authorizationPolicy);
  const now = read.data;
  const all = now?.defaultUserRolePermissions;
  const changed = (body: Patch): Change => ({ method: 'PATCH', path: AUTHORIZATION, body });
  const set = (body: Patch, before: Patch) =>
    void run({
      change: changed(body),
      undo: changed(before),
      done: t('settings.saved'),
      optimistic: [
        {
          key: authorizationPolicy.queryKey,
          update: (known: AuthorizationPolicy) => ({ ...known, ...body }),
        },
      ],
      refresh: [['authorization-policy']],
    });
  return (
    <Section title={t('rights.title')} sentence={t('rights.sentence')}>
      {read.error && (
        <Failure problem={asProblem(read.error)} onRetry={() => void read.refetch()} />
      )}
      {!now && !read.error && <Lines count={6} height={24} />}
      {now && all && (
        <div className={styles.form}>
          <Field label={t('rights.invite')}>
            <RadioGroup
              value={now.allowInvitesFrom}
              disabled={isRunning}
              onChange={(_, { value }) => {
                const wanted = INVITERS.find((each) => each === value);
                const { allowInvitesFrom } = now;
                if (wanted) set({ allowInvitesFrom: wanted }, { allowInvitesFrom });
              }}
            >
              {INVITERS.map((each) => (
                <Radio key={each} value={each} label={t(`rights.invite.${each}`)} />
              ))}
            </RadioGroup>
          </Field>
          <Field label={t('rights.guests')}>
            <RadioGroup
              value={now.guestUserRoleId}
              disabled={isRunning}
              onChange={(_, { value }) =>
                set({ guestUserRoleId: value }, { guestUserRoleId: now.guestUserRoleId })
              }
            >
              {Object.entries(GUEST_ROLES).map(([name, id]) => (
                <Radio
                  key={id}
                  value={id}
                  label={t(`rights.guests.${name as keyof typeof GUEST_ROLES}`)}
                />
              ))}
            </RadioGroup>
          </Field>
          <Field label={t('rights.members')}>
            <div>
              {MEMBER_RIGHTS.map((name) => {
                const to = (isAllowed: boolean): Patch => ({
                  defaultUserRolePermissions: { ...all, [name]: isAllowed },
                });
                return (
                  <div key={name}>
                    <Switch
                      label={t(`rights.${name}`)}
                      checked={all[name]}
                      disabled={isRunning}
                      onChange={(_, { checked }) => set(to(checked), to(!checked))}
                    />
                  </div>
                );
              })}
            </div>
          </Field>
          <Field label={t('rights.everybody')} hint={t('rights.consentHint')}>
            <div>
              <Switch
                label={t('rights.consent')}
                checked={all.permissionGrantPoliciesAssigned.length > 0}
                disabled={isRunning}
                onChange={(_, { checked }) => {
                  const to = (isAllowed: boolean): Patch => ({
                    defaultUserRolePermissions: {
                      ...all,
                      permissionGrantPoliciesAssigned: isAllowed ? CONSENT : [],
                    },
                  });
                  set(to(checked), to(!checked));
                }}
              />
            </div>
          </Field>
          <GraphCall
            change={changed({
              allowInvitesFrom: now.allowInvitesFrom,
              guestUserRoleId: now.guestUserRoleId,
              defaultUserRolePermissions: all,
            })}
          />
        </div>
      )}
    </Section>
  );
}
