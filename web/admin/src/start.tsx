/** The admin centre itself: the language, then the screens. Loaded once somebody is signed in. */
import { locale, openCatalogues, type Problem } from '@isopolity/core';
import { queryClient, Root } from '@isopolity/ui';
import { Guarded, RouterProvider } from '@isopolity/ui/router';
import { StrictMode, startTransition } from 'react';
import { createRoot } from 'react-dom/client';
import { invitations, members, ownTenant, readiness, requests } from './api/queries';
import { App } from './app';
import { Broken } from './broken';
import { loadCatalogue } from './catalogues';
import { router } from './router';
import { BASE, graph } from './session';
import { StartFailure } from './start-failure';

const catalogues = openCatalogues(loadCatalogue);

/** Longer than this nobody waits for answers: the screen comes with the shape of what is missing. */
const PATIENCE_MS = 150;

/** What is for admins is asked for behind what tells that the person is one. */
async function getReadiness(): Promise<void> {
  await queryClient.prefetchQuery(readiness);
  if (queryClient.getQueryState(readiness.queryKey)?.status !== 'success') return;
  await Promise.all([queryClient.prefetchQuery(invitations), queryClient.prefetchQuery(requests)]);
}

/** Gets what the screen is made of; quick answers save drawing it once without and once with them. */
async function getReady(): Promise<void> {
  const parts = [
    router.load(),
    queryClient.prefetchQuery(ownTenant),
    queryClient.prefetchQuery(members),
    getReadiness(),
  ];
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  await Promise.race([Promise.all(parts), patience]);
}

/** Shows where to go on at, or why nobody could be signed in. */
export async function start(opened: { goOn: string } | { problem: Problem }): Promise<void> {
  const root = createRoot(document.getElementById('app') as HTMLElement);
  if ('problem' in opened) {
    await catalogues;
    root.render(
      <Root graph={graph}>
        <StartFailure problem={opened.problem} />
      </Root>,
    );
    return;
  }
  const goOn = new URL(opened.goOn, location.origin);
  const isElsewhere = goOn.href !== location.href;
  if (isElsewhere && goOn.origin === location.origin && goOn.pathname.startsWith(BASE)) {
    history.replaceState(null, '', goOn.pathname + goOn.search);
  }
  await Promise.all([catalogues, getReady()]);
  document.documentElement.lang = locale();
  // Drawn piece by piece: whoever clicks meanwhile, at the frame or elsewhere, is heard.
  startTransition(() =>
    root.render(
      <StrictMode>
        <Root graph={graph}>
          <RouterProvider router={router}>
            <Guarded broken={Broken}>
              <App />
            </Guarded>
          </RouterProvider>
        </Root>
      </StrictMode>,
    ),
  );
}
