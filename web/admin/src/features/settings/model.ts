/** A tenant's own settings: how its people sign in and what they may do, its domains, its keys. */
import { queryOptions } from '@tanstack/react-query';
import * as v from 'valibot';
import { Named } from '../../api/shapes';
import { graph } from '../../session';

const text = v.nullish(v.string());

const Domain = v.object({
  id: v.string(),
  isDefault: v.nullish(v.boolean()),
  isInitial: v.nullish(v.boolean()),
  isVerified: v.nullish(v.boolean()),
});
export type Domain = v.InferOutput<typeof Domain>;

const DnsRecord = v.object({
  recordType: text,
  label: text,
  text: text,
  ttl: v.nullish(v.number()),
});

export const MULTIFACTOR = ['nobody', 'administrators', 'all'] as const;
const SignInPolicy = v.object({
  multifactorAuthentication: v.picklist(MULTIFACTOR),
  persistentSessionsAllowed: v.nullish(v.boolean()),
  sessionIdleMinutes: v.nullish(v.number()),
  persistentSessionDays: v.nullish(v.number()),
  signInFrequencyDays: v.nullish(v.number()),
});
export type SignInPolicy = v.InferOutput<typeof SignInPolicy>;

export const METHOD_IDS = ['Fido2', 'SoftwareOath', 'TemporaryAccessPass'] as const;
export type MethodId = (typeof METHOD_IDS)[number];
const targets = v.array(v.object({ id: v.string() }));
const Method = v.object({
  id: v.string(),
  state: v.picklist(['enabled', 'disabled']),
  includeTargets: targets,
  excludeTargets: targets,
});
export type Method = v.InferOutput<typeof Method>;
const METHODS = '/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations';

export const domains = queryOptions({
  queryKey: ['domains'],
  queryFn: ({ signal }) => graph.all(Domain, '/v1.0/domains', { signal }),
});

/** What the domain's owner has to publish, so that it is known to be the tenant's. */
export const records = (domain: string) =>
  queryOptions({
    queryKey: ['domains', domain, 'records'],
    queryFn: ({ signal }) =>
      graph.all(DnsRecord, `${pathOf(domain)}/verificationDnsRecords`, { signal }),
  });

export const pathOf = (domain: string) => `/v1.0/domains/${encodeURIComponent(domain)}`;

export const POLICY = '/beta/isopolity/signInPolicy';
export const signInPolicy = queryOptions({
  queryKey: ['sign-in-policy'],
  queryFn: ({ signal }) => graph.get(SignInPolicy, POLICY, { signal }),
});

export type Demand = SignInPolicy['multifactorAuthentication'];
const people = v.object({ count: v.number(), users: v.array(Named) });
const DemandPreview = v.object({
  added: people,
  removed: people,
  toRegister: people,
  withoutWay: people,
  visitors: v.number(),
});
/** Whom it would concern, compared with what holds now. */
export const demandPreview = (multifactorAuthentication: Demand) =>
  queryOptions({
    queryKey: ['sign-in-policy', 'preview', multifactorAuthentication],
    queryFn: ({ signal }) =>
      graph.ask(
        DemandPreview,
        { method: 'POST', path: `${POLICY}/preview`, body: { multifactorAuthentication } },
        signal,
      ),
    staleTime: 0,
    retry: false,
  });

export const methods = queryOptions({
  queryKey: ['sign-in-methods'],
  queryFn: ({ signal }) => graph.all(Method, METHODS, { signal }),
});
export const methodPath = (id: string) => `${METHODS}/${id}`;

/** Whom a method is for, where it is for everybody. */
export const ALL_USERS = 'all_users';
export const targetsOf = (ids: string[]) => ids.map((id) => ({ id, targetType: 'group' }));

export const INVITERS = [
  'everyone',
  'adminsGuestInvitersAndAllMembers',
  'adminsAndGuestInviters',
  'none',
] as const;
/** The templates of what guests may do. */
export const GUEST_ROLES = {
  member: 'a0b1b346-4d3e-4e8b-98f8-753987be4970',
  limited: '10dae51f-b6af-4016-8d66-8c2a99b929b3',
  restricted: '2af84b1e-32c8-42b7-82bc-daa82404023b',
} as const;
export const MEMBER_RIGHTS = [
  'allowedToCreateApps',
  'allowedToCreateSecurityGroups',
  'allowedToReadOtherUsers',
] as const;
/** What people may allow applications in their names: all that isn't reserved to admins, or nothing. */
export const CONSENT = ['ManagePermissionGrantsForSelf.microsoft-user-default-legacy'];
const AuthorizationPolicy = v.object({
  allowInvitesFrom: v.picklist(INVITERS),
  guestUserRoleId: v.string(),
  defaultUserRolePermissions: v.object({
    allowedToCreateApps: v.boolean(),
    allowedToCreateSecurityGroups: v.boolean(),
    allowedToReadOtherUsers: v.boolean(),
    permissionGrantPoliciesAssigned: v.array(v.string()),
  }),
});
export type AuthorizationPolicy = v.InferOutput<typeof AuthorizationPolicy>;
export const AUTHORIZATION = '/v1.0/policies/authorizationPolicy';
export const authorizationPolicy = queryOptions({
  queryKey: ['authorization-policy'],
  queryFn: ({ signal }) => graph.get(AuthorizationPolicy, AUTHORIZATION, { signal }),
});

const KEYS = '/beta/isopolity/signingKeys';
const SigningKey = v.object({
  keyId: v.string(),
  isSigning: v.boolean(),
  createdDateTime: text,
  expirationDateTime: text,
});
export const signingKeys = queryOptions({
  queryKey: ['signing-keys'],
  queryFn: ({ signal }) => graph.all(SigningKey, KEYS, { signal }),
});
export const ROTATE = { method: 'POST' as const, path: `${KEYS}/rotate` };

const mails = v.nullish(v.array(v.string()));
const Profile = v.object({
  id: v.string(),
  displayName: text,
  street: text,
  postalCode: text,
  city: text,
  country: text,
  technicalNotificationMails: mails,
  securityComplianceNotificationMails: mails,
  privacyProfile: v.nullish(v.object({ contactEmail: text, statementUrl: text })),
});
export type Profile = v.InferOutput<typeof Profile>;
export const profile = queryOptions({
  queryKey: ['tenant', 'profile'],
  queryFn: async ({ signal }) => {
    const { items } = await graph.page(Profile, '/v1.0/organization', { signal });
    const [tenant] = items;
    if (!tenant) throw new Error('The answer has no tenant.');
    return tenant;
  },
});
