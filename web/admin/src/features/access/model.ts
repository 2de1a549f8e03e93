/** Access settings as they work: what a partner's entry leaves out is the default's. */
import type { AccessDefault, B2b, Partner, TargetList } from '../../api/shapes';

export const PARTS = [
  'b2bCollaborationInbound',
  'b2bCollaborationOutbound',
  'b2bDirectConnectInbound',
  'b2bDirectConnectOutbound',
] as const;
export type Part = (typeof PARTS)[number];
export const PARTNERS_PATH = '/v1.0/policies/crossTenantAccessPolicy/partners';
export const DEFAULT_PATH = '/v1.0/policies/crossTenantAccessPolicy/default';

export const isInbound = (part: Part): boolean => part.endsWith('Inbound');

export type Settings = Pick<Partner, Part | 'inboundTrust' | 'automaticUserConsentSettings'>;

/** A part as it is in force. */
export function inForce(partner: Settings | undefined, fallback: AccessDefault, part: Part): B2b {
  const own = partner?.[part];
  const usual = fallback[part];
  return {
    usersAndGroups: own?.usersAndGroups ?? usual?.usersAndGroups,
    applications: own?.applications ?? usual?.applications,
  };
}

/** Whether an entry says something of its own about a part. */
export const isOwn = (partner: Settings | undefined, part: Part): boolean =>
  Boolean(partner?.[part]?.usersAndGroups || partner?.[part]?.applications);

export type Reach = 'all' | 'none' | 'only' | 'but';

const ALL = new Set(['AllUsers', 'AllApplications']);

/** Whom or what a list lets pass: all, none, only those listed, all but those. */
export function reachOf(list: TargetList): Reach {
  if (!list) return 'none';
  const namesAll = list.targets.some(({ target }) => ALL.has(target));
  if (list.accessType === 'allowed') return namesAll ? 'all' : 'only';
  return namesAll ? 'none' : 'but';
}

export const listedOf = (list: TargetList): { target: string; targetType: string }[] =>
  list?.targets.filter(({ target }) => !ALL.has(target)) ?? [];

/** The list that lets this pass. */
export function listFor(
  kind: 'users' | 'applications',
  reach: Reach,
  listed: { target: string; targetType: string }[],
): NonNullable<TargetList> {
  const all =
    kind === 'users'
      ? { target: 'AllUsers', targetType: 'user' }
      : { target: 'AllApplications', targetType: 'application' };
  return {
    accessType: reach === 'all' || reach === 'only' ? 'allowed' : 'blocked',
    targets: reach === 'all' || reach === 'none' ? [all] : listed,
  };
}
