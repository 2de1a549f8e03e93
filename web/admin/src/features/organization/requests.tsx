/** What tenants ask each other to change: accepted or declined in one step, with what it does. */
import { Button } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { GraphCall, Mark, Time, type Tone, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import type { Request } from '../../api/shapes';
import { useTenants } from '../../tenants';
import { useStory } from '../../why/story';
import { useCardStyles } from './invitations';
import { isWaiting } from './request-state';

const TONES: Record<string, Tone> = {
  pending: 'waiting',
  accepted: 'good',
  declined: 'bad',
  failed: 'bad',
};
/** Decided ones that are still shown. */
const DECIDED_MAX = 5;

export function RequestList({ requests }: { requests: Request[] }) {
  const { t } = useTranslation();
  const styles = useCardStyles();
  const { name } = useTenants(
    requests.flatMap((each) => [each.requestedByTenantId, each.requestedOfTenantId]),
  );
  const story = useStory();
  const { run, isRunning } = useAct();
  const open = requests.filter(({ state }) => state === 'pending');
  const decided = requests.filter(({ state }) => state !== 'pending').slice(0, DECIDED_MAX);

  return (
    <ul className={styles.list}>
      {[...open, ...decided].map((request) => {
        const isReceived = request.direction === 'received';
        const other = isReceived ? request.requestedByTenantId : request.requestedOfTenantId;
        const wishes = request.changes.map((change) =>
          story.setting(change.setting, request.requestedOfTenantId, request.requestedByTenantId),
        );
        const path = `/beta/isopolity/requests/${request.id}`;
        const accept: Change = { method: 'POST', path: `${path}/accept`, body: {} };
        const decline: Change = { method: 'POST', path: `${path}/decline`, body: {} };
        const state = request.state in TONES ? (request.state as 'pending') : 'pending';
        return (
          <li key={request.id} className={styles.card}>
            <Mark tone={TONES[request.state] ?? 'none'} />
            <span className={styles.title}>
              {isReceived
                ? t('request.received', { tenant: name(other), count: wishes.length })
                : t('request.sent', { tenant: name(other), count: wishes.length })}
            </span>
            <span className={styles.more}>
              {wishes.join('; ')}
              <br />
              {t(`requestState.${state}`)}
              {request.reason && ` “${request.reason}”`}{' '}
              <Time at={request.decidedDateTime ?? request.createdDateTime} />
              {isWaiting(request) && (
                <>
                  <br />
                  {t('request.means', { count: wishes.length })}
                  <GraphCall change={accept} />
                </>
              )}
            </span>
            {isWaiting(request) && (
              <span className={styles.actions}>
                <Button
                  appearance="primary"
                  disabled={isRunning}
                  onClick={() =>
                    void run({
                      change: accept,
                      done: t('request.accepted', { tenant: name(other) }),
                      optimistic: [decidedAs(request.id, 'accepted')],
                      refresh: [['requests'], ['readiness'], ['access'], ['admission']],
                    })
                  }
                >
                  {t('request.accept')}
                </Button>
                <Button
                  disabled={isRunning}
                  onClick={() =>
                    void run({
                      change: decline,
                      done: t('request.declined', { tenant: name(other) }),
                      optimistic: [decidedAs(request.id, 'declined')],
                      refresh: [['requests'], ['readiness']],
                    })
                  }
                >
                  {t('request.decline')}
                </Button>
              </span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

const decidedAs = (id: string, state: string) => ({
  key: ['requests'],
  update: (before: Request[]) =>
    before.map((request) => (request.id === id ? { ...request, state } : request)),
});
