/** Makes or edits a person. Of somebody whose home is elsewhere only what is this tenant's is offered. */
import { Button, Field, Input, makeStyles } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { CopyButton, Failure, GraphCall, isAbout, SidePanel, saidAt, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ownTenant } from '../../api/queries';
import type { Person } from '../../api/shapes';
import { FIELDS } from './import-model';
import { newPassword } from './password';
import { originOf } from './people-list';

type FieldName = (typeof FIELDS)[number];
/** What the API calls what the user name becomes, and the password. */
const NAMES = ['userPrincipalName', 'mailNickname'];
const PASSWORDS = ['passwordProfile', 'password'];
/** What home decides of somebody who comes from there. */
const OURS: readonly FieldName[] = ['mobilePhone', 'companyName'];

const useStyles = makeStyles({
  form: { display: 'grid', gap: '16px' },
  pair: {
    display: 'grid',
    gridTemplateColumns: '1fr 1fr',
    gap: '16px',
    '@media (max-width: 640px)': { gridTemplateColumns: '1fr' },
  },
  row: { display: 'flex', gap: '8px' },
  grow: { flexGrow: 1, minWidth: 0 },
});

export function PersonForm({ person, onClose }: { person?: Person; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const tenant = useQuery(ownTenant);
  const domain = tenant.data?.verifiedDomains.find(({ isDefault }) => isDefault)?.name ?? '';
  const [values, setValues] = useState<Partial<Record<FieldName, string>>>(() =>
    Object.fromEntries(FIELDS.map((name) => [name, person?.[name] ?? ''])),
  );
  const [alias, setAlias] = useState('');
  const [password, setPassword] = useState(newPassword);
  const isAcross = person && originOf(person) !== 'own';
  const shown = isAcross ? OURS : FIELDS;
  const edited = Object.fromEntries(
    shown
      .map((name) => [name, values[name]?.trim() || null] as const)
      .filter(([name, value]) => value !== (person?.[name] ?? null)),
  );
  const before = Object.fromEntries(
    Object.keys(edited).map((name) => [name, person?.[name as FieldName] ?? null]),
  );
  const wanted = alias.trim();
  const userName = wanted.includes('@') ? wanted : `${wanted}@${domain}`;
  const change: Change = person
    ? { method: 'PATCH', path: `/v1.0/users/${person.id}`, body: edited }
    : {
        method: 'POST',
        path: '/v1.0/users',
        body: {
          ...edited,
          accountEnabled: true,
          userPrincipalName: userName,
          mailNickname: wanted.split('@')[0],
          passwordProfile: { password, forceChangePasswordNextSignIn: true },
        },
      };
  const isReady = person
    ? Object.keys(edited).length > 0
    : Boolean(values.displayName?.trim() && wanted && password);
  const title = person ? t('person.edit', { name: person.displayName ?? '' }) : t('person.create');
  return (
    <SidePanel
      wide
      title={title}
      onClose={onClose}
      foot={
        <>
          <Button
            appearance="primary"
            disabled={!isReady || isRunning}
            onClick={() =>
              void run({
                change,
                ...(person
                  ? { undo: { method: 'PATCH', path: `/v1.0/users/${person.id}`, body: before } }
                  : {}),
                done: person
                  ? t('person.saved', { name: values.displayName ?? '' })
                  : t('person.created', { name: values.displayName ?? '' }),
                refresh: [['people'], ['sharing']],
                after: onClose,
              })
            }
          >
            {person ? t('ui.save') : t('person.create')}
          </Button>
          <Button onClick={onClose}>{t('ui.cancel')}</Button>
        </>
      }
    >
      <form className={styles.form} onSubmit={(event) => event.preventDefault()} autoComplete="off">
        {!person && (
          <>
            <Field
              label={t('column.userName')}
              required
              {...saidAt(problem, ...NAMES)}
              hint={
                wanted && !wanted.includes('@') ? userName : t('person.userNameHint', { domain })
              }
            >
              <Input
                value={alias}
                dir="ltr"
                autoCapitalize="none"
                spellCheck={false}
                onChange={(_, { value }) => setAlias(value)}
              />
            </Field>
            <Field
              label={t('person.password')}
              required
              hint={t('person.passwordHint')}
              {...saidAt(problem, ...PASSWORDS)}
            >
              {(field) => (
                <div className={styles.row}>
                  <Input
                    {...field}
                    className={styles.grow}
                    value={password}
                    dir="ltr"
                    autoComplete="new-password"
                    onChange={(_, { value }) => setPassword(value)}
                  />
                  <CopyButton text={password} label={t('ui.copy')} />
                </div>
              )}
            </Field>
          </>
        )}
        {isAcross && <p>{t('person.homeDecides')}</p>}
        <div className={styles.pair}>
          {shown.map((name) => (
            <Field
              key={name}
              label={t(`attribute.${name}`)}
              required={name === 'displayName'}
              {...saidAt(problem, name)}
            >
              <Input
                value={values[name] ?? ''}
                onChange={(_, { value }) => setValues({ ...values, [name]: value })}
              />
            </Field>
          ))}
        </div>
        {problem && !isAbout(problem, person ? shown : [...shown, ...NAMES, ...PASSWORDS]) && (
          <Failure problem={problem} isChange />
        )}
        <GraphCall change={change} />
      </form>
    </SidePanel>
  );
}
