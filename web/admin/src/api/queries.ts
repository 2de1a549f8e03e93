/** What is read from the API, each with the key it is kept under. */
import { queryOptions } from '@tanstack/react-query';
import { graph } from '../session';
import * as shapes from './shapes';

/** How often what others may change is read again while it is looked at. */
const LIVE_MS = 4_000;

const MTO = '/v1.0/tenantRelationships/multiTenantOrganization';

export const ownTenant = queryOptions({
  queryKey: ['tenant'],
  queryFn: async ({ signal }) => {
    const { items } = await graph.page(shapes.Tenant, '/v1.0/organization', { signal });
    const [tenant] = items;
    if (!tenant) throw new Error('The answer has no tenant.');
    return tenant;
  },
  staleTime: 60_000,
});

export const organization = queryOptions({
  queryKey: ['organization'],
  queryFn: ({ signal }) => graph.get(shapes.Organization, MTO, { signal }),
});

export const members = queryOptions({
  queryKey: ['organization', 'members'],
  queryFn: ({ signal }) => graph.all(shapes.Member, `${MTO}/tenants`, { signal }),
  refetchInterval: LIVE_MS,
});

export const readiness = queryOptions({
  queryKey: ['readiness'],
  queryFn: ({ signal }) => graph.all(shapes.Pair, '/beta/isopolity/readiness', { signal }),
  refetchInterval: LIVE_MS,
});

export const requests = queryOptions({
  queryKey: ['requests'],
  queryFn: ({ signal }) => graph.all(shapes.Request, '/beta/isopolity/requests', { signal }),
  refetchInterval: LIVE_MS * 3,
});

export const invitations = queryOptions({
  queryKey: ['invitations'],
  queryFn: ({ signal }) => graph.all(shapes.Invitation, '/beta/isopolity/invitations', { signal }),
  refetchInterval: LIVE_MS * 3,
});
