/** Who has left or was taken out: how far that is, what became of whom, and the way back. */
import { Button } from '@fluentui/react-components';
import { formatDate, formatNumber } from '@isopolity/core';
import { Mark, Time, type Tone, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import type { Departure } from '../../api/shapes';
import { useTenants } from '../../tenants';
import { useCardStyles } from './invitations';

const TONES: Record<string, Tone> = {
  withdrawing: 'waiting',
  leaving: 'waiting',
  treating: 'waiting',
  undoing: 'waiting',
  done: 'good',
  undone: 'none',
  failed: 'bad',
};
type Stage = 'withdrawing' | 'leaving' | 'treating' | 'undoing' | 'done' | 'undone' | 'failed';

export function DepartureList({ departures }: { departures: Departure[] }) {
  const { t } = useTranslation();
  const styles = useCardStyles();
  const { name, own } = useTenants(
    departures.flatMap((each) => [
      each.tenantId,
      each.byTenantId,
      ...each.tenants.map(({ tenantId }) => tenantId),
    ]),
  );
  const { run, isRunning } = useAct();
  return (
    <ul className={styles.list}>
      {departures.map((departure) => {
        const until = departure.undoableUntilDateTime;
        const canUndo =
          departure.direction === 'own' && until && new Date(until).getTime() > Date.now();
        const stage = departure.state as Stage;
        // Whoever was taken out joins again; who has left is added by an owner.
        const way = departure.tenantId === own ? 'weLeft' : 'takenOut';
        const about = { tenant: name(departure.tenantId) };
        return (
          <li key={departure.id} className={styles.card}>
            <Mark tone={TONES[stage] ?? 'none'} />
            <span className={styles.title}>
              {departure.tenantId === departure.byTenantId
                ? departure.tenantId === own
                  ? t('departure.weLeft')
                  : t('departure.left', { tenant: name(departure.tenantId) })
                : t('departure.takenOut', {
                    tenant: name(departure.tenantId),
                    by: name(departure.byTenantId),
                  })}
            </span>
            <span className={styles.more}>
              {t(`stage.${stage}`)} {departure.reason}{' '}
              {stage === 'undone' &&
                departure.direction === 'own' &&
                t(`departure.undoneMeans.${way}`, about)}{' '}
              {departure.tenants.map((side) => (
                <span key={side.tenantId}>
                  {t('departure.side', {
                    tenant: name(side.tenantId),
                    here: formatNumber(side.usersFromThem.count),
                    there: formatNumber(side.usersOfOurs.count),
                  })}{' '}
                </span>
              ))}
              <Time at={departure.completedDateTime ?? departure.startedDateTime} />
              {canUndo && (
                <>
                  {' '}
                  {t('departure.undoable', { date: formatDate(until) })}{' '}
                  {t(`departure.undoMeans.${way}`, about)}
                </>
              )}
            </span>
            {canUndo && (
              <span className={styles.actions}>
                <Button
                  disabled={isRunning}
                  onClick={() =>
                    void run({
                      change: {
                        method: 'POST',
                        path: `/beta/isopolity/departures/${departure.id}/undo`,
                        body: {},
                      },
                      done: t(`departure.undoing.${way}`, about),
                    })
                  }
                >
                  {t('ui.undo')}
                </Button>
              </span>
            )}
          </li>
        );
      })}
    </ul>
  );
}
