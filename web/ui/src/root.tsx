/** Around every app: direction, the cache of what the server has said, toasts. */
import { FluentProvider } from '@fluentui/react-components';
import { direction, type Graph, Problem } from '@isopolity/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ActsProvider } from './acts';
import { TranslationProvider, useTranslation } from './translation';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What is refused is refused the next time, too.
      retry: (count, thrown) => thrown instanceof Problem && thrown.isPassing && count < 2,
      retryDelay: (count, thrown) =>
        (thrown instanceof Problem && thrown.retryAfterMs) || 500 * 2 ** count,
    },
  },
});

/** The themes are a style sheet of ours (`theme.ts`), from which all variables come. */
const NONE = {};

export function Root({ graph, children }: { graph: Graph; children: ReactNode }) {
  return (
    <TranslationProvider>
      <Directed>
        <QueryClientProvider client={queryClient}>
          <ActsProvider graph={graph}>{children}</ActsProvider>
        </QueryClientProvider>
      </Directed>
    </TranslationProvider>
  );
}

/** In the direction in which the language is written. */
function Directed({ children }: { children: ReactNode }) {
  const { language } = useTranslation();
  return (
    <FluentProvider theme={NONE} dir={direction(language)}>
      {children}
    </FluentProvider>
  );
}
