/** One registered application: where it may send people back to, what its tokens tell, its secrets, permissions and owners. */
import { Button, Field, Input, makeStyles, tokens } from '@fluentui/react-components';
import { asProblem, type Change } from '@isopolity/core';
import { Facts, Failure, Lines, ShortId, SidePanel, useAct, useAddress } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { restoring } from '../../objects/deleted';
import { Audience } from './audience';
import { GroupsInTokens } from './groups-in-tokens';
import { applicationQuery, principalOfApp, removal } from './model';
import { Owners } from './owners';
import { Permissions } from './permissions';
import { Redirects } from './redirects';
import { Secrets } from './secrets';

const useStyles = makeStyles({
  title: { margin: '28px 0 8px', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
  name: { display: 'flex', gap: '8px', alignItems: 'flex-end' },
  field: { flexGrow: 1 },
});

export function ApplicationPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const [, change] = useAddress();
  const { run, isRunning } = useAct();
  const [name, setName] = useState<string>();
  const read = useQuery(applicationQuery(id));
  const app = read.data;
  const principal = useQuery({
    ...principalOfApp(app?.appId ?? ''),
    enabled: Boolean(app),
  });
  if (!app) {
    return (
      <SidePanel wide title={t('app.one')} onClose={onClose}>
        {read.error ? (
          <Failure problem={asProblem(read.error)} onRetry={() => void read.refetch()} />
        ) : (
          <Lines count={8} />
        )}
      </SidePanel>
    );
  }
  const path = `/v1.0/applications/${id}`;
  const rename = (displayName: string): Change => ({
    method: 'PATCH',
    path,
    body: { displayName },
  });
  const saved = app.displayName ?? '';
  const refresh = [['applications'], ['principals'], ['deleted']];
  return (
    <SidePanel
      wide
      title={saved}
      subtitle={t('app.registered')}
      onClose={onClose}
      foot={
        <>
          {principal.data && (
            <Button onClick={() => change({ tab: 'enterprise', open: principal.data?.id }, true)}>
              {t('app.toEnterprise')}
            </Button>
          )}
          <Button
            disabled={isRunning}
            onClick={() =>
              void run({
                change: removal(id),
                undo: restoring(id),
                done: t('app.deletedDone', { name: saved }),
                refresh,
                after: onClose,
              })
            }
          >
            {t('person.delete')}
          </Button>
        </>
      }
    >
      <Facts
        facts={[
          [t('app.clientId'), <ShortId key="app" id={app.appId} />],
          [t('column.objectId'), <ShortId key="object" id={app.id} />],
        ]}
      />
      <div className={styles.name}>
        <Field label={t('column.name')} className={styles.field}>
          <Input
            value={name ?? saved}
            maxLength={256}
            onChange={(_, { value }) => setName(value)}
          />
        </Field>
        {name?.trim() && name.trim() !== saved && (
          <Button
            appearance="primary"
            disabled={isRunning}
            onClick={() =>
              void run({
                change: rename(name.trim()),
                undo: rename(saved),
                done: t('person.saved', { name: name.trim() }),
                refresh,
                after: () => setName(undefined),
              })
            }
          >
            {t('app.rename')}
          </Button>
        )}
      </div>
      <h3 className={styles.title}>{t('app.redirects')}</h3>
      <Redirects app={app} />
      <h3 className={styles.title}>{t('app.forWhom')}</h3>
      <Audience app={app} />
      <h3 className={styles.title}>{t('app.tokens')}</h3>
      <GroupsInTokens app={app} />
      <h3 className={styles.title}>{t('app.secrets')}</h3>
      <Secrets app={app} />
      <h3 className={styles.title}>{t('app.permissions')}</h3>
      <Permissions app={app} />
      <h3 className={styles.title}>{t('app.owners')}</h3>
      <Owners kind="applications" id={id} />
    </SidePanel>
  );
}
