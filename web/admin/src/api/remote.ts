/**
 * A list that the server searches, sorts and filters, read page by page as it is scrolled.
 *
 * Graph sorts by few properties. By any other the table sorts itself, for which everything is read
 * that fits the search and the filters, in pages as large as they come.
 */
import { asProblem, type Problem, withQuery } from '@isopolity/core';
import type { Remote, TableView } from '@isopolity/ui';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import type * as v from 'valibot';
import { graph } from '../session';

/** As a table takes it. */
export interface RemoteList<R> {
  rows: R[] | undefined;
  remote: Remote<R>;
  problem: Problem | null;
  onRetry: () => void;
}

/** How the server can sort. */
export interface ServerOrder {
  /** The property by which it sorts a column, by the column's id. */
  by: Record<string, string>;
  /** What is asked for if there is no such column; undefined for what the server does by itself. */
  usual?: string;
}

/** Pages that hold nothing, as a log's may, are read on; so many at most. */
const EMPTY_MAX = 5;
/** Rows of a page: those that are scrolled through, and those that are all wanted. */
const PAGE = 100;
const PAGE_MAX = 999;
/** Rows that are sorted here, at most. */
const SORTED_MAX = 20_000;

export function useRemoteList<R>(
  key: string,
  schema: v.GenericSchema<unknown, R>,
  path: string,
  query: Record<string, string | number | undefined>,
  { sort }: Pick<TableView, 'sort'>,
  order: ServerOrder,
): RemoteList<R> {
  const property = sort && order.by[sort.column];
  const isSortedHere = Boolean(sort && !property);
  const address = withQuery(path, {
    ...query,
    $top: isSortedHere ? PAGE_MAX : PAGE,
    $orderby: property ? `${property} ${sort.descending ? 'desc' : 'asc'}` : order.usual,
  });
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
  });
  const { data, fetchNextPage, hasNextPage, isFetching, isPlaceholderData, error, refetch } = read;
  const list = useMemo(() => {
    const rows = data?.pages.flatMap(({ items }) => items);
    const count = data?.pages[0]?.count;
    const isTooMany = Math.max(count ?? 0, rows?.length ?? 0) > SORTED_MAX;
    return { rows, count, order: isTooMany ? ('tooMany' as const) : ('reading' as const) };
  }, [data]);

  const isReading = isSortedHere && list.order === 'reading';
  const wantsMore = isReading && hasNextPage && !isFetching && !error;
  useEffect(() => {
    if (wantsMore) void fetchNextPage({ cancelRefetch: false });
  }, [wantsMore, fetchNextPage]);

  return useMemo(
    () => ({
      rows: list.rows,
      remote: {
        count: list.count,
        hasMore: hasNextPage,
        order: !isSortedHere
          ? 'server'
          : isReading && !hasNextPage && !isPlaceholderData
            ? 'here'
            : list.order,
        // What is on its way already isn't asked for twice.
        loadMore: () => void fetchNextPage({ cancelRefetch: false }),
        all: () => graph.all(schema, address, { eventual: true }),
      },
      problem: error ? asProblem(error) : null,
      onRetry: () => void (isReading ? fetchNextPage() : refetch()),
    }),
    [
      list,
      hasNextPage,
      isPlaceholderData,
      isSortedHere,
      isReading,
      fetchNextPage,
      error,
      refetch,
      schema,
      address,
    ],
  );
}

/** Conditions of `$filter`, all of which have to hold. */
export const allOf = (...conditions: (string | undefined | false)[]): string | undefined =>
  conditions.filter(Boolean).join(' and ') || undefined;

/** One of several conditions, each by the value of a filter; nothing if all of them are wanted. */
export const anyOf = (
  conditions: Record<string, string>,
  wanted: string[] | undefined,
): string | undefined =>
  wanted?.length && wanted.length < Object.keys(conditions).length
    ? `(${wanted.flatMap((each) => conditions[each] ?? []).join(' or ')})`
    : undefined;

/** One of several values. */
export const oneOf = (property: string, values: string[] | undefined): string | undefined =>
  values?.length
    ? `(${values.map((value) => `${property} eq '${value.replaceAll("'", "''")}'`).join(' or ')})`
    : undefined;
