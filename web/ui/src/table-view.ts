/**
 * What a table shows, as it is in the address: search, sort, filters, columns.
 *
 * `q=ann`, `sort=-name`, `f=state:failed,held`, `cols=name,mail`. Two tables on one page have
 * different prefixes.
 */
import { useMemo } from 'react';
import { type Address, useAddress } from './address';

export interface TableView {
  q: string;
  sort: { column: string; descending: boolean } | undefined;
  filters: Record<string, string[]>;
  /** The columns that are shown, if not the usual ones. */
  columns: string[] | undefined;
  set: (changes: Partial<Pick<TableView, 'q' | 'sort' | 'filters' | 'columns'>>) => void;
}

function readFilters(text: string | undefined): Record<string, string[]> {
  const filters: Record<string, string[]> = {};
  for (const part of text?.split(';') ?? []) {
    const [column, values] = part.split(':', 2);
    if (column && values) filters[column] = values.split(',');
  }
  return filters;
}

const writeFilters = (filters: Record<string, string[]>): string | undefined =>
  Object.entries(filters)
    .filter(([, values]) => values.length)
    .map(([column, values]) => `${column}:${values.join(',')}`)
    .join(';') || undefined;

export function useTableView(prefix = ''): TableView {
  const [address, change] = useAddress();
  const { [`${prefix}q`]: q, [`${prefix}sort`]: sort } = address;
  const { [`${prefix}f`]: filters, [`${prefix}cols`]: columns } = address;
  return useMemo(
    () => ({
      q: q ?? '',
      sort: sort ? { column: sort.replace(/^-/, ''), descending: sort.startsWith('-') } : undefined,
      filters: readFilters(filters),
      columns: columns?.split(','),
      set: (changes) => {
        const next: Address = {};
        if ('q' in changes) next[`${prefix}q`] = changes.q || undefined;
        if ('sort' in changes) {
          next[`${prefix}sort`] =
            changes.sort && (changes.sort.descending ? '-' : '') + changes.sort.column;
        }
        if (changes.filters) next[`${prefix}f`] = writeFilters(changes.filters);
        if ('columns' in changes) next[`${prefix}cols`] = changes.columns?.join(',');
        change(next);
      },
    }),
    [q, sort, filters, columns, prefix, change],
  );
}
