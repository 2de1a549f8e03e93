/** Invitations at this tenant's door: who has invited, proved by which domains, until when. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { formatDate, formatList } from '@isopolity/core';
import { Mark } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import type { Invitation } from '../../api/shapes';
import { useTenants } from '../../tenants';

export const useCardStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: '8px' },
  card: {
    display: 'grid',
    gridTemplateColumns: '14px minmax(0, 1fr) auto',
    gap: '4px 12px',
    alignItems: 'center',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    padding: '12px 16px',
    '@media (max-width: 640px)': { gridTemplateColumns: '14px minmax(0, 1fr)' },
  },
  title: { fontWeight: tokens.fontWeightSemibold },
  more: { gridColumn: 2, color: tokens.colorNeutralForeground2 },
  actions: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: '8px',
    gridColumn: 3,
    gridRow: '1 / span 2',
    '@media (max-width: 640px)': { gridColumn: 2, gridRow: 'auto' },
  },
});

export function InvitationList(props: {
  invitations: Invitation[];
  onReview: (invitation: Invitation) => void;
}) {
  const { t } = useTranslation();
  const styles = useCardStyles();
  const { name } = useTenants();
  return (
    <ul className={styles.list}>
      {props.invitations.map((invitation) => {
        const domains = invitation.inviterVerifiedDomains ?? [];
        return (
          <li key={invitation.addedByTenantId} className={styles.card}>
            <Mark tone="waiting" />
            <span className={styles.title}>
              {t('invitation.from', {
                tenant: name(invitation.addedByTenantId),
                organization: invitation.organizationName ?? '',
              })}
            </span>
            <span className={styles.more}>
              {domains.length
                ? t('invitation.proved', { domains: formatList(domains) })
                : t('invitation.unproved')}{' '}
              {t('invitation.until', { date: formatDate(invitation.expirationDateTime) })}
            </span>
            <span className={styles.actions}>
              <Button appearance="primary" onClick={() => props.onReview(invitation)}>
                {t('invitation.review')}
              </Button>
            </span>
          </li>
        );
      })}
    </ul>
  );
}
