/** The applications that are registered in this tenant. */
import { Button } from '@fluentui/react-components';
import { formatDate } from '@isopolity/core';
import { DataTable, Empty, ShortId, Status, Time, useAddress, useTableView } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useRemoteList } from '../../api/remote';
import { ApplicationPanel } from './application-panel';
import { Application } from './model';

const SOON_MS = 30 * 86_400_000;

/** The secret or certificate that lasts longest. */
const lastsUntil = (app: Application): string | undefined =>
  [...(app.passwordCredentials ?? []), ...(app.keyCredentials ?? [])]
    .flatMap(({ endDateTime }) => endDateTime ?? [])
    .sort()
    .at(-1);

export function Registrations() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const view = useTableView();
  const word = view.q.replaceAll(/["\\]/g, ' ').trim();
  const list = useRemoteList('applications', Application, '/v1.0/applications', {
    $top: 100,
    $count: 'true',
    $search: word ? `"displayName:${word}"` : undefined,
    $orderby: view.sort?.descending ? 'displayName desc' : 'displayName',
  });
  const credential = (app: Application) => {
    const until = lastsUntil(app);
    if (!until) return <Status tone="none">{t('app.noSecret')}</Status>;
    const left = new Date(until).getTime() - Date.now();
    return (
      <Status tone={left < 0 ? 'bad' : left < SOON_MS ? 'partly' : 'good'}>
        {left < 0
          ? t('app.ended', { date: formatDate(until) })
          : t('app.lasts', { date: formatDate(until) })}
      </Status>
    );
  };
  return (
    <>
      <DataTable<Application>
        fill
        label={t('app.registered')}
        view={view}
        {...list}
        rowId={(app) => app.id}
        openId={address.open}
        onOpen={({ id }) => change({ open: id, panel: undefined }, true)}
        summary={credential}
        empty={
          <Empty
            text={t('app.teach')}
            action={
              <Button onClick={() => change({ panel: 'create' }, true)}>{t('app.create')}</Button>
            }
          />
        }
        defaultSort={{ column: 'name', descending: false }}
        columns={[
          {
            id: 'name',
            title: t('column.name'),
            value: (app) => app.displayName,
            sortable: true,
            width: 'minmax(200px, 2fr)',
          },
          {
            id: 'created',
            title: t('column.created'),
            value: (app) => app.createdDateTime,
            cell: (app) => <Time at={app.createdDateTime} />,
          },
          {
            id: 'credential',
            title: t('app.secrets'),
            value: lastsUntil,
            cell: credential,
            width: 'minmax(260px, 1.4fr)',
          },
          {
            id: 'appId',
            title: t('app.clientId'),
            value: (app) => app.appId,
            cell: (app) => <ShortId id={app.appId} />,
          },
        ]}
      />
      {address.open && (
        <ApplicationPanel
          key={address.open}
          id={address.open}
          onClose={() => change({ open: undefined }, true)}
        />
      )}
    </>
  );
}
