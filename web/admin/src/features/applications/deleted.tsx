/** Applications that were deleted and can be restored, with all that belongs to them. */
import { ArrowUndoRegular } from '@fluentui/react-icons';
import { asProblem, formatDate } from '@isopolity/core';
import { DataTable, Empty, ShortId, Time, useAct, useTableView } from '@isopolity/ui';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { graph } from '../../session';
import { untilOf } from '../people/deleted';
import { restoring } from '../people/people-list';
import { Application } from './model';

export function DeletedApplications() {
  const { t } = useTranslation();
  const view = useTableView();
  const { run } = useAct();
  const deleted = useQuery({
    queryKey: ['deleted', 'applications'],
    queryFn: ({ signal }) =>
      graph.all(Application, '/v1.0/directory/deletedItems/microsoft.graph.application?$top=500', {
        signal,
      }),
  });
  const restore = (apps: Application[]) =>
    void run({
      change: apps.map(({ id }) => restoring(id)),
      undo: apps.map(({ id }) => ({ method: 'DELETE', path: `/v1.0/applications/${id}` })),
      done: t('app.restored'),
      optimistic: [
        {
          key: ['deleted', 'applications'],
          update: (before: Application[]) =>
            before.filter((each) => !apps.some(({ id }) => id === each.id)),
        },
      ],
      refresh: [['deleted'], ['applications'], ['principals']],
    });
  return (
    <DataTable<Application>
      fill
      label={t('app.deleted')}
      view={view}
      rows={deleted.data}
      problem={deleted.error && asProblem(deleted.error)}
      onRetry={() => void deleted.refetch()}
      rowId={(app) => app.id}
      summary={(app) => t('person.until', { date: formatDate(untilOf(app)) })}
      empty={<Empty text={t('app.nothingDeleted')} />}
      defaultSort={{ column: 'at', descending: true }}
      bulk={[
        { id: 'restore', label: t('person.restore'), icon: <ArrowUndoRegular />, run: restore },
      ]}
      columns={[
        {
          id: 'name',
          title: t('column.name'),
          value: (app) => app.displayName,
          width: 'minmax(180px, 2fr)',
        },
        {
          id: 'at',
          title: t('column.deleted'),
          value: (app) => app.deletedDateTime,
          cell: (app) => <Time at={app.deletedDateTime} />,
        },
        {
          id: 'until',
          title: t('column.restorableUntil'),
          value: untilOf,
          cell: (app) => formatDate(untilOf(app)),
        },
        {
          id: 'appId',
          title: t('app.clientId'),
          value: (app) => app.appId,
          cell: (app) => <ShortId id={app.appId} />,
        },
      ]}
    />
  );
}
