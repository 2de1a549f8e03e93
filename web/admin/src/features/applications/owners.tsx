/** Who owns an application: owners may change it without a directory role. */
import { Button, makeStyles } from '@fluentui/react-components';
import { asProblem, type Change } from '@isopolity/core';
import { Failure, GraphCall, Lines, useAct } from '@isopolity/ui';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ObjectList } from '../../objects/object-list';
import { ObjectPicker } from '../../objects/picker';
import { type Owned, ownersOf } from './model';

const useStyles = makeStyles({ add: { marginBlockStart: '12px' } });

export function Owners({ kind, id }: { kind: Owned; id: string }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning } = useAct();
  const [chosen, setChosen] = useState<string[]>([]);
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
      <ObjectPicker kind="users" label={t('app.addOwners')} value={chosen} onChange={setChosen} />
      {chosen.length > 0 && (
        <div className={styles.add}>
          <Button
            appearance="primary"
            disabled={isRunning}
            onClick={() =>
              void run({
                change: chosen.map(adding),
                undo: chosen.map(removing),
                done: t('app.ownersAdded'),
                refresh,
              }).then((isDone) => isDone && setChosen([]))
            }
          >
            {t('app.addOwners')}
          </Button>
          <GraphCall change={chosen.map(adding)} />
        </div>
      )}
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
