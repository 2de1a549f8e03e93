/** People who were deleted and can be restored. */
import { ArrowUndoRegular } from '@fluentui/react-icons';
import { asProblem, formatDate } from '@isopolity/core';
import { DataTable, Empty, Time, useAct, useTableView } from '@isopolity/ui';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Person } from '../../api/shapes';
import { graph } from '../../session';
import { removal, restoring } from './people-list';

const DAYS = 30;

/** Until when something that was deleted can be restored. */
export const untilOf = (object: { deletedDateTime?: string | null | undefined }): string =>
  object.deletedDateTime
    ? new Date(new Date(object.deletedDateTime).getTime() + DAYS * 86_400_000).toISOString()
    : '';

export function DeletedPeople() {
  const { t } = useTranslation();
  const view = useTableView();
  const { run } = useAct();
  const deleted = useQuery({
    queryKey: ['deleted', 'users'],
    queryFn: ({ signal }) =>
      graph.all(Person, '/v1.0/directory/deletedItems/microsoft.graph.user?$top=500', { signal }),
  });
  const restore = (people: Person[]) =>
    void run({
      change: people.map(({ id }) => restoring(id)),
      undo: people.map(({ id }) => removal(id)),
      done: t('person.restored', { count: people.length }),
      optimistic: [
        {
          key: ['deleted', 'users'],
          update: (before: Person[]) =>
            before.filter((each) => !people.some(({ id }) => id === each.id)),
        },
      ],
      refresh: [['deleted'], ['people'], ['sharing']],
    });
  return (
    <DataTable<Person>
      fill
      label={t('person.deleted')}
      view={view}
      rows={deleted.data}
      problem={deleted.error && asProblem(deleted.error)}
      onRetry={() => void deleted.refetch()}
      rowId={(person) => person.id}
      summary={(person) => t('person.until', { date: formatDate(untilOf(person)) })}
      empty={<Empty text={t('person.nobodyDeleted')} />}
      defaultSort={{ column: 'at', descending: true }}
      bulk={[
        { id: 'restore', label: t('person.restore'), icon: <ArrowUndoRegular />, run: restore },
      ]}
      columns={[
        {
          id: 'name',
          title: t('column.name'),
          value: (person) => person.displayName,
          width: 'minmax(180px, 2fr)',
        },
        {
          id: 'userName',
          title: t('column.userName'),
          value: (person) => person.userPrincipalName,
          cell: (person) => <span dir="ltr">{person.userPrincipalName}</span>,
          width: 'minmax(220px, 2.4fr)',
        },
        {
          id: 'at',
          title: t('column.deleted'),
          value: (person) => person.deletedDateTime,
          cell: (person) => <Time at={person.deletedDateTime} />,
        },
        {
          id: 'until',
          title: t('column.restorableUntil'),
          value: untilOf,
          cell: (person) => formatDate(untilOf(person)),
        },
      ]}
    />
  );
}
