/** Directory roles and who has them. */
import { queryOptions } from '@tanstack/react-query';
import * as v from 'valibot';
import { DirectoryObject } from '../../api/shapes';
import { graph } from '../../session';

const text = v.nullish(v.string());

const Role = v.object({
  id: v.string(),
  displayName: v.string(),
  description: text,
  isPrivileged: v.nullish(v.boolean()),
  rolePermissions: v.nullish(
    v.array(v.looseObject({ allowedResourceActions: v.nullish(v.array(v.string())) })),
  ),
});
export type Role = v.InferOutput<typeof Role>;

const Assignment = v.object({
  id: v.string(),
  principalId: v.string(),
  roleDefinitionId: v.string(),
  principal: v.nullish(DirectoryObject),
});
export type Assignment = v.InferOutput<typeof Assignment>;

const DIRECTORY = '/beta/roleManagement/directory';
/** Which roles are privileged is told to who asks for it. */
const SELECT = 'id,displayName,description,isPrivileged,rolePermissions';

export const roles = queryOptions({
  queryKey: ['roles', 'definitions'],
  queryFn: ({ signal }) =>
    graph.all(Role, `${DIRECTORY}/roleDefinitions?$select=${SELECT}`, { signal }),
  staleTime: 600_000,
});

export const assignments = queryOptions({
  queryKey: ['roles', 'assignments'],
  queryFn: ({ signal }) =>
    graph.all(Assignment, `${DIRECTORY}/roleAssignments?$expand=principal`, { signal }),
});

export const assigning = (role: string, principal: string) => ({
  method: 'POST' as const,
  path: '/v1.0/roleManagement/directory/roleAssignments',
  body: { roleDefinitionId: role, principalId: principal, directoryScopeId: '/' },
});

/** By the member, since an assignment that was just made has an id that nobody here knows yet. */
export const unassigning = (role: string, principal: string) => ({
  method: 'DELETE' as const,
  path: `/v1.0/directoryRoles(roleTemplateId='${role}')/members/${principal}/$ref`,
});
