/** What is read from the API, each with the key it is kept under. */
import { Problem } from '@isopolity/core';
import { queryClient } from '@isopolity/ui';
import { queryOptions } from '@tanstack/react-query';
import * as v from 'valibot';
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

export const tenantInformation = (id: string) =>
  queryOptions({
    queryKey: ['tenantInformation', id],
    queryFn: ({ signal }) =>
      graph.get(
        shapes.TenantInformation,
        `/v1.0/tenantRelationships/findTenantInformationByTenantId(tenantId='${id}')`,
        { signal },
      ),
    staleTime: 600_000,
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
  // What was refused isn't asked for by each screen anew; what failed otherwise is, in a moment.
  retryOnMount: false,
  refetchInterval: ({ state }) => (isRefusal(state.error) ? false : LIVE_MS),
});

/** Whether it is refused to this person, who needs a role for it. */
export const isRefusal = (thrown: unknown): boolean =>
  thrown instanceof Problem && thrown.status === 403;

/** What is for admins is asked for once it is known that the person is one. */
const isAdmins = () => queryClient.getQueryState(readiness.queryKey)?.status === 'success';

/** The roles of whoever is signed in, by groups too; asked for where something is refused. */
export const ownRoles = queryOptions({
  queryKey: ['ownRoles'],
  queryFn: async ({ signal }) => {
    const { items } = await graph.page(
      v.object({ id: v.string() }),
      '/v1.0/me/transitiveMemberOf/microsoft.graph.directoryRole?$select=id&$top=1',
      { signal },
    );
    return items;
  },
  staleTime: 60_000,
});

export const requests = queryOptions({
  queryKey: ['requests'],
  queryFn: ({ signal }) => graph.all(shapes.Request, '/beta/isopolity/requests', { signal }),
  enabled: isAdmins,
  refetchInterval: LIVE_MS * 3,
});

export const invitations = queryOptions({
  queryKey: ['invitations'],
  queryFn: ({ signal }) => graph.all(shapes.Invitation, '/beta/isopolity/invitations', { signal }),
  enabled: isAdmins,
  refetchInterval: LIVE_MS * 3,
});

export const departures = queryOptions({
  queryKey: ['departures'],
  queryFn: ({ signal }) => graph.all(shapes.Departure, '/beta/isopolity/departures', { signal }),
  // One that is under way goes on by itself.
  refetchInterval: LIVE_MS,
});

export const joinRequest = queryOptions({
  queryKey: ['organization', 'joinRequest'],
  queryFn: ({ signal }) => graph.get(shapes.JoinRequest, `${MTO}/joinRequest`, { signal }),
  refetchInterval: LIVE_MS,
});

const SHARING = '/beta/isopolity/userSharing';

export const sharingStatus = queryOptions({
  queryKey: ['sharing', 'tenants'],
  queryFn: ({ signal }) => graph.all(shapes.PairStatus, `${SHARING}/tenants`, { signal }),
  refetchInterval: LIVE_MS / 2,
});

/** What is shared with a tenant by its own entry; by the default without one. */
export const sharingEntry = (tenant?: string) =>
  queryOptions({
    queryKey: ['sharing', 'entry', tenant ?? 'default'],
    queryFn: async ({ signal }) => {
      // Whether it has an entry of its own is asked now: it may have gone a moment ago.
      const pairs = tenant ? await queryClient.fetchQuery({ ...sharingStatus, staleTime: 0 }) : [];
      const isOwn = pairs.some((pair) => pair.tenantId === tenant && pair.source === 'own');
      return await graph.get(
        shapes.Sharing,
        `${SHARING}/${isOwn ? `tenants/${tenant}` : 'default'}`,
        { signal },
      );
    },
  });

export const sharingFailures = (tenant: string) =>
  queryOptions({
    queryKey: ['sharing', 'failures', tenant],
    queryFn: ({ signal }) =>
      graph.all(shapes.SyncFailure, `${SHARING}/tenants/${tenant}/failures?$top=999`, { signal }),
    refetchInterval: LIVE_MS,
  });

export const waitingDeletions = (tenant: string) =>
  queryOptions({
    queryKey: ['sharing', 'deletions', tenant],
    queryFn: ({ signal }) =>
      graph.all(shapes.WaitingDeletion, `${SHARING}/tenants/${tenant}/deletions?$top=999`, {
        signal,
      }),
  });

const ADMISSION = '/beta/isopolity/admission';

export const admissionTenants = queryOptions({
  queryKey: ['admission', 'tenants'],
  queryFn: ({ signal }) => graph.all(shapes.AdmissionTenant, `${ADMISSION}/tenants`, { signal }),
  refetchInterval: LIVE_MS,
});

export const admissionDefault = queryOptions({
  queryKey: ['admission', 'default'],
  queryFn: ({ signal }) => graph.get(shapes.Admission, `${ADMISSION}/default`, { signal }),
});

export const admissionUsers = (tenant: string) =>
  queryOptions({
    queryKey: ['admission', 'users', tenant],
    queryFn: ({ signal }) =>
      graph.all(shapes.AdmissionUser, `${ADMISSION}/tenants/${tenant}/users?$top=999`, { signal }),
    refetchInterval: LIVE_MS,
  });

export const coming = (tenant: string) =>
  queryOptions({
    queryKey: ['admission', 'coming', tenant],
    queryFn: ({ signal }) =>
      graph.get(shapes.Coming, `${ADMISSION}/tenants/${tenant}/coming`, { signal }),
  });

/** Objects by their ids, for what an entry lists. */
export const objectsById = (ids: string[]) =>
  queryOptions({
    queryKey: ['objects', ...ids],
    queryFn: async ({ signal }) => {
      const { items } = await graph.pageOf(
        shapes.DirectoryObject,
        { method: 'POST', path: '/v1.0/directoryObjects/getByIds', body: { ids } },
        signal,
      );
      return items;
    },
    enabled: ids.length > 0,
    staleTime: 60_000,
  });

/** An application of this tenant, by its object id. */
export const servicePrincipal = (id: string | undefined) =>
  queryOptions({
    queryKey: ['applications', id],
    queryFn: ({ signal }) =>
      graph.get(
        shapes.ServicePrincipal,
        `/v1.0/servicePrincipals/${id}?$select=id,appId,displayName`,
        { signal },
      ),
    enabled: Boolean(id),
  });

const POLICY = '/v1.0/policies/crossTenantAccessPolicy';

export const accessDefault = queryOptions({
  queryKey: ['access', 'default'],
  queryFn: ({ signal }) => graph.get(shapes.AccessDefault, `${POLICY}/default`, { signal }),
});

export const partners = queryOptions({
  queryKey: ['access', 'partners'],
  queryFn: ({ signal }) => graph.all(shapes.Partner, `${POLICY}/partners`, { signal }),
});
