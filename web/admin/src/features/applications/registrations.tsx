/** The applications that are registered in this tenant. */
import { Button } from '@fluentui/react-components';
import { DeleteRegular } from '@fluentui/react-icons';
import { formatDay } from '@isopolity/core';
import {
  DataTable,
  Empty,
  ShortId,
  Status,
  Time,
  useAct,
  useAddress,
  useTableView,
} from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { anyOf, type ServerOrder, useRemoteList } from '../../api/remote';
import { restoring } from '../../objects/deleted';
import { ApplicationPanel } from './application-panel';
import { Application, removal } from './model';

const SOON_MS = 30 * 86_400_000;

/** The secret or certificate that lasts longest. */
const lastsUntil = (app: Application): string | undefined =>
  [...(app.passwordCredentials ?? []), ...(app.keyCredentials ?? [])]
    .flatMap(({ endDateTime }) => endDateTime ?? [])
    .sort()
    .at(-1);

/** What Graph sorts by, by column. */
const ORDER: ServerOrder = {
  by: { name: 'displayName', created: 'createdDateTime' },
  usual: 'displayName',
};

/** Which applications have secrets and certificates that last, end soon, have ended, or none. */
function credentialFilters(): Record<'lasts' | 'soon' | 'ended' | 'none', string> {
  // To the day, so that the address of the list stays.
  const today = Math.floor(Date.now() / 86_400_000) * 86_400_000;
  const [now, soon] = [today, today + SOON_MS].map((at) => new Date(at).toISOString().slice(0, 10));
  const until = (at: string | undefined) =>
    ['passwordCredentials', 'keyCredentials']
      .map((all) => `${all}/any(each:each/endDateTime ge ${at}T00:00:00Z)`)
      .join(' or ');
  const none = 'passwordCredentials/$count eq 0 and keyCredentials/$count eq 0';
  return {
    lasts: `(${until(soon)})`,
    soon: `((${until(now)}) and not (${until(soon)}))`,
    ended: `(not (${none}) and not (${until(now)}))`,
    none: `(${none})`,
  };
}

export function Registrations() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const view = useTableView();
  const { run } = useAct();
  const word = view.q.replaceAll(/["\\]/g, ' ').trim();
  const list = useRemoteList(
    'applications',
    Application,
    '/v1.0/applications',
    {
      $count: 'true',
      $filter: anyOf(credentialFilters(), view.filters.credential),
      $search: word ? `"displayName:${word}"` : undefined,
    },
    view,
    ORDER,
  );
  const credential = (app: Application) => {
    const until = lastsUntil(app);
    if (!until) return <Status tone="none">{t('app.noSecret')}</Status>;
    const left = new Date(until).getTime() - Date.now();
    return (
      <Status tone={left < 0 ? 'bad' : left < SOON_MS ? 'partly' : 'good'}>
        {left < 0
          ? t('app.ended', { date: formatDay(until) })
          : t('app.lasts', { date: formatDay(until) })}
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
        summary={(app) => (
          <>
            {t('column.created')} <Time at={app.createdDateTime} />
          </>
        )}
        empty={
          <Empty
            text={t('app.teach')}
            action={
              <Button onClick={() => change({ panel: 'create' }, true)}>{t('app.create')}</Button>
            }
          />
        }
        bulk={[
          {
            id: 'delete',
            label: t('person.delete'),
            icon: <DeleteRegular />,
            run: (apps) =>
              void run({
                change: apps.map(({ id }) => removal(id)),
                undo: apps.map(({ id }) => restoring(id)),
                done: t('app.deletedCount', { count: apps.length }),
                refresh: [['applications'], ['principals'], ['deleted']],
              }),
          },
        ]}
        defaultSort={{ column: 'name', descending: false }}
        columns={[
          {
            id: 'name',
            title: t('column.name'),
            value: (app) => app.displayName,
            width: 'minmax(200px, 2fr)',
          },
          {
            id: 'credential',
            title: t('app.secrets'),
            value: lastsUntil,
            cell: credential,
            options: (['lasts', 'soon', 'ended', 'none'] as const).map((value) => ({
              value,
              label: t(`app.credential.${value}`),
            })),
            width: 'minmax(230px, 1.4fr)',
          },
          {
            id: 'created',
            title: t('column.created'),
            value: (app) => app.createdDateTime,
            cell: (app) => <Time at={app.createdDateTime} />,
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
