/** Whom of ours joining an organization would share with each tenant, if what is shared stays as it is. */
import { makeStyles } from '@fluentui/react-components';
import { asProblem, formatList, formatNumber } from '@isopolity/core';
import { Failure, Lines } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { SharedByJoining as Shared } from '../../api/shapes';
import { People } from '../../objects/names';
import { graph } from '../../session';
import { useTenants } from '../../tenants';

const useStyles = makeStyles({ text: { margin: 0 }, list: { display: 'grid', gap: '8px' } });

/** By the tenant that has invited; it doesn't depend on the consents. */
export const useSharedByJoining = (by: string) =>
  useQuery({
    queryKey: ['invitations', 'sharing', by],
    queryFn: ({ signal }) =>
      graph.all(Shared, `/beta/isopolity/invitations/${by}/sharing`, { signal }),
    retry: false,
  });

/** The most people that one tenant gets. */
export const mostShared = (shared: Shared[] | undefined) =>
  Math.max(0, ...(shared ?? []).map(({ inScope }) => inScope));

export function SharedByJoining({ shared }: { shared: UseQueryResult<Shared[]> }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const all = shared.data ?? [];
  const { name } = useTenants(all.map(({ tenantId }) => tenantId));
  if (shared.error) {
    return <Failure problem={asProblem(shared.error)} onRetry={() => void shared.refetch()} />;
  }
  if (!shared.data) return <Lines count={2} />;
  if (!mostShared(all)) return <p className={styles.text}>{t('join.sharesNobody')}</p>;
  // All by the default get the same people; a tenant with an entry of its own has its own line.
  const byDefault = all.filter(({ source }) => source === 'default');
  const groups = [
    ...(byDefault.length ? [byDefault] : []),
    ...all.filter(({ source }) => source === 'own').map((each) => [each]),
  ];
  return (
    <div className={styles.list}>
      {groups.flatMap((group) => {
        const [first] = group;
        if (!first) return [];
        const tenants = formatList(group.map(({ tenantId }) => name(tenantId)));
        const { inScope: count, users, tenantId } = first;
        const text = count
          ? t('join.shares', { count, number: formatNumber(count), tenants })
          : t('join.sharesNobodyWith', { tenants });
        const tone = count ? 'waiting' : 'none';
        return [<People key={tenantId} tone={tone} text={text} users={users} count={count} />];
      })}
    </div>
  );
}
