/** Somebody without a role for the admin centre: what this is, whom to ask, where else to go. */
import { Button, makeStyles } from '@fluentui/react-components';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { ownTenant } from './api/queries';
import { LonePage } from './lone-page';
import { session } from './session';

const useStyles = makeStyles({
  text: { margin: 0 },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
});

export function NoRole({ onOpen }: { onOpen: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const tenant = useQuery(ownTenant);
  const { name, userName, tenantId } = session.identity;
  const who = userName && userName !== name ? `${name} (${userName})` : name;
  const where = tenant.data?.displayName ?? '';
  const title = t('noRole.title');
  useEffect(() => {
    document.title = `${title} · isopolity`;
  }, [title]);
  return (
    <LonePage title={title}>
      <p className={styles.text}>{t('noRole.what', { tenant: where })}</p>
      <p className={styles.text}>{t('noRole.who', { who, tenant: where })}</p>
      <p className={styles.text}>{t('noRole.ask', { tenant: where })}</p>
      <div className={styles.actions}>
        <Button as="a" appearance="primary" href={`/${tenantId}/account`}>
          {t('ui.myAccount')}
        </Button>
        <Button onClick={() => void session.signIn({ chooseAccount: true })}>
          {t('ui.switchAccount')}
        </Button>
        <Button appearance="subtle" onClick={() => session.signOut()}>
          {t('ui.signOut')}
        </Button>
      </div>
      {/* Roles that a tenant has defined, or that count for a part of it, can't be seen from here. */}
      <p className={styles.text}>{t('noRole.other')}</p>
      <Button appearance="subtle" onClick={onOpen}>
        {t('noRole.open')}
      </Button>
    </LonePage>
  );
}
