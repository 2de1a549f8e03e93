/** An entry for a tenant that has none: it says nothing of its own yet, so nothing changes by it. */
import { Button, makeStyles } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Failure, GraphCall, SidePanel, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useState } from 'react';
import { useTenants } from '../../tenants';
import { FindTenant, type Found } from '../organization/find-tenant';
import { PARTNERS_PATH } from './model';

const useStyles = makeStyles({ form: { display: 'grid', gap: '16px' }, text: { margin: 0 } });

export function AddPartner(props: {
  known: string[];
  onAdded: (tenant: string) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { own } = useTenants();
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const [found, setFound] = useState<Found>();
  const change: Change | undefined = found && {
    method: 'POST',
    path: PARTNERS_PATH,
    body: { tenantId: found.tenantId },
  };
  return (
    <SidePanel
      title={t('access.add')}
      onClose={props.onClose}
      foot={
        <>
          <Button
            appearance="primary"
            disabled={!change || isRunning}
            onClick={() => {
              if (!change || !found) return;
              void run({
                change,
                undo: { method: 'DELETE', path: `${PARTNERS_PATH}/${found.tenantId}` },
                done: t('access.added', { tenant: found.displayName }),
                refresh: [['access']],
                after: () => props.onAdded(found.tenantId),
              });
            }}
          >
            {found ? t('add.do', { tenant: found.displayName }) : t('access.add')}
          </Button>
          <Button onClick={props.onClose}>{t('ui.cancel')}</Button>
        </>
      }
    >
      <div className={styles.form}>
        <FindTenant
          label={t('add.which')}
          refuse={({ tenantId, displayName }) =>
            tenantId === own
              ? t('add.own')
              : props.known.includes(tenantId)
                ? t('add.known', { tenant: displayName })
                : undefined
          }
          onFound={setFound}
        />
        {found && (
          <p className={styles.text}>
            {t('add.found', { tenant: found.displayName, domain: found.domain })}{' '}
            {t('access.addMeans')}
          </p>
        )}
        {problem && <Failure problem={problem} isChange />}
        {change && <GraphCall change={change} />}
      </div>
    </SidePanel>
  );
}
