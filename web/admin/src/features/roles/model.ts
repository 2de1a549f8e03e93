/** Directory roles, who has them, and what a role can allow. */
import { queryOptions } from '@tanstack/react-query';
import * as v from 'valibot';
import { DirectoryObject } from '../../api/shapes';
import { graph } from '../../session';

const text = v.nullish(v.string());

const Role = v.object({
  id: v.string(),
  displayName: v.string(),
  description: text,
  isBuiltIn: v.nullish(v.boolean()),
  isPrivileged: v.nullish(v.boolean()),
  rolePermissions: v.nullish(
    v.array(
      v.looseObject({
        allowedResourceActions: v.nullish(v.array(v.string())),
        condition: text,
      }),
    ),
  ),
});
export type Role = v.InferOutput<typeof Role>;

/** What is answered of a role that was just defined. */
export const MadeRole = v.looseObject({ id: v.string() });

const Assignment = v.object({
  id: v.string(),
  principalId: v.string(),
  roleDefinitionId: v.string(),
  directoryScopeId: v.string(),
  principal: v.nullish(DirectoryObject),
  directoryScope: v.nullish(DirectoryObject),
});
export type Assignment = v.InferOutput<typeof Assignment>;

const DIRECTORY = '/beta/roleManagement/directory';
/** Which roles are privileged is told to who asks for it. */
const SELECT = 'id,displayName,description,isBuiltIn,isPrivileged,rolePermissions';

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

export const allowedBy = (role: Role): string[] =>
  role.rolePermissions?.flatMap((each) => each.allowedResourceActions ?? []) ?? [];

const NAMESPACE = 'microsoft.directory/';
/** What there is here of what the built-in roles speak of. */
const RESOURCES = [
  'administrativeUnits',
  'applications',
  'auditLogs',
  'authorizationPolicy',
  'crossTenantAccessPolicy',
  'directoryRoleTemplates',
  'directoryRoles',
  'domains',
  'groups',
  'loginOrganizationBranding',
  'multiTenantOrganization',
  'organization',
  'provisioningLogs',
  'roleAssignments',
  'roleDefinitions',
  'servicePrincipals',
  'signInReports',
  'users',
];
/** What gives roles or permissions: only built-in roles allow that. */
const GIVES =
  /^(?:(?:directoryRoles|roleAssignments|roleDefinitions)\/.*(?<!\/read)|servicePrincipals\/managePermissionGrantsForAll.*)$/;

/** An action without what all of them begin with. */
export const shortAction = (action: string): string =>
  action.startsWith(NAMESPACE) ? action.slice(NAMESPACE.length) : action;

/** The actions that a role of one's own can allow: those of the built-in ones on what there is here. */
export function actionsOf(defined: Role[]): string[] {
  const actions = defined
    .filter(({ isBuiltIn }) => isBuiltIn)
    .flatMap(allowedBy)
    .filter((action) => {
      const short = shortAction(action);
      const resource = short.slice(0, short.indexOf('/'));
      return short !== action && RESOURCES.includes(resource) && !GIVES.test(short);
    });
  return [...new Set(actions)].sort();
}

export const definition = (id: string) => `/v1.0/roleManagement/directory/roleDefinitions/${id}`;

export const assignments = queryOptions({
  queryKey: ['roles', 'assignments'],
  queryFn: ({ signal }) =>
    graph.all(Assignment, `${DIRECTORY}/roleAssignments?$expand=principal,directoryScope`, {
      signal,
    }),
});

const ASSIGNMENTS = '/v1.0/roleManagement/directory/roleAssignments';
/** The scope of a role that is given for everything. */
const TENANT = '/';

export const assigning = (role: string, principal: string, scope = TENANT) => ({
  method: 'POST' as const,
  path: ASSIGNMENTS,
  body: { roleDefinitionId: role, principalId: principal, directoryScopeId: scope },
});

/** A GUID's bytes as Microsoft's ids have them: the first three parts the other way round. */
const bytesOf = (guid: string) =>
  guid.split('-').flatMap((part, index) => {
    const bytes = part.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
    return index < 3 ? bytes.reverse() : bytes;
  });

/** What an assignment is called follows from what it is, also of one that was just made. */
export function assignmentId(role: string, principal: string, scope = TENANT) {
  const part = scope === TENANT ? [] : [scope.slice(scope.lastIndexOf('/') + 1)];
  const bytes = [role, principal, ...part].flatMap(bytesOf);
  const text = btoa(String.fromCharCode(...bytes));
  return `${text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}-1`;
}

export const unassigning = (role: string, principal: string, scope = TENANT) => ({
  method: 'DELETE' as const,
  path: `${ASSIGNMENTS}/${assignmentId(role, principal, scope)}`,
});
