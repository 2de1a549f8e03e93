/** Tenants by name: what an id means to a person. */
import { compareNames } from '@isopolity/core';
import { useQueries, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { invitations, members, ownTenant, tenantInformation } from './api/queries';
import type { Member } from './api/shapes';
import { session } from './session';

export interface Tenants {
  own: string;
  ownName: string;
  /** A tenant's name; the beginning of its id if nobody has told it. */
  name: (id: string) => string;
  /** The tenants of the organization, the own one first. */
  members: Member[];
  /** The active ones among them. */
  active: Member[];
  /** Whether it isn't known yet. */
  isLoading: boolean;
}

/** Tenants by name. `strangers` may be of no organization any more: their names are looked up. */
export function useTenants(strangers: string[] = []): Tenants {
  const own = session.identity.tenantId;
  const tenant = useQuery(ownTenant);
  const listed = useQuery(members);
  const invited = useQuery(invitations);
  const known = new Set([own, ...(listed.data ?? []).map(({ tenantId }) => tenantId)]);
  const found = useQueries({
    queries: [...new Set(strangers)]
      .filter((id) => listed.data && !known.has(id))
      .map((id) => tenantInformation(id)),
    combine: (answers) => answers.flatMap(({ data }) => data ?? []),
  });
  return useMemo(() => {
    const names = new Map<string, string>();
    for (const { tenantId, displayName } of found) {
      if (displayName) names.set(tenantId, displayName);
    }
    for (const { addedByTenantId, inviterDisplayName } of invited.data ?? []) {
      if (inviterDisplayName) names.set(addedByTenantId, inviterDisplayName);
    }
    for (const { tenantId, displayName } of listed.data ?? []) {
      if (displayName) names.set(tenantId, displayName);
    }
    if (tenant.data?.displayName) names.set(own, tenant.data.displayName);
    const name = (id: string) => names.get(id) ?? `${id.slice(0, 8)}…`;
    const sorted = [...(listed.data ?? [])].sort(
      (left, right) =>
        Number(right.tenantId === own) - Number(left.tenantId === own) ||
        compareNames(name(left.tenantId), name(right.tenantId)),
    );
    return {
      own,
      ownName: tenant.data?.displayName ?? '',
      name,
      members: sorted,
      active: sorted.filter(({ state }) => state === 'active'),
      isLoading: !listed.data && !listed.error,
    };
  }, [own, tenant.data, listed.data, listed.error, invited.data, found]);
}
