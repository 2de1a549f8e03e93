/** Every address of the admin centre. Each screen is loaded when it is first gone to. */
import { readAddress } from '@isopolity/ui';
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouteComponent,
} from '@tanstack/react-router';
import { App } from './app';
import { Broken } from './broken';
import { Home } from './features/home/home';
import { NotFound } from './not-found';
import { BASE } from './session';

const root = createRootRoute({
  component: App,
  notFoundComponent: NotFound,
  errorComponent: Broken,
  validateSearch: readAddress,
});

const page = <const P extends string>(path: P, component: RouteComponent) =>
  createRoute({ getParentRoute: () => root, path, component });

const organization = () => import('./features/organization/organization');
const create = () => import('./features/organization/create');
const sharing = () => import('./features/sharing/users-across');
const access = () => import('./features/access/access');
const people = () => import('./features/people/people');
const groups = () => import('./features/groups/groups');
const applications = () => import('./features/applications/applications');
const roles = () => import('./features/roles/roles');
const logs = () => import('./features/logs/logs');
const settings = () => import('./features/settings/settings');

const routes = [
  page('/', Home),
  page('/organization', lazyRouteComponent(organization, 'OrganizationPage')),
  page('/organization/create', lazyRouteComponent(create, 'CreateOrganization')),
  page('/users-across', lazyRouteComponent(sharing, 'UsersAcross')),
  page('/access', lazyRouteComponent(access, 'Access')),
  page('/people', lazyRouteComponent(people, 'People')),
  page('/groups', lazyRouteComponent(groups, 'Groups')),
  page('/applications', lazyRouteComponent(applications, 'Applications')),
  page('/roles', lazyRouteComponent(roles, 'Roles')),
  page('/logs', lazyRouteComponent(logs, 'Logs')),
  page('/settings', lazyRouteComponent(settings, 'Settings')),
] as const;

export const router = createRouter({
  routeTree: root.addChildren([...routes]),
  basepath: BASE,
  defaultPreload: 'intent',
  defaultPendingMs: 200,
  defaultErrorComponent: Broken,
  scrollRestoration: false,
  // Texts as they are, so that addresses can be read.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const query = new URLSearchParams(
      Object.entries(search).filter(([, value]) => value !== undefined && value !== '') as [
        string,
        string,
      ][],
    ).toString();
    return query && `?${query}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
