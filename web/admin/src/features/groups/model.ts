/** What kinds of groups there are, and how one is deleted. */
import type { Change } from '@isopolity/core';
import type { Group } from '../../api/shapes';

export const kindOf = (group: Group): 'dynamic' | 'microsoft365' | 'security' =>
  group.groupTypes?.includes('DynamicMembership')
    ? 'dynamic'
    : group.groupTypes?.includes('Unified')
      ? 'microsoft365'
      : 'security';

export const removal = (id: string): Change => ({ method: 'DELETE', path: `/v1.0/groups/${id}` });
