/** Objects of one kind that were deleted and can be restored. */
import { ArrowUndoRegular } from '@fluentui/react-icons';
import { asProblem, type Change, formatDate } from '@isopolity/core';
import { type Column, DataTable, Empty, Time, useAct, useTableView } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import type * as v from 'valibot';
import { graph } from '../session';

const DAYS = 30;

interface Deleted {
  id: string;
  displayName?: string | null | undefined;
  deletedDateTime?: string | null | undefined;
}

/** Until when something that was deleted can be restored. */
const untilOf = ({ deletedDateTime }: Deleted): string =>
  deletedDateTime
    ? new Date(new Date(deletedDateTime).getTime() + DAYS * 86_400_000).toISOString()
    : '';

export const restoring = (id: string): Change => ({
  method: 'POST',
  path: `/v1.0/directory/deletedItems/${id}/restore`,
  body: {},
});

export function DeletedObjects<T extends Deleted>(props: {
  /** As Graph calls it: `user`, `application`. */
  kind: string;
  schema: v.GenericSchema<unknown, T>;
  label: string;
  empty: string;
  restored: (count: number) => string;
  /** What takes one that was restored away again. */
  removal: (id: string) => Change;
  /** What shows it, once it is back. */
  refresh: string[][];
  /** What there is to see beside the name and the times. */
  columns: Column<T>[];
}) {
  const { t } = useTranslation();
  const view = useTableView();
  const { run } = useAct();
  const key = ['deleted', `${props.kind}s`];
  const deleted = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      graph.all(
        props.schema,
        `/v1.0/directory/deletedItems/microsoft.graph.${props.kind}?$top=500`,
        { signal },
      ),
  });
  const restore = (objects: T[]) =>
    void run({
      change: objects.map(({ id }) => restoring(id)),
      undo: objects.map(({ id }) => props.removal(id)),
      done: props.restored(objects.length),
      optimistic: [
        {
          key,
          update: (before: T[]) =>
            before.filter((each) => !objects.some(({ id }) => id === each.id)),
        },
      ],
      refresh: [['deleted'], ...props.refresh],
    });
  return (
    <DataTable<T>
      fill
      label={props.label}
      view={view}
      rows={deleted.data}
      problem={deleted.error && asProblem(deleted.error)}
      onRetry={() => void deleted.refetch()}
      rowId={({ id }) => id}
      summary={(object) => t('person.until', { date: formatDate(untilOf(object)) })}
      empty={<Empty text={props.empty} />}
      defaultSort={{ column: 'at', descending: true }}
      bulk={[
        { id: 'restore', label: t('person.restore'), icon: <ArrowUndoRegular />, run: restore },
      ]}
      columns={[
        {
          id: 'name',
          title: t('column.name'),
          value: ({ displayName }) => displayName,
          width: 'minmax(180px, 2fr)',
        },
        ...props.columns,
        {
          id: 'at',
          title: t('column.deleted'),
          value: ({ deletedDateTime }) => deletedDateTime,
          cell: ({ deletedDateTime }) => <Time at={deletedDateTime} />,
        },
        {
          id: 'until',
          title: t('column.restorableUntil'),
          value: untilOf,
          cell: (object) => formatDate(untilOf(object)),
        },
      ]}
    />
  );
}
