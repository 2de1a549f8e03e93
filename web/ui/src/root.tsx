/** Around every app: direction, the cache of what the server has said, toasts. */
import { FluentProvider } from '@fluentui/react-components';
import { direction, type Graph, type Language, Problem } from '@isopolity/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ActsProvider } from './acts';

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
  const { i18n } = useTranslation();
  return (
    <FluentProvider theme={NONE} dir={direction(i18n.language as Language)}>
      <QueryClientProvider client={queryClient}>
        <ActsProvider graph={graph}>{children}</ActsProvider>
      </QueryClientProvider>
    </FluentProvider>
  );
}
