/** What an admin changes about sharing with one tenant, as calls. */
import type { Change } from '@isopolity/core';

/** Pauses what this tenant shares with another, or lets it go on. */
export const sharingTo = (tenant: string, what: 'pause' | 'resume'): Change => ({
  method: 'POST',
  path: `/beta/isopolity/userSharing/tenants/${tenant}/${what}`,
  body: {},
});

/** Lets another tenant's people in, or shuts it off. */
export const doorTo = (tenant: string, isOpen: boolean): Change => ({
  method: 'PATCH',
  path: `/v1.0/policies/crossTenantAccessPolicy/partners/${tenant}/identitySynchronization`,
  body: { userSyncInbound: { isSyncAllowed: isOpen } },
});
