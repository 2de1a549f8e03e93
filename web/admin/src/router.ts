/** Every address of the admin centre. Each screen is loaded when it is first gone to. */
import { laterScreen, Router, screen } from '@isopolity/ui/router';
import { Home } from './features/home/home';
import { BASE } from './session';

export const router = new Router(BASE, {
  '/': screen(Home),
  '/organization': laterScreen(
    async () => (await import('./features/organization/organization')).OrganizationPage,
  ),
  '/organization/create': laterScreen(
    async () => (await import('./features/organization/create')).CreateOrganization,
  ),
  '/users-across': laterScreen(
    async () => (await import('./features/sharing/users-across')).UsersAcross,
  ),
  '/access': laterScreen(async () => (await import('./features/access/access')).Access),
  '/people': laterScreen(async () => (await import('./features/people/people')).People),
  '/groups': laterScreen(async () => (await import('./features/groups/groups')).Groups),
  '/applications': laterScreen(
    async () => (await import('./features/applications/applications')).Applications,
  ),
  '/roles': laterScreen(async () => (await import('./features/roles/roles')).Roles),
  '/logs': laterScreen(async () => (await import('./features/logs/logs')).Logs),
  '/settings': laterScreen(async () => (await import('./features/settings/settings')).Settings),
});
