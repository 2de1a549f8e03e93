/** What if: may this person do that in that tenant, and which setting decides. */
import { Dropdown, Field, Input, makeStyles, Option } from '@fluentui/react-components';
import { SidePanel, useAddress } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useState } from 'react';
import { ObjectPicker } from '../../objects/picker';
import { useTenants } from '../../tenants';
import { Answer } from '../../why/explained';
import { IntoApplication } from '../../why/into-application';
import { AskFor } from './ask-for';

const useStyles = makeStyles({ form: { display: 'grid', gap: '16px' } });
const ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export function WhatIf({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const [address, change] = useAddress();
  const { active, own, name } = useTenants();
  const [application, setApplication] = useState('');
  const others = active.filter(({ tenantId }) => tenantId !== own);
  const places = [...others.map(({ tenantId }) => tenantId), own];
  const to = places.find((tenant) => tenant === address.to) ?? places[0];
  const user = address.user;
  return (
    <SidePanel
      wide
      title={t('whatIf.title')}
      subtitle={t('whatIf.sentence')}
      onClose={() => {
        change({ user: undefined, to: undefined });
        onClose();
      }}
    >
      <div className={styles.form}>
        <ObjectPicker
          kind="users"
          single
          label={t('whatIf.who')}
          value={user ? [user] : []}
          onChange={([id]) => change({ user: id })}
        />
        <Field label={t('whatIf.where')}>
          <Dropdown
            clearButton={null}
            value={to ? name(to) : ''}
            selectedOptions={to ? [to] : []}
            onOptionSelect={(_, { optionValue }) => change({ to: optionValue })}
          >
            {places.map((tenant) => (
              <Option key={tenant} value={tenant}>
                {name(tenant)}
              </Option>
            ))}
          </Dropdown>
        </Field>
        {user && to === own && <IntoApplication key={user} user={user} />}
        {to !== own && (
          <Field
            label={t('whatIf.application')}
            hint={<AskFor hint={t('whatIf.applicationHint')} way={t('access.way.application')} />}
            {...(application && !ID.test(application)
              ? {
                  validationMessage: t('access.notAnId', { text: application }),
                  validationState: 'error' as const,
                }
              : {})}
          >
            <Input
              value={application}
              dir="ltr"
              spellCheck={false}
              onChange={(_, { value }) => setApplication(value.trim())}
            />
          </Field>
        )}
        {user && to && (
          <div aria-live="polite">
            {to !== own && <Answer action="sync" user={user} to={to} />}
            <Answer action="signin" user={user} to={to} />
            {to !== own && ID.test(application) && (
              <Answer action="signin" user={user} to={to} application={application} />
            )}
          </div>
        )}
      </div>
    </SidePanel>
  );
}
