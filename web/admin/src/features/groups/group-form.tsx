/** Makes a group: of chosen members, or of whoever fits a rule. */
import { Button, Field, Input, makeStyles, Textarea } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Failure, GraphCall, SidePanel, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useState } from 'react';
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

export function GroupForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [members, setMembers] = useState<string[]>([]);
  const change: Change = {
    method: 'POST',
    path: '/v1.0/groups',
    body: {
      displayName: name.trim(),
      ...(description.trim() ? { description: description.trim() } : {}),
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
  return (
    <SidePanel
      title={t('group.create')}
      onClose={onClose}
      foot={
        <>
          <Button
            appearance="primary"
            disabled={!name.trim() || isRunning}
            onClick={() =>
              void run({
                change,
                done: t('group.created', { name: name.trim() }),
                refresh: [['groups']],
                after: onClose,
              })
            }
          >
            {t('group.create')}
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
        <ObjectPicker
          kind="users"
          label={t('group.members')}
          hint={t('group.membersHint', { count: BIND_MAX })}
          value={members}
          onChange={(ids) => setMembers(ids.slice(0, BIND_MAX))}
        />
        {problem && <Failure problem={problem} isChange />}
        <GraphCall change={change} />
      </div>
    </SidePanel>
  );
}
