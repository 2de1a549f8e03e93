/** Adds a tenant to the organization: by its domain or id, under a name, in a role. */
import { Button, Field, Input, makeStyles, Radio, RadioGroup } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Failure, GraphCall, SidePanel, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { organization } from '../../api/queries';
import { useTenants } from '../../tenants';
import { FindTenant, type Found } from './find-tenant';
import { Instructions } from './instructions';

const useStyles = makeStyles({
  form: { display: 'grid', gap: '16px' },
  note: { margin: 0 },
});

export const MEMBERS_PATH = '/v1.0/tenantRelationships/multiTenantOrganization/tenants';

export function AddTenant({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const tenants = useTenants();
  const own = useQuery(organization);
  const { run, isRunning, problem, forget } = useAct({ inPlace: true });
  const [found, setFound] = useState<Found>();
  const [name, setName] = useState('');
  const [role, setRole] = useState<'member' | 'owner'>('member');
  const [added, setAdded] = useState<Found>();

  const refuse = ({ tenantId, displayName }: Found) =>
    tenantId === tenants.own
      ? t('add.own')
      : tenants.members.some((member) => member.tenantId === tenantId)
        ? t('add.known', { tenant: displayName })
        : undefined;

  if (added) {
    return (
      <SidePanel
        title={t('add.addedTitle', { tenant: added.displayName })}
        onClose={onClose}
        foot={
          <Button appearance="primary" onClick={onClose}>
            {t('ui.close')}
          </Button>
        }
      >
        <p>{t('add.next', { tenant: added.displayName })}</p>
        <Instructions
          organization={own.data?.displayName ?? ''}
          invited={added.displayName}
          own={tenants.own}
          ownName={tenants.ownName}
        />
      </SidePanel>
    );
  }

  const change: Change | undefined = found && {
    method: 'POST',
    path: MEMBERS_PATH,
    body: { tenantId: found.tenantId, displayName: name.trim() || found.displayName, role },
  };
  return (
    <SidePanel
      title={t('org.add')}
      onClose={onClose}
      foot={
        <>
          <Button
            appearance="primary"
            disabled={!change || isRunning}
            onClick={() => {
              if (!change || !found) return;
              void run({
                change,
                done: t('add.done', { tenant: found.displayName }),
                undo: { method: 'DELETE', path: `${MEMBERS_PATH}/${found.tenantId}` },
                refresh: [['organization'], ['readiness']],
                after: () => setAdded(found),
              });
            }}
          >
            {found ? t('add.do', { tenant: found.displayName }) : t('org.add')}
          </Button>
          <Button onClick={onClose}>{t('ui.cancel')}</Button>
        </>
      }
    >
      <div className={styles.form}>
        <FindTenant
          label={t('add.which')}
          refuse={refuse}
          onFound={(tenant) => {
            forget();
            setFound(tenant);
            setName(tenant.displayName);
          }}
        />
        {found && (
          <>
            <p className={styles.note}>
              {t('add.found', { tenant: found.displayName, domain: found.domain })}
            </p>
            <Field label={t('add.label')} hint={t('add.labelHint')}>
              <Input value={name} maxLength={255} onChange={(_, { value }) => setName(value)} />
            </Field>
            <Field label={t('column.role')}>
              <RadioGroup
                value={role}
                onChange={(_, { value }) => setRole(value as 'member' | 'owner')}
              >
                <Radio value="member" label={t('add.member')} />
                <Radio value="owner" label={t('add.owner')} />
              </RadioGroup>
            </Field>
            <p className={styles.note}>{t('add.opens')}</p>
          </>
        )}
        {problem && <Failure problem={problem} isChange />}
        {change && <GraphCall change={change} />}
      </div>
    </SidePanel>
  );
}
