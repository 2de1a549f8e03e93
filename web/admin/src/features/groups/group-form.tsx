/** Makes a group, of chosen members or by a rule, or edits one. */
import { Button, Field, Input, makeStyles, Switch, Textarea } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Failure, GraphCall, SidePanel, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useState } from 'react';
import type { Group } from '../../api/shapes';
import { ObjectPicker } from '../../objects/picker';
import { isPaused, kindOf, ruleOf } from './model';

const useStyles = makeStyles({ form: { display: 'grid', gap: '16px' } });
/** Members that one creation takes. */
const BIND_MAX = 20;
const EXAMPLE = 'user.department -eq "Sales"';

/** A nickname has to be there and has no meaning to anybody: made of the name. */
const nicknameOf = (name: string): string =>
  name
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9]/g, '')
    .slice(0, 40) || `group${Date.now()}`;

export function GroupForm({ group, onClose }: { group?: Group; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const [name, setName] = useState(group?.displayName ?? '');
  const [description, setDescription] = useState(group?.description ?? '');
  const [members, setMembers] = useState<string[]>([]);
  const [isByRule, setByRule] = useState(!!group && kindOf(group) === 'dynamic');
  const [rule, setRule] = useState(group?.membershipRule ?? '');
  const [isOn, setOn] = useState(!isPaused(group));
  const written = {
    displayName: name.trim(),
    description: description.trim() || null,
    ...(isByRule ? ruleOf(rule, isOn) : {}),
  };
  const before = {
    displayName: group?.displayName ?? '',
    description: group?.description ?? null,
    ...(isByRule ? ruleOf(group?.membershipRule ?? '', !isPaused(group)) : {}),
  };
  const edit = (body: typeof written): Change => ({
    method: 'PATCH',
    path: `/v1.0/groups/${group?.id}`,
    body,
  });
  const change: Change = group
    ? edit(written)
    : {
        method: 'POST',
        path: '/v1.0/groups',
        body: {
          displayName: written.displayName,
          ...(written.description ? { description: written.description } : {}),
          mailEnabled: false,
          mailNickname: nicknameOf(name),
          securityEnabled: true,
          ...(isByRule ? { groupTypes: ['DynamicMembership'], ...ruleOf(rule, true) } : {}),
          ...(members.length && !isByRule
            ? {
                'members@odata.bind': members
                  .slice(0, BIND_MAX)
                  .map((id) => `${location.origin}/v1.0/directoryObjects/${id}`),
              }
            : {}),
        },
      };
  const isChanged = !group || JSON.stringify(written) !== JSON.stringify(before);
  return (
    <SidePanel
      title={group ? t('person.edit', { name: group.displayName ?? '' }) : t('group.create')}
      onClose={onClose}
      foot={
        <>
          <Button
            appearance="primary"
            disabled={!name.trim() || (isByRule && !rule.trim()) || !isChanged || isRunning}
            onClick={() =>
              void run({
                change,
                ...(group ? { undo: edit(before) } : {}),
                done: t(group ? 'person.saved' : 'group.created', { name: name.trim() }),
                refresh: [['groups'], ...(group ? [['sharing']] : [])],
                after: onClose,
              })
            }
          >
            {group ? t('ui.save') : t('group.create')}
          </Button>
          <Button onClick={onClose}>{t('ui.cancel')}</Button>
        </>
      }
    >
      <div className={styles.form}>
        <Field label={t('column.name')} required>
          <Input value={name} maxLength={256} onChange={(_, { value }) => setName(value)} />
        </Field>
        <Field label={t('create.description')}>
          <Textarea
            value={description}
            maxLength={1024}
            onChange={(_, { value }) => setDescription(value)}
          />
        </Field>
        {!group && (
          <Switch
            label={t('group.byRule')}
            checked={isByRule}
            onChange={(_, { checked }) => setByRule(checked)}
          />
        )}
        {isByRule && (
          <Field
            label={t('group.ruleText')}
            hint={t('group.ruleHint', { example: EXAMPLE })}
            required
          >
            <Textarea
              dir="ltr"
              spellCheck={false}
              value={rule}
              maxLength={3072}
              onChange={(_, { value }) => setRule(value)}
            />
          </Field>
        )}
        {isByRule && group && (
          <Field hint={isOn ? '' : t('group.rulePaused')}>
            <Switch
              label={t('group.ruleIsOn')}
              checked={isOn}
              onChange={(_, { checked }) => setOn(checked)}
            />
          </Field>
        )}
        {!group && !isByRule && (
          <ObjectPicker
            kind="users"
            label={t('group.members')}
            hint={t('group.membersHint', { count: BIND_MAX })}
            value={members}
            onChange={(ids) => setMembers(ids.slice(0, BIND_MAX))}
          />
        )}
        {problem && <Failure problem={problem} isChange />}
        <GraphCall change={change} />
      </div>
    </SidePanel>
  );
}
