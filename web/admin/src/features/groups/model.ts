/** What kinds of groups there are, what a rule of one says, and how one is deleted. */
import type { Change } from '@isopolity/core';
import type { Group } from '../../api/shapes';

export const KINDS = ['security', 'microsoft365', 'dynamic'] as const;

export const kindOf = (group: Group): (typeof KINDS)[number] =>
  group.groupTypes?.includes('DynamicMembership')
    ? 'dynamic'
    : group.groupTypes?.includes('Unified')
      ? 'microsoft365'
      : 'security';

/** What a group says of its rule, as it is written. */
export const ruleOf = (rule: string, isOn: boolean) => ({
  membershipRule: rule.trim(),
  membershipRuleProcessingState: isOn ? 'On' : 'Paused',
});

export const isPaused = (group?: Group): boolean =>
  group?.membershipRuleProcessingState === 'Paused';

export const removal = (id: string): Change => ({ method: 'DELETE', path: `/v1.0/groups/${id}` });
