/** Every address of the admin centre. Each screen is loaded when it is first gone to. */
import { readAddress } from '@isopolity/ui';
import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { App } from './app';
import { Home } from './features/home/home';
import { NotFound } from './not-found';
import { BASE } from './session';

const root = createRootRoute({
  component: App,
  notFoundComponent: NotFound,
  validateSearch: readAddress,
});

const page = <const P extends string>(path: P, component: () => React.ReactNode) =>
  createRoute({ getParentRoute: () => root, path, component });

const routes = [page('/', Home)] as const;

export const router = createRouter({
  routeTree: root.addChildren([...routes]),
  basepath: BASE,
  defaultPreload: 'intent',
  defaultPendingMs: 200,
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
