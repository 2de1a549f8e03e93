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
export const Step = v.object({
  tenantId: v.string(),
  setting: v.string(),
  value: v.string(),
  allowed: v.boolean(),
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

export const Invitation = v.looseObject({
  addedByTenantId: v.string(),
  organizationDisplayName: text,
  invitedDateTime: text,
  expirationDateTime: text,
  inviterDisplayName: text,
  inviterVerifiedDomains: v.nullish(v.array(v.string())),
  role: text,
});
export type Invitation = v.InferOutput<typeof Invitation>;
