/** Makes a group of chosen members, or edits one. */
import { Button, Field, Input, makeStyles, Textarea } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Failure, GraphCall, SidePanel, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useState } from 'react';
import type { Group } from '../../api/shapes';
import { ObjectPicker } from '../../objects/picker';

const useStyles = makeStyles({ form: { display: 'grid', gap: '16px' } });
/** Members that one creation takes. */
const BIND_MAX = 20;

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
  const written = { displayName: name.trim(), description: description.trim() || null };
  const before = {
    displayName: group?.displayName ?? '',
    description: group?.description ?? null,
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
          ...(members.length
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
            disabled={!name.trim() || !isChanged || isRunning}
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
