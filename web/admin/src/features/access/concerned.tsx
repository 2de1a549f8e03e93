/** Whom a change of an access setting concerns: those who are synchronized already, by count and name. */
import { makeStyles } from '@fluentui/react-components';
import { formatNumber, literal, withQuery } from '@isopolity/core';
import { Lines } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import {
  admissionTenants,
  ownTenant,
  partners,
  sharingStatus,
  tenantInformation,
} from '../../api/queries';
import { type Named, Named as NamedObject, type Partner, SharingPreview } from '../../api/shapes';
import { People } from '../../objects/names';
import { graph } from '../../session';

const useStyles = makeStyles({ text: { margin: 0 } });

export interface Side {
  /** Undefined: the default. */
  partner: Partner | undefined;
  name: string;
  direction: 'in' | 'out';
  /** Whether a tenant's own entry says something else than the default. */
  isOwn: (partner: Partner) => boolean;
}

/** How many people of the other side are here, or of ours there; none that isn't known yet. */
function useCount({ partner, direction, isOwn }: Side): number | undefined {
  const here = useQuery({ ...admissionTenants, enabled: direction === 'in' });
  const there = useQuery({ ...sharingStatus, enabled: direction === 'out' });
  const listed = useQuery({ ...partners, enabled: !partner });
  const own = new Set(listed.data?.filter(isOwn).map(({ tenantId }) => tenantId));
  if (!partner && !listed.data) return undefined;
  const counted =
    direction === 'in'
      ? here.data?.map(({ tenantId, users }) => ({ tenantId, count: users }))
      : there.data?.map(({ tenantId, synced }) => ({ tenantId, count: synced }));
  return counted
    ?.filter(({ tenantId }) => (partner ? tenantId === partner.tenantId : !own.has(tenantId)))
    .reduce((sum, { count }) => sum + count, 0);
}

/** Some of them by name: of ours whoever sharing nobody would take away, of theirs by what they are called here. */
function useNames({ partner, direction }: Side, isWanted: boolean): Named[] {
  const tenant = partner?.tenantId ?? '';
  const there = useQuery({
    queryKey: ['sharing', 'there', tenant],
    queryFn: ({ signal }) =>
      graph.ask(
        SharingPreview,
        {
          method: 'POST',
          path: `/beta/isopolity/userSharing/tenants/${tenant}/preview`,
          body: { scope: 'none' },
        },
        signal,
      ),
    enabled: isWanted && direction === 'out',
    retry: false,
  });
  const known = useQuery({ ...tenantInformation(tenant), enabled: isWanted && direction === 'in' });
  const ours = useQuery({ ...ownTenant, enabled: isWanted && direction === 'in' });
  const initial = ours.data?.verifiedDomains.find(({ isInitial }) => isInitial)?.name;
  const domain = initial && known.data?.defaultDomainName;
  const here = useQuery({
    queryKey: ['people', 'from', domain],
    queryFn: ({ signal }) =>
      graph.page(
        NamedObject,
        withQuery('/v1.0/users', {
          $select: 'id,displayName,userPrincipalName',
          $top: 20,
          $count: 'true',
          $filter: `endsWith(userPrincipalName,${literal(`_${domain}#EXT#@${initial}`)})`,
        }),
        { signal, eventual: true },
      ),
    enabled: isWanted && direction === 'in' && Boolean(domain),
    retry: false,
  });
  return (direction === 'out' ? there.data?.removed.users : here.data?.items) ?? [];
}

/** The effect in a sentence, and whom it concerns. */
export function Concerned(props: Side & { effect: string; isLoss: boolean }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { direction, name, effect } = props;
  const count = useCount(props);
  const users = useNames(props, Boolean(props.partner && count));
  if (count === undefined) return <Lines count={1} />;
  if (!count) {
    return (
      <p className={styles.text}>
        {t(`access.concerned.${direction}.none`, { tenant: name })} {effect}
      </p>
    );
  }
  return (
    <People
      tone={props.isLoss ? 'bad' : 'good'}
      text={`${t(`access.concerned.${direction}.some`, { tenant: name, number: formatNumber(count) })} ${effect}`}
      users={users}
      count={count}
    />
  );
}
