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

/** The templates of what everybody may do who has no role; nobody is given them. */
const TEMPLATES = [
  'a0b1b346-4d3e-4e8b-98f8-753987be4970',
  '10dae51f-b6af-4016-8d66-8c2a99b929b3',
  '2af84b1e-32c8-42b7-82bc-daa82404023b',
];

/** Those that can be given. */
export const roles = queryOptions({
  queryKey: ['roles', 'definitions'],
  queryFn: async ({ signal }) => {
    const all = await graph.all(Role, `${DIRECTORY}/roleDefinitions?$select=${SELECT}`, { signal });
    return all.filter(({ id }) => !TEMPLATES.includes(id));
  },
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
