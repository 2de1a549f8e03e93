/** Whether people of other tenants may sign in to an application. */
import { Field, Switch } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Failure, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import type { Application } from './model';

/** Those by which there are others: by Microsoft's words also people without a tenant. */
const SEVERAL = ['AzureADMultipleOrgs', 'AzureADandPersonalMicrosoftAccount'];

export function Audience({ app }: { app: Application }) {
  const { t } = useTranslation();
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const saved = app.signInAudience ?? 'AzureADMyOrg';
  const isForOthers = SEVERAL.includes(saved);
  const set = (signInAudience: string): Change => ({
    method: 'PATCH',
    path: `/v1.0/applications/${app.id}`,
    body: { signInAudience },
  });
  const to = isForOthers ? 'AzureADMyOrg' : 'AzureADMultipleOrgs';
  return (
    <Field hint={t(isForOthers ? 'app.othersOffHint' : 'app.othersOnHint')}>
      <Switch
        label={t('app.others')}
        checked={isForOthers}
        disabled={isRunning}
        onChange={() =>
          void run({
            change: set(to),
            undo: set(saved),
            done: t(isForOthers ? 'app.othersOff' : 'app.othersOn', {
              name: app.displayName ?? '',
            }),
            refresh: [['applications']],
          })
        }
      />
      {problem && <Failure problem={problem} isChange />}
    </Field>
  );
}
