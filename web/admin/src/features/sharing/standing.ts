/** How a pair stands for the eye: what it does, and whether the other side lets it. */
import type { Tone } from '@isopolity/ui';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { readiness } from '../../api/queries';
import type { PairStatus } from '../../api/shapes';
import { useTenants } from '../../tenants';

export type Standing =
  | 'upToDate'
  | 'syncing'
  | 'failing'
  | 'none'
  | 'paused'
  | 'blocked'
  | 'quarantined';

export const SHARING_TONES: Record<Standing, Tone> = {
  upToDate: 'good',
  syncing: 'waiting',
  failing: 'partly',
  none: 'none',
  paused: 'partly',
  blocked: 'bad',
  quarantined: 'bad',
};

/**
 * The standing of a pair. Its own status knows of the other side's refusal once something was sent;
 * readiness knows it before.
 */
export function useStandings(): (pair: PairStatus) => Standing {
  const { own } = useTenants();
  const read = useQuery(readiness);
  const refused = useMemo(
    () =>
      new Set(
        read.data
          ?.filter(
            ({ from, action, steps }) =>
              from === own &&
              action === 'sync' &&
              steps.some(({ tenantId, allowed }) => tenantId !== own && !allowed),
          )
          .map(({ to }) => to),
      ),
    [read.data, own],
  );
  return (pair) => {
    if (pair.state !== 'active') return pair.state;
    if (pair.scope === 'none' && !pair.inScope) return 'none';
    if (refused.has(pair.tenantId)) return 'blocked';
    if (pair.failed) return 'failing';
    return pair.pendingChanges ? 'syncing' : 'upToDate';
  };
}
