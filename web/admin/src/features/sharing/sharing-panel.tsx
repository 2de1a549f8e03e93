/** How sharing with one tenant stands: progress, why not, who fails, what waits, and the admin's hand. */
import { Button, makeStyles, ProgressBar, tokens } from '@fluentui/react-components';
import {
  BranchForkRegular,
  EditRegular,
  PauseRegular,
  PersonArrowRightRegular,
  PlayRegular,
} from '@fluentui/react-icons';
import { type Change, formatDuration, formatNumber } from '@isopolity/core';
import { GraphCall, Lines, SidePanel, Status, Time, useAct, useAddress } from '@isopolity/ui';
import { Link } from '@isopolity/ui/router';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { readiness, sharingEntry, waitingDeletions } from '../../api/queries';
import type { PairStatus } from '../../api/shapes';
import { People } from '../../objects/names';
import { useTenants } from '../../tenants';
import { useStory } from '../../why/story';
import { cellKey } from '../home/matrix-model';
import { sharingTo } from './changes';
import { Failures } from './failures';
import { useScopeWords } from './scope-words';
import { SHARING_TONES, useStandings } from './standing';

const useStyles = makeStyles({
  part: { marginBlockStart: '24px' },
  title: { margin: '0 0 8px', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
  text: { margin: '0 0 8px' },
  numbers: {
    display: 'grid',
    gridTemplateColumns: 'repeat(3, 1fr)',
    gap: '8px',
    margin: '16px 0',
  },
  number: { margin: 0, fontSize: tokens.fontSizeBase500, fontVariantNumeric: 'tabular-nums' },
  label: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  why: {
    borderLeft: `3px solid ${tokens.colorPaletteRedBorderActive}`,
    paddingInlineStart: '12px',
    display: 'grid',
    gap: '4px',
    justifyItems: 'start',
    marginBlockEnd: '16px',
  },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
});

export function SharingPanel({ pair, onClose }: { pair: PairStatus; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const [, change] = useAddress();
  const { name, own } = useTenants();
  const story = useStory();
  const words = useScopeWords();
  const { run, isRunning } = useAct();
  const entry = useQuery(sharingEntry(pair.tenantId));
  const tenant = name(pair.tenantId);
  const standing = useStandings()(pair);
  const pause = sharingTo(pair.tenantId, 'pause');
  const resume = sharingTo(pair.tenantId, 'resume');
  const isPaused = pair.state === 'paused';
  const ready = useQuery(readiness);
  const steps =
    pair.trace?.steps ??
    ready.data?.find(
      ({ from, to, action }) => from === own && to === pair.tenantId && action === 'sync',
    )?.steps;
  const refusing = standing === 'none' ? undefined : steps?.find((step) => !step.allowed);
  const stateAs = (state: PairStatus['state']) => ({
    key: ['sharing', 'tenants'],
    update: (before: PairStatus[]) =>
      before.map((each) => (each.tenantId === pair.tenantId ? { ...each, state } : each)),
  });

  return (
    <SidePanel
      title={t('share.with', { tenant })}
      subtitle={<Status tone={SHARING_TONES[standing]}>{t(`sharing.${standing}`)}</Status>}
      onClose={onClose}
      foot={
        <>
          <Button
            appearance="primary"
            icon={<EditRegular />}
            onClick={() => change({ edit: '1' }, true)}
          >
            {t('share.edit')}
          </Button>
          <Button
            icon={isPaused ? <PlayRegular /> : <PauseRegular />}
            disabled={isRunning}
            onClick={() =>
              void run({
                change: isPaused ? resume : pause,
                undo: isPaused ? pause : resume,
                done: t(isPaused ? 'share.resumed' : 'share.paused', { tenant }),
                optimistic: [stateAs(isPaused ? 'active' : 'paused')],
                refresh: [['sharing', 'tenants'], ['readiness']],
              })
            }
          >
            {isPaused ? t('share.resume') : t('share.pause')}
          </Button>
        </>
      }
    >
      {refusing && (
        <div className={styles.why}>
          <span>{story.sentence(refusing, pair.tenantId)}</span>
          {standing === 'blocked' && (
            <Link to="/" search={{ pair: cellKey(own, pair.tenantId), action: 'sync' }}>
              {t('share.whyAndMend')}
            </Link>
          )}
        </div>
      )}
      {entry.data ? (
        <p className={styles.text}>
          {words(entry.data)}{' '}
          {pair.source === 'default' ? t('share.fromDefault') : t('share.fromOwn', { tenant })}
        </p>
      ) : (
        <Lines count={1} />
      )}
      <dl className={styles.numbers}>
        {(
          [
            [t('column.inScope'), pair.inScope],
            [t('column.there'), pair.synced],
            [t('column.failed'), pair.failed],
          ] as const
        ).map(([label, value]) => (
          <div key={label}>
            <dt className={styles.label}>{label}</dt>
            <dd className={styles.number}>{formatNumber(value)}</dd>
          </div>
        ))}
      </dl>
      {pair.inScope > 0 && (
        <ProgressBar
          value={Math.min(1, pair.synced / pair.inScope)}
          aria-label={t('share.progress')}
          thickness="large"
        />
      )}
      <p className={styles.label}>
        {pair.pendingChanges
          ? t('share.behind', {
              count: pair.pendingChanges,
              number: formatNumber(pair.pendingChanges),
              time: formatDuration(pair.lagMilliseconds),
            })
          : t('share.settled')}{' '}
        {pair.lastAppliedDateTime && (
          <>
            {t('share.last')} <Time at={pair.lastAppliedDateTime} />
          </>
        )}
      </p>
      <div className={styles.actions}>
        <Button
          size="small"
          icon={<BranchForkRegular />}
          onClick={() => change({ edit: 'mapping' }, true)}
        >
          {t('mapping.open')}
        </Button>
        <Button
          size="small"
          icon={<PersonArrowRightRegular />}
          onClick={() => change({ edit: 'demand' }, true)}
        >
          {t('demand.open')}
        </Button>
      </div>
      {pair.waitingDeletions > 0 && <Deletions pair={pair} />}
      {pair.groups && (
        <p className={styles.part}>
          {t('share.groupCounts', {
            count: pair.groups.synced,
            number: formatNumber(pair.groups.synced),
            failed: formatNumber(pair.groups.failed),
          })}
        </p>
      )}
      {pair.failed > 0 && <Failures tenant={pair.tenantId} />}
      <div className={styles.part}>
        <GraphCall change={isPaused ? resume : pause} />
      </div>
    </SidePanel>
  );
}

function Deletions({ pair }: { pair: PairStatus }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { name } = useTenants();
  const { run, isRunning } = useAct();
  const waiting = useQuery(waitingDeletions(pair.tenantId));
  const users = (waiting.data ?? []).map((user) => ({ ...user, id: user.userId }));
  const count = pair.waitingDeletions;
  const number = formatNumber(count);
  const change: Change = {
    method: 'POST',
    path: `/beta/isopolity/userSharing/tenants/${pair.tenantId}/deletions/allow`,
    body: {},
  };
  return (
    <section className={styles.part} aria-label={t('guard.title')}>
      <h3 className={styles.title}>{t('guard.title')}</h3>
      <People
        tone="bad"
        text={t('guard.waiting', { count, number, tenant: name(pair.tenantId) })}
        users={users}
        count={count}
      />
      <p className={styles.text}>{t('guard.choice')}</p>
      <Button
        disabled={isRunning}
        onClick={() => void run({ change, done: t('guard.allowed'), refresh: [['sharing']] })}
      >
        {t('guard.allow', { count, number })}
      </Button>
      <GraphCall change={change} />
    </section>
  );
}
