/** The shapes of the API's answers, as far as screens use them. */
import * as v from 'valibot';

const text = v.nullish(v.string());

export const Tenant = v.object({
  id: v.string(),
  displayName: text,
  createdDateTime: text,
  verifiedDomains: v.array(
    v.object({ name: v.string(), isDefault: v.boolean(), isInitial: v.boolean() }),
  ),
});

export const TenantInformation = v.object({
  tenantId: v.string(),
  displayName: text,
  defaultDomainName: text,
});

export const Organization = v.object({
  id: text,
  displayName: text,
  description: text,
  state: v.string(),
  createdDateTime: text,
});

export const Member = v.object({
  tenantId: v.string(),
  displayName: text,
  role: v.picklist(['owner', 'member']),
  state: v.string(),
  addedDateTime: text,
  joinedDateTime: text,
  addedByTenantId: text,
  transitionDetails: v.nullish(
    v.object({ desiredRole: text, desiredState: text, status: text, details: text }),
  ),
});
export type Member = v.InferOutput<typeof Member>;

export const Mend = v.object({ method: v.string(), path: v.string(), body: v.unknown() });
export type Mend = v.InferOutput<typeof Mend>;
export const Step = v.object({
  tenantId: v.string(),
  setting: v.string(),
  value: v.string(),
  allowed: v.boolean(),
  code: text,
  reason: v.string(),
  mend: v.nullish(Mend),
});
export type Step = v.InferOutput<typeof Step>;
export const Trace = v.object({ allowed: v.boolean(), steps: v.array(Step) });
export type Trace = v.InferOutput<typeof Trace>;

export const Pair = v.object({
  from: v.string(),
  to: v.string(),
  action: v.string(),
  state: v.picklist(['ready', 'partial', 'blocked']),
  counts: v.optional(v.object({ inScope: v.number(), synced: v.number(), failed: v.number() })),
  steps: v.array(Step),
});
export type Pair = v.InferOutput<typeof Pair>;

export const SettingChange = v.object({
  tenantId: v.string(),
  setting: v.string(),
  from: v.unknown(),
  to: v.unknown(),
});
export const MendAnswer = v.object({
  state: v.string(),
  changes: v.array(SettingChange),
  requests: v.array(v.object({ requestedOfTenantId: v.string(), changes: v.array(SettingChange) })),
});

export const Request = v.object({
  id: v.string(),
  direction: v.picklist(['sent', 'received']),
  requestedByTenantId: v.string(),
  requestedOfTenantId: v.string(),
  from: v.string(),
  to: v.string(),
  action: v.string(),
  changes: v.array(SettingChange),
  state: v.string(),
  reason: text,
  createdDateTime: v.string(),
  decidedDateTime: text,
});
export type Request = v.InferOutput<typeof Request>;

export const Invitation = v.object({
  addedByTenantId: v.string(),
  organizationName: text,
  members: v.array(v.string()),
  invitedDateTime: v.string(),
  expirationDateTime: v.string(),
  inviterDisplayName: text,
  inviterVerifiedDomains: v.nullish(v.array(v.string())),
});
export type Invitation = v.InferOutput<typeof Invitation>;

export const JoinPreview = v.object({
  tenants: v.array(v.string()),
  changes: v.array(
    v.object({
      tenantId: v.string(),
      existing: v.boolean(),
      setting: v.string(),
      from: v.unknown(),
      to: v.unknown(),
      loosens: v.boolean(),
    }),
  ),
});
export type JoinPreview = v.InferOutput<typeof JoinPreview>;

export const JoinRequest = v.object({
  addedByTenantId: v.string(),
  memberState: text,
  transitionDetails: v.nullish(v.object({ status: text, details: text })),
});

/** A person as previews name one. */
export const Named = v.object({ id: v.string(), displayName: text, userPrincipalName: text });
export type Named = v.InferOutput<typeof Named>;

/** Whom joining would share with a tenant. */
export const SharedByJoining = v.object({
  tenantId: v.string(),
  source: v.picklist(['default', 'own']),
  inScope: v.number(),
  users: v.array(Named),
});
export type SharedByJoining = v.InferOutput<typeof SharedByJoining>;

const Treated = v.object({
  count: v.number(),
  groupMemberships: v.optional(v.number()),
  roleAssignments: v.optional(v.number()),
  treatment: v.string(),
  treated: v.number(),
  restored: v.optional(v.number()),
  lost: v.optional(v.number()),
  users: v.optional(v.array(Named)),
});
export const Departure = v.object({
  id: text,
  direction: v.picklist(['own', 'theirs']),
  tenantId: v.string(),
  byTenantId: v.string(),
  usersFromThem: v.string(),
  state: v.string(),
  reason: text,
  startedDateTime: text,
  completedDateTime: text,
  undoableUntilDateTime: text,
  tenants: v.array(
    v.object({ tenantId: v.string(), usersFromThem: Treated, usersOfOurs: Treated }),
  ),
});
export type Departure = v.InferOutput<typeof Departure>;

export const Sharing = v.object({
  scope: v.picklist(['all', 'selected', 'none']),
  users: v.array(v.string()),
  groups: v.array(v.string()),
  groupObjects: v.boolean(),
  rule: text,
  untilDateTime: text,
});
export type Sharing = v.InferOutput<typeof Sharing>;

export const PairStatus = v.object({
  tenantId: v.string(),
  source: v.picklist(['own', 'default']),
  scope: v.picklist(['all', 'selected', 'none']),
  state: v.picklist(['active', 'paused', 'blocked', 'quarantined']),
  inScope: v.number(),
  synced: v.number(),
  failed: v.number(),
  pendingChanges: v.number(),
  lagMilliseconds: v.number(),
  lastAppliedDateTime: text,
  waitingDeletions: v.number(),
  groups: v.nullish(v.object({ synced: v.number(), failed: v.number() })),
  trace: v.nullish(Trace),
});
export type PairStatus = v.InferOutput<typeof PairStatus>;

const Side = v.object({ count: v.number(), users: v.array(Named) });
export const SharingPreview = v.object({
  inScope: v.number(),
  added: Side,
  removed: Side,
  deletionGuard: v.object({
    trips: v.boolean(),
    tenants: v.array(
      v.object({
        tenantId: v.string(),
        deletions: v.number(),
        threshold: v.number(),
        trips: v.boolean(),
      }),
    ),
  }),
});
export type SharingPreview = v.InferOutput<typeof SharingPreview>;

export const SyncFailure = v.object({
  userId: v.string(),
  displayName: text,
  userPrincipalName: text,
  code: text,
  reason: text,
  attempts: v.nullish(v.number()),
  failedSinceDateTime: text,
  nextAttemptDateTime: text,
});
export type SyncFailure = v.InferOutput<typeof SyncFailure>;

export const WaitingDeletion = v.looseObject({
  userId: v.string(),
  displayName: text,
  userPrincipalName: text,
});

const rules = {
  maxUsers: v.nullish(v.number()),
  allowedMailDomains: v.nullish(v.array(v.string())),
  attributes: v.object({
    deny: v.array(v.string()),
    override: v.record(v.string(), v.unknown()),
  }),
  displayNameSuffix: text,
  maxUserType: v.picklist(['member', 'guest']),
  holdFirst: v.number(),
};
export const Admission = v.object(rules);
export type Admission = v.InferOutput<typeof Admission>;
export const AdmissionTenant = v.object({
  ...rules,
  tenantId: v.string(),
  source: v.picklist(['own', 'default']),
  syncAllowed: v.boolean(),
  users: v.number(),
  usersSinceDateTime: text,
  held: v.number(),
  refused: v.number(),
  turnedAway: v.number(),
});
export type AdmissionTenant = v.InferOutput<typeof AdmissionTenant>;

export const AdmissionUser = v.object({
  id: v.string(),
  state: v.picklist(['held', 'released', 'refused', 'turnedAway']),
  displayName: text,
  userPrincipalName: text,
  mail: text,
  code: text,
  reason: text,
  sinceDateTime: text,
});
export type AdmissionUser = v.InferOutput<typeof AdmissionUser>;

export const Coming = v.object({
  count: v.number(),
  more: v.boolean(),
  allowed: v.boolean(),
  users: v.array(
    v.object({
      id: v.string(),
      displayName: text,
      userPrincipalName: text,
      admitted: v.boolean(),
      code: text,
      reason: text,
    }),
  ),
  steps: v.array(Step),
});

/** A user or a group as a picker shows one. */
export const DirectoryObject = v.looseObject({
  id: v.string(),
  '@odata.type': v.optional(v.string()),
  displayName: text,
  userPrincipalName: text,
  mail: text,
});
export type DirectoryObject = v.InferOutput<typeof DirectoryObject>;

export const ServicePrincipal = v.object({
  id: v.string(),
  appId: v.string(),
  displayName: text,
});

const Modified = v.object({ displayName: text, oldValue: text, newValue: text });
export const DirectoryAudit = v.object({
  id: v.string(),
  activityDateTime: v.string(),
  activityDisplayName: v.string(),
  category: text,
  result: text,
  resultReason: text,
  correlationId: text,
  loggedByService: text,
  initiatedBy: v.nullish(
    v.object({
      app: v.nullish(v.object({ appId: text, displayName: text, servicePrincipalId: text })),
      user: v.nullish(v.object({ id: text, displayName: text, userPrincipalName: text })),
    }),
  ),
  targetResources: v.array(
    v.object({
      id: text,
      displayName: text,
      userPrincipalName: text,
      type: text,
      modifiedProperties: v.nullish(v.array(Modified)),
    }),
  ),
});
export type DirectoryAudit = v.InferOutput<typeof DirectoryAudit>;

/** A sign-in as `/beta` shows it; `signInCount` and `crossTenantAccessDecision` are ours. */
export const SignIn = v.object({
  id: v.string(),
  createdDateTime: v.string(),
  userDisplayName: text,
  userPrincipalName: text,
  servicePrincipalName: text,
  appId: text,
  appDisplayName: text,
  resourceDisplayName: text,
  ipAddress: text,
  correlationId: text,
  homeTenantId: text,
  resourceTenantId: text,
  signInEventTypes: v.nullish(v.array(v.string())),
  authenticationMethodsUsed: v.nullish(v.array(v.string())),
  signInCount: v.nullish(v.number()),
  status: v.nullish(
    v.object({ errorCode: v.number(), failureReason: text, additionalDetails: text }),
  ),
  deviceDetail: v.nullish(v.object({ browser: text, operatingSystem: text })),
  crossTenantAccessDecision: v.nullish(Trace),
});
export type SignIn = v.InferOutput<typeof SignIn>;

const Identity = v.nullish(v.object({ id: text, displayName: text, identityType: text }));
export const Provisioning = v.object({
  id: v.string(),
  activityDateTime: v.string(),
  provisioningAction: text,
  durationInMilliseconds: v.nullish(v.number()),
  provisioningStatusInfo: v.nullish(
    v.object({
      status: text,
      errorInformation: v.nullish(
        v.object({ errorCode: text, reason: text, recommendedAction: text }),
      ),
    }),
  ),
  provisioningSteps: v.nullish(v.array(v.object({ name: text, status: text, description: text }))),
  modifiedProperties: v.nullish(v.array(Modified)),
  servicePrincipal: v.nullish(v.object({ id: text, displayName: text })),
  sourceIdentity: Identity,
  targetIdentity: Identity,
  targetSystem: v.nullish(v.looseObject({ displayName: text })),
});
export type Provisioning = v.InferOutput<typeof Provisioning>;

export const Person = v.object({
  id: v.string(),
  displayName: text,
  userPrincipalName: text,
  mail: text,
  givenName: text,
  surname: text,
  jobTitle: text,
  department: text,
  city: text,
  country: text,
  userType: text,
  accountEnabled: v.nullish(v.boolean()),
  creationType: text,
  externalUserState: text,
  createdDateTime: text,
  deletedDateTime: text,
  blockedHere: v.nullish(v.boolean()),
  employeeId: text,
  companyName: text,
  officeLocation: text,
  mobilePhone: text,
  usageLocation: text,
});
export type Person = v.InferOutput<typeof Person>;

export const Group = v.object({
  id: v.string(),
  displayName: text,
  description: text,
  mail: text,
  mailNickname: text,
  securityEnabled: v.nullish(v.boolean()),
  groupTypes: v.nullish(v.array(v.string())),
  membershipRule: text,
  membershipRuleProcessingState: text,
  organizationId: text,
  createdDateTime: text,
  deletedDateTime: text,
});
export type Group = v.InferOutput<typeof Group>;

const TargetList = v.nullish(
  v.object({
    accessType: v.picklist(['allowed', 'blocked']),
    targets: v.array(v.object({ target: v.string(), targetType: v.string() })),
  }),
);
export type TargetList = v.InferOutput<typeof TargetList>;
const B2b = v.nullish(v.object({ usersAndGroups: TargetList, applications: TargetList }));
export type B2b = v.InferOutput<typeof B2b>;
const flag = v.nullish(v.boolean());
const settings = {
  inboundTrust: v.nullish(
    v.object({
      isMfaAccepted: flag,
      isCompliantDeviceAccepted: flag,
      isHybridAzureADJoinedDeviceAccepted: flag,
    }),
  ),
  automaticUserConsentSettings: v.nullish(
    v.object({ inboundAllowed: flag, outboundAllowed: flag }),
  ),
  b2bCollaborationInbound: B2b,
  b2bCollaborationOutbound: B2b,
  b2bDirectConnectInbound: B2b,
  b2bDirectConnectOutbound: B2b,
};
export const AccessDefault = v.object({ ...settings, isServiceDefault: flag });
export type AccessDefault = v.InferOutput<typeof AccessDefault>;
export const Partner = v.object({
  ...settings,
  tenantId: v.string(),
  isInMultiTenantOrganization: flag,
});
export type Partner = v.InferOutput<typeof Partner>;
export const IdentitySync = v.object({
  userSyncInbound: v.nullish(v.object({ isSyncAllowed: flag })),
  groupSyncInbound: v.nullish(v.object({ isSyncAllowed: flag })),
});
