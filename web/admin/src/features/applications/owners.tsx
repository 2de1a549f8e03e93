/** Who owns an application: owners may change it without a directory role. */
import { asProblem, type Change } from '@isopolity/core';
import { Failure, Lines, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { AddPeople } from '../../objects/add-objects';
import { ObjectList } from '../../objects/object-list';
import { type Owned, ownersOf } from './model';

export function Owners({ kind, id }: { kind: Owned; id: string }) {
  const { t } = useTranslation();
  const { run, isRunning } = useAct();
  const read = useQuery(ownersOf(kind, id));
  const path = `/v1.0/${kind}/${id}/owners`;
  const adding = (owner: string): Change => ({
    method: 'POST',
    path: `${path}/$ref`,
    body: { '@odata.id': `${location.origin}/v1.0/directoryObjects/${owner}` },
  });
  const removing = (owner: string): Change => ({
    method: 'DELETE',
    path: `${path}/${owner}/$ref`,
  });
  const refresh = [['applications'], ['principals']];
  return (
    <>
      <AddPeople
        label={t('app.addOwners')}
        action={() => t('app.addOwners')}
        adding={(owners) => owners.map(adding)}
        removing={removing}
        done={() => t('app.ownersAdded')}
        refresh={refresh}
      />
      {read.error && <Failure problem={asProblem(read.error)} />}
      {!read.data && !read.error && <Lines count={1} height={24} />}
      <ObjectList
        label={t('app.owners')}
        isRunning={isRunning}
        items={(read.data ?? []).map((owner) => ({
          id: owner.id,
          name: owner.displayName ?? owner.id,
          more: <span dir="ltr">{owner.userPrincipalName}</span>,
        }))}
        onRemove={({ id: owner, name }) =>
          void run({
            change: removing(owner),
            undo: adding(owner),
            done: t('group.removed', { name }),
            refresh,
          })
        }
      />
    </>
  );
}
