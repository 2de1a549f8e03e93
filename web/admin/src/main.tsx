/** Starts the admin centre: the language, then who it is, then the screens. */
import { asProblem, locale, openCatalogues } from '@isopolity/core';
import { Root } from '@isopolity/ui';
import { RouterProvider } from '@tanstack/react-router';
import i18next from 'i18next';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { initReactI18next } from 'react-i18next';
import { loadCatalogue } from './catalogues';
import { router } from './router';
import { BASE, graph, session } from './session';
import { StartFailure } from './start-failure';

async function start(): Promise<void> {
  i18next.use(initReactI18next);
  const [, opened] = await Promise.all([
    openCatalogues(loadCatalogue),
    session.open().then(
      (goOn) => ({ goOn }),
      (thrown: unknown) => ({ problem: asProblem(thrown) }),
    ),
  ]);
  const root = createRoot(document.getElementById('app') as HTMLElement);
  if ('problem' in opened) {
    root.render(
      <Root graph={graph}>
        <StartFailure problem={opened.problem} />
      </Root>,
    );
    return;
  }
  // The browser is on its way to the sign-in page.
  if (opened.goOn === undefined) return;
  const goOn = new URL(opened.goOn, location.origin);
  if (goOn.origin === location.origin && goOn.pathname.startsWith(BASE)) {
    history.replaceState(null, '', goOn.pathname + goOn.search);
  }
  document.documentElement.lang = locale();
  root.render(
    <StrictMode>
      <Root graph={graph}>
        <RouterProvider router={router} />
      </Root>
    </StrictMode>,
  );
}

void start();
