/** Applications as they are registered, and as this tenant knows them (service principals). */
import type { Change } from '@isopolity/core';
import { queryOptions } from '@tanstack/react-query';
import * as v from 'valibot';
import { DirectoryObject } from '../../api/shapes';
import { graph } from '../../session';

const text = v.nullish(v.string());
const flag = v.nullish(v.boolean());
const uris = v.nullish(v.looseObject({ redirectUris: v.nullish(v.array(v.string())) }));

const Secret = v.object({
  keyId: v.string(),
  displayName: text,
  hint: text,
  startDateTime: text,
  endDateTime: text,
});
export type Secret = v.InferOutput<typeof Secret>;
export const NewSecret = v.object({ ...Secret.entries, secretText: v.string() });

const Certificate = v.looseObject({
  keyId: v.string(),
  displayName: text,
  endDateTime: text,
  usage: text,
});
export type Certificate = v.InferOutput<typeof Certificate>;

export const Application = v.object({
  id: v.string(),
  appId: v.string(),
  displayName: text,
  description: text,
  createdDateTime: text,
  deletedDateTime: text,
  signInAudience: text,
  groupMembershipClaims: text,
  identifierUris: v.nullish(v.array(v.string())),
  web: uris,
  spa: uris,
  publicClient: uris,
  passwordCredentials: v.nullish(v.array(Secret)),
  keyCredentials: v.nullish(v.array(Certificate)),
  requiredResourceAccess: v.nullish(
    v.array(
      v.object({
        resourceAppId: v.string(),
        resourceAccess: v.array(v.object({ id: v.string(), type: v.string() })),
      }),
    ),
  ),
});
export type Application = v.InferOutput<typeof Application>;

const AppRole = v.looseObject({
  id: v.string(),
  displayName: text,
  description: text,
  value: text,
  isEnabled: flag,
  allowedMemberTypes: v.nullish(v.array(v.string())),
});
const Scope = v.looseObject({
  id: v.string(),
  value: text,
  adminConsentDisplayName: text,
  isEnabled: flag,
});

export const Principal = v.object({
  id: v.string(),
  appId: v.string(),
  displayName: text,
  description: text,
  accountEnabled: flag,
  appRoleAssignmentRequired: flag,
  appOwnerOrganizationId: text,
  servicePrincipalType: text,
  homepage: text,
  deletedDateTime: text,
  appRoles: v.nullish(v.array(AppRole)),
  oauth2PermissionScopes: v.nullish(v.array(Scope)),
});
export type Principal = v.InferOutput<typeof Principal>;

export const Assignment = v.object({
  id: v.string(),
  appRoleId: v.string(),
  principalId: v.string(),
  principalDisplayName: text,
  principalType: text,
  resourceId: v.string(),
  resourceDisplayName: text,
});
export type Assignment = v.InferOutput<typeof Assignment>;

export const Grant = v.object({
  id: v.string(),
  clientId: v.string(),
  consentType: v.string(),
  principalId: text,
  resourceId: v.string(),
  scope: text,
});
export type Grant = v.InferOutput<typeof Grant>;

export const removal = (id: string): Change => ({
  method: 'DELETE',
  path: `/v1.0/applications/${id}`,
});

/** The role of who is assigned without one. */
export const NO_ROLE = '00000000-0000-0000-0000-000000000000';

export const KINDS = ['web', 'spa', 'publicClient'] as const;
export type RedirectKind = (typeof KINDS)[number];

export const applicationQuery = (id: string) =>
  queryOptions({
    queryKey: ['applications', id],
    queryFn: ({ signal }) => graph.get(Application, `/v1.0/applications/${id}`, { signal }),
  });

export const principalQuery = (id: string) =>
  queryOptions({
    queryKey: ['principals', id],
    queryFn: ({ signal }) => graph.get(Principal, `/v1.0/servicePrincipals/${id}`, { signal }),
  });

/** The service principal of a client here; null if there is none. */
export const principalOfApp = (appId: string) =>
  queryOptions({
    queryKey: ['principals', 'app', appId],
    queryFn: async ({ signal }) => {
      const { items } = await graph.page(
        Principal,
        `/v1.0/servicePrincipals?$filter=appId eq '${appId}'`,
        { signal },
      );
      return items[0] ?? null;
    },
  });

export const assignedTo = (principal: string) =>
  queryOptions({
    queryKey: ['principals', principal, 'assignedTo'],
    queryFn: ({ signal }) =>
      graph.all(Assignment, `/v1.0/servicePrincipals/${principal}/appRoleAssignedTo?$top=999`, {
        signal,
      }),
  });

export const rolesPath = (principal: string) =>
  `/v1.0/servicePrincipals/${principal}/appRoleAssignments?$top=999`;
export const grantsPath = (principal: string) =>
  `/v1.0/servicePrincipals/${principal}/oauth2PermissionGrants`;

export const rolesOf = (principal: string) =>
  queryOptions({
    queryKey: ['principals', principal, 'roles'],
    queryFn: ({ signal }) => graph.all(Assignment, rolesPath(principal), { signal }),
  });

export const grantsOf = (principal: string) =>
  queryOptions({
    queryKey: ['principals', principal, 'grants'],
    queryFn: ({ signal }) => graph.all(Grant, grantsPath(principal), { signal }),
  });

export type Owned = 'applications' | 'servicePrincipals';

export const ownersOf = (kind: Owned, id: string) =>
  queryOptions({
    queryKey: [kind === 'applications' ? 'applications' : 'principals', id, 'owners'],
    queryFn: ({ signal }) =>
      graph.all(DirectoryObject, `/v1.0/${kind}/${id}/owners?$top=999`, { signal }),
  });
