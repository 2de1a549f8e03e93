/** A list that the server searches, sorts and filters, read page by page as it is scrolled. */
import { asProblem, type Problem, withQuery } from '@isopolity/core';
import type { Remote } from '@isopolity/ui';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type * as v from 'valibot';
import { graph } from '../session';

/** As a table takes it. */
export interface RemoteList<R> {
  rows: R[] | undefined;
  remote: Remote<R>;
  problem: Problem | null;
  onRetry: () => void;
}

/** Pages that hold nothing, as a log's may, are read on; so many at most. */
const EMPTY_MAX = 5;

export function useRemoteList<R>(
  key: string,
  schema: v.GenericSchema<unknown, R>,
  path: string,
  query: Record<string, string | number | undefined>,
  refreshMs?: number,
): RemoteList<R> {
  const address = withQuery(path, query);
  const read = useInfiniteQuery({
    queryKey: [key, 'list', address],
    initialPageParam: address,
    queryFn: async ({ pageParam, signal }) => {
      let page = await graph.page(schema, pageParam, { signal, eventual: true });
      for (let at = 0; at < EMPTY_MAX && !page.items.length && page.next; at += 1) {
        page = await graph.page(schema, page.next, { signal, eventual: true });
      }
      return page;
    },
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
    ...(refreshMs ? { refetchInterval: refreshMs } : {}),
  });
  const { data, fetchNextPage, hasNextPage, error, refetch } = read;
  return useMemo(
    () => ({
      rows: data?.pages.flatMap(({ items }) => items),
      remote: {
        count: data?.pages[0]?.count,
        hasMore: hasNextPage,
        // What is on its way already isn't asked for twice.
        loadMore: () => void fetchNextPage({ cancelRefetch: false }),
        all: () => graph.all(schema, address, { eventual: true }),
      },
      problem: error ? asProblem(error) : null,
      onRetry: () => void refetch(),
    }),
    [data, hasNextPage, fetchNextPage, error, refetch, schema, address],
  );
}

/** Conditions of `$filter`, all of which have to hold. */
export const allOf = (...conditions: (string | undefined | false)[]): string | undefined =>
  conditions.filter(Boolean).join(' and ') || undefined;

/** One of several values. */
export const oneOf = (property: string, values: string[] | undefined): string | undefined =>
  values?.length
    ? `(${values.map((value) => `${property} eq '${value.replaceAll("'", "''")}'`).join(' or ')})`
    : undefined;
