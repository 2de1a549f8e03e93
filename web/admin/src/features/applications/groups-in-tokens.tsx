/** Which groups of a person an application's tokens tell. */
import { Dropdown, Field, Option } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Failure, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import type { Application } from './model';

const CHOICES = ['None', 'ApplicationGroup', 'SecurityGroup', 'All'] as const;

export function GroupsInTokens({ app }: { app: Application }) {
  const { t } = useTranslation();
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const saved = app.groupMembershipClaims ?? null;
  const choice = CHOICES.find((each) => each === (saved ?? 'None'));
  const set = (groupMembershipClaims: string | null): Change => ({
    method: 'PATCH',
    path: `/v1.0/applications/${app.id}`,
    body: { groupMembershipClaims },
  });
  return (
    <Field label={t('app.groups')} hint={t('app.groupsHint')}>
      <Dropdown
        clearButton={null}
        // What was set otherwise, and has no words here, is shown as Graph has it.
        value={choice ? t(`app.groups.${choice}`) : (saved ?? '')}
        selectedOptions={choice ? [choice] : []}
        disabled={isRunning}
        onOptionSelect={(_, { optionValue }) => {
          if (!optionValue || optionValue === choice) return;
          void run({
            change: set(optionValue === 'None' ? null : optionValue),
            undo: set(saved),
            done: t('app.groupsSaved'),
            refresh: [['applications']],
          });
        }}
      >
        {CHOICES.map((each) => (
          <Option key={each} value={each}>
            {t(`app.groups.${each}`)}
          </Option>
        ))}
      </Dropdown>
      {problem && <Failure problem={problem} isChange />}
    </Field>
  );
}
