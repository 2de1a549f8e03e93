/**
 * Steps of a decision as sentences: whose setting it is, what it says, by names instead of ids.
 *
 * A setting that isn't known here is told in the API's own words.
 */
import { useTranslation } from '@isopolity/ui/translation';
import type { Step } from '../api/shapes';
import { useTenants } from '../tenants';
import { useWords } from '../words';

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
  | 'filter'
  | 'paused'
  | 'userType'
  | 'account'
  | 'blocked'
  | 'admission'
  | 'app'
  | 'appOn'
  | 'assignment'
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
  [/^userSharing\/.*\/schema$/, 'filter'],
  [/^userSharing\//, 'shared'],
  [/^user\.userType$/, 'userType'],
  [/^user\.accountEnabled$/, 'account'],
  [/^user\.blockedHere$/, 'blocked'],
  [/^admission\//, 'admission'],
  [/^servicePrincipals\(.*\)$/, 'app'],
  [/^servicePrincipals\(.*\)\.accountEnabled$/, 'appOn'],
  [/^servicePrincipals\(.*\)\.appRoleAssignmentRequired$/, 'assignment'],
  [/^user$/, 'person'],
];

/** Which setting a step is about. */
export const causeOf = (setting: string): Cause =>
  PATTERNS.find(([pattern]) => pattern.test(setting))?.[1] ?? 'other';

/** Causes that may be about one person only. */
const OF_ONE = ['usersIn', 'usersOut', 'appsIn', 'appsOut', 'shared'] as const;
type OfOne = (typeof OF_ONE)[number];
const isOfOne = (cause: Cause): cause is OfOne => (OF_ONE as readonly string[]).includes(cause);

/** What both tenants' admins can settle for everybody, by a request between them. */
export const isBetweenTenants = (step: Step): boolean =>
  ['syncIn', 'consentIn', 'consentOut'].includes(causeOf(step.setting)) || isForAll(step);

/** Whether a list of an access setting is about everybody. */
const isForAll = (step: Step): boolean => /All(Users|Applications)$|^not set$/.test(step.value);

/** Whether a step lets only some pass, whoever they are. */
export const isForSome = (step: Step): boolean => {
  const cause = causeOf(step.setting);
  return step.allowed && cause !== 'shared' && isOfOne(cause) && !isForAll(step);
};

const ID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/;

/** Tells steps in sentences; names of `strangers` are looked up. `other` is the tenant at the other end of the pair. */
export function useStory(strangers?: string[]) {
  const { t } = useTranslation();
  const { name } = useTenants(strangers);
  const words = useWords();
  const told = (text: string) => text.replaceAll(new RegExp(ID, 'g'), (id) => name(id));
  return {
    /** What a step says; of one person or, in general, of all. */
    sentence(step: Step, other: string, about: 'one' | 'all' = 'all'): string {
      const cause = causeOf(step.setting);
      const partner = ID.exec(step.setting)?.[0] ?? other;
      const values = { tenant: name(step.tenantId), partner: name(partner) };
      // These have a reason of their own each time.
      if (cause === 'other') return told(words.reason(step.code, step.reason));
      if (step.value === 'unknown' || step.value === 'unreachable') {
        return t(`step.${step.value}`, values);
      }
      if (cause === 'account' && step.value === 'none') return t('step.account.none', values);
      if (cause === 'admission') {
        return step.value === 'turnedAway'
          ? told(words.reason(step.code, step.reason))
          : t(`step.admission.${step.value as 'held' | 'refused'}`, values);
      }
      if (about === 'all' && isForSome(step)) return t(`step.${cause as OfOne}.some`, values);
      if (about === 'one' && isOfOne(cause) && !step.allowed && step.value !== 'none') {
        if (!isForAll(step)) return t(`step.${cause}.one`, values);
      }
      return t(`step.${cause}.${step.allowed ? 'yes' : 'no'}`, values);
    },
    /** A setting's name in words. */
    setting(setting: string, tenant: string, other: string, about: 'one' | 'all' = 'all'): string {
      const cause = causeOf(setting);
      const partner = ID.exec(setting)?.[0] ?? other;
      const values = { tenant: name(tenant), partner: name(partner) };
      if (cause === 'other' || cause === 'app') return told(setting);
      if (about === 'one' && isOfOne(cause)) return t(`setting.${cause}.one`, values);
      return t(`setting.${cause}`, values);
    },
    told,
  };
}
