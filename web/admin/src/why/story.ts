/**
 * Steps of a decision as sentences: whose setting it is, what it says, by names instead of ids.
 *
 * A setting that isn't known here is told in the API's own words.
 */
import { useTranslation } from 'react-i18next';
import type { Step } from '../api/shapes';
import { useTenants } from '../tenants';

export type Cause =
  | 'membership'
  | 'syncIn'
  | 'consentIn'
  | 'consentOut'
  | 'usersIn'
  | 'usersOut'
  | 'appsIn'
  | 'appsOut'
  | 'shared'
  | 'paused'
  | 'userType'
  | 'account'
  | 'person'
  | 'guard'
  | 'other';

const PATTERNS: [RegExp, Cause][] = [
  [/^multiTenantOrganization\.tenants\//, 'membership'],
  [/userSyncInbound\.isSyncAllowed$/, 'syncIn'],
  [/automaticUserConsentSettings\.inboundAllowed$/, 'consentIn'],
  [/automaticUserConsentSettings\.outboundAllowed$/, 'consentOut'],
  [/b2bCollaborationInbound\.usersAndGroups$/, 'usersIn'],
  [/b2bCollaborationOutbound\.usersAndGroups$/, 'usersOut'],
  [/b2bCollaborationInbound\.applications$/, 'appsIn'],
  [/b2bCollaborationOutbound\.applications$/, 'appsOut'],
  [/^userSharing\/deletionGuard$/, 'guard'],
  [/^userSharing\/.*\.state$/, 'paused'],
  [/^userSharing\//, 'shared'],
  [/^user\.userType$/, 'userType'],
  [/^user\.accountEnabled$/, 'account'],
  [/^user$/, 'person'],
];

/** Which setting a step is about. */
export const causeOf = (setting: string): Cause =>
  PATTERNS.find(([pattern]) => pattern.test(setting))?.[1] ?? 'other';

const ID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/;

/** Tells steps in sentences. `other` is the tenant at the other end of the pair. */
export function useStory() {
  const { t } = useTranslation();
  const { name } = useTenants();
  const told = (text: string) => text.replaceAll(new RegExp(ID, 'g'), (id) => name(id));
  return {
    /** What a step says. */
    sentence(step: Step, other: string): string {
      const cause = causeOf(step.setting);
      const partner = ID.exec(step.setting)?.[0] ?? other;
      const values = { tenant: name(step.tenantId), partner: name(partner) };
      // These tell more than yes or no; the API's own words are the truth.
      if (cause === 'other' || cause === 'guard') return told(step.reason);
      if (step.value === 'unknown' || step.value === 'unreachable') {
        return t(`step.${step.value}`, values);
      }
      return t(`step.${cause}.${step.allowed ? 'yes' : 'no'}`, values);
    },
    /** A setting's name in words. */
    setting(setting: string, tenant: string, other: string): string {
      const cause = causeOf(setting);
      const partner = ID.exec(setting)?.[0] ?? other;
      const values = { tenant: name(tenant), partner: name(partner) };
      if (cause === 'other') return told(setting);
      return t(`setting.${cause}`, values);
    },
    told,
  };
}
