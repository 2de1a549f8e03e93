/** Defines a role of the tenant's own, or changes one: what it is called, and what it allows. */
import {
  Button,
  Combobox,
  Field,
  Input,
  makeStyles,
  Option,
  Textarea,
} from '@fluentui/react-components';
import { asProblem, type Change } from '@isopolity/core';
import { Chips, Failure, GraphCall, SidePanel, useAct, useMaking, useTell } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { actionsOf, allowedBy, definition, MadeRole, type Role, roles, shortAction } from './model';

const useStyles = makeStyles({
  form: { display: 'grid', gap: '16px' },
  wide: { width: '100%' },
  action: { overflowWrap: 'anywhere', minWidth: 0 },
});
/** Actions that are offered at once; whoever writes on sees fewer. */
const OFFERED_MAX = 60;

/** Picks actions by parts of their names. */
function ActionPicker(props: { value: string[]; onChange: (actions: string[]) => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { value, onChange } = props;
  const defined = useQuery(roles);
  const [text, setText] = useState('');
  const [isOpen, setOpen] = useState(false);
  const parts = text.toLowerCase().split(/\s+/);
  const known = actionsOf(defined.data ?? []);
  const found = known.filter((action) =>
    parts.every((part) => shortAction(action).toLowerCase().includes(part)),
  );
  return (
    <Field label={t('roles.actions')} hint={t('roles.actionsHint')} required>
      {defined.error && <Failure problem={asProblem(defined.error)} />}
      <Combobox
        className={styles.wide}
        dir="ltr"
        expandIcon={{ 'aria-label': `${t('roles.actions')}: ${t('ui.open')}` }}
        clearIcon={null}
        freeform
        multiselect
        selectedOptions={value}
        value={text}
        placeholder="microsoft.directory/users/…"
        onChange={(event) => {
          setText(event.target.value);
          setOpen(true);
        }}
        open={isOpen}
        onOpenChange={(_, { open }) => setOpen(open)}
        onOptionSelect={(_, { optionValue }) => {
          if (!optionValue) return;
          setText('');
          onChange(
            value.includes(optionValue)
              ? value.filter((action) => action !== optionValue)
              : [...value, optionValue],
          );
        }}
      >
        {found.slice(0, OFFERED_MAX).map((action) => (
          <Option key={action} value={action} text={shortAction(action)}>
            <span className={styles.action}>{shortAction(action)}</span>
          </Option>
        ))}
        {!found.length && (
          <Option disabled value="" text="">
            {t('picker.nothing')}
          </Option>
        )}
      </Combobox>
      <Chips
        label={t('roles.actions')}
        chips={value.map((id) => ({ id, name: shortAction(id) }))}
        onTakeOut={(id) => onChange(value.filter((action) => action !== id))}
      />
    </Field>
  );
}

export function RoleForm(props: {
  role?: Role;
  onClose: () => void;
  /** Called with the id of one that was defined. */
  onDone?: (id: string) => void;
}) {
  const { role, onClose } = props;
  const { t } = useTranslation();
  const styles = useStyles();
  const acts = useAct({ inPlace: true });
  const making = useMaking(MadeRole);
  const tell = useTell();
  const client = useQueryClient();
  const [name, setName] = useState(role?.displayName ?? '');
  const [description, setDescription] = useState(role?.description ?? '');
  const [actions, setActions] = useState(role ? allowedBy(role) : []);
  // What only the API can say, who a permission is for, isn't lost by an edit here.
  const isPlain = !role?.rolePermissions?.some(({ condition }) => condition);
  const allowing = (allowedResourceActions: string[]) =>
    isPlain ? { rolePermissions: [{ allowedResourceActions }] } : {};
  const written = {
    displayName: name.trim(),
    description: description.trim() || null,
    ...allowing(actions),
  };
  const before = {
    displayName: role?.displayName ?? '',
    description: role?.description ?? null,
    ...allowing(role ? allowedBy(role) : []),
  };
  const edit = (body: typeof written): Change => ({
    method: 'PATCH',
    path: definition(role?.id ?? ''),
    body,
  });
  const change: Change = role
    ? edit(written)
    : {
        method: 'POST',
        path: '/v1.0/roleManagement/directory/roleDefinitions',
        body: { ...written, isEnabled: true },
      };
  const isChanged = JSON.stringify(written) !== JSON.stringify(before);
  const told = name.trim();
  const save = () =>
    acts.run({
      change,
      undo: edit(before),
      done: t('person.saved', { name: told }),
      refresh: [['roles']],
      after: onClose,
    });
  const create = async () => {
    const made = await making.make(change);
    if (!made) return;
    tell(t('roles.created', { name: told }));
    // The list has it before its panel is to open.
    await client.invalidateQueries({ queryKey: ['roles'] });
    props.onDone?.(made.id);
  };
  const isRunning = acts.isRunning || making.isRunning;
  const problem = acts.problem ?? making.problem;
  return (
    <SidePanel
      wide
      title={role ? t('person.edit', { name: role.displayName }) : t('roles.create')}
      onClose={onClose}
      foot={
        <>
          <Button
            appearance="primary"
            disabled={!name.trim() || !actions.length || !isChanged || isRunning}
            onClick={() => void (role ? save() : create())}
          >
            {role ? t('ui.save') : t('roles.create')}
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
        {isPlain && <ActionPicker value={actions} onChange={setActions} />}
        {problem && <Failure problem={problem} isChange />}
        <GraphCall change={change} />
      </div>
    </SidePanel>
  );
}
