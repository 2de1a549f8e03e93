/** Home: what works between which tenants, and what doesn't and why. */
import { Button, makeStyles, SearchBox, tokens } from '@fluentui/react-components';
import { asProblem, folded, formatList, formatNumber } from '@isopolity/core';
import { Failure, Lines, Mark, PageHead, Section, useAddress, useWhenIdle } from '@isopolity/ui';
import { Link, useNavigate } from '@isopolity/ui/router';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo, useState } from 'react';
import { invitations, isRefusal, organization, readiness, sharingStatus } from '../../api/queries';
import { useTenants } from '../../tenants';
import { useStory } from '../../why/story';
import { FirstOrganization } from '../organization/first';
import { InvitationList } from '../organization/invitations';
import { Matrix } from './matrix';
import { cellKey, cellsOf, type Problem, problemsOf, standingOf } from './matrix-model';

const loadPanel = () => import('./pair-panel');
const PairPanel = lazy(loadPanel);
const loadAhead = () => void loadPanel().catch(() => undefined);

/** More tenants than these are looked for, not drawn all at once. */
const MATRIX_MAX = 16;
/** How often it is looked whether deletions wait. */
const WAITING_MS = 12_000;
/** Pairs of a cause that are named. */
const NAMED_MAX = 6;

const useStyles = makeStyles({
  problems: { listStyleType: 'none', margin: 0, padding: 0 },
  problem: {
    display: 'grid',
    gridTemplateColumns: '14px minmax(0, 1fr) auto',
    gap: '4px 12px',
    alignItems: 'center',
    padding: '12px 0',
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  where: {
    gridColumn: '2 / -1',
    display: 'flex',
    flexWrap: 'wrap',
    gap: '4px 12px',
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
  },
  tools: { marginBlockEnd: '12px' },
});

export function Home() {
  const { t } = useTranslation();
  const styles = useStyles();
  const [address, change] = useAddress();
  const tenants = useTenants();
  const story = useStory();
  const [search, setSearch] = useState('');
  const read = useQuery(readiness);
  const own = useQuery(organization);
  const invited = useQuery(invitations);
  const shared = useQuery({
    ...sharingStatus,
    enabled: read.isSuccess,
    refetchInterval: WAITING_MS,
  });
  const held = shared.data?.filter(({ waitingDeletions }) => waitingDeletions > 0) ?? [];
  const navigate = useNavigate();
  const { cells, actions } = useMemo(() => cellsOf(read.data ?? []), [read.data]);
  const problems = useMemo(() => problemsOf(read.data ?? []), [read.data]);

  // The story of a cell is there before anybody has found the cell.
  useWhenIdle(loadAhead);

  const all = [...cells.values()];
  const states = all.map((cell) => Object.values(cell.pairs).map(standingOf));
  const troubled = states.filter((pair) =>
    pair.some((standing) => standing === 'blocked' || standing === 'partial'),
  ).length;
  const isAnythingReady = states.some((pair) => pair.includes('ready'));
  const [first] = problems;
  const heldCount = held.reduce((sum, { waitingDeletions }) => sum + waitingDeletions, 0);
  const told = ({ step, pairs: [pair] }: Problem) => {
    if (!pair) return '';
    if (step) return story.sentence(step, otherOf(pair, step.tenantId));
    return t('home.failing', {
      count: pair.counts?.failed ?? 0,
      from: tenants.name(pair.from),
      to: tenants.name(pair.to),
    });
  };
  const sentence = (() => {
    if (!read.data) return t('home.reading');
    if (!all.length) return t('home.alone');
    const waits = held.length
      ? t('home.deletions', {
          count: heldCount,
          number: formatNumber(heldCount),
          tenants: formatList(held.map(({ tenantId }) => tenants.name(tenantId))),
        })
      : '';
    if (troubled) {
      const why = first ? told(first) : '';
      const words = `${t('home.troubled', { count: troubled, all: all.length })} ${why}`;
      return [words, waits].filter(Boolean).join(' ');
    }
    if (!isAnythingReady) return [t('home.nothingShared'), waits].filter(Boolean).join(' ');
    return waits || t('home.ready', { count: all.length });
  })();
  const ours = all.flatMap(({ from, pairs }) =>
    from === tenants.own && pairs.sync ? [standingOf(pairs.sync)] : [],
  );
  const sharesNobody =
    ours.length > 0 && ours.every((standing) => standing === 'notAsked') && !held.length;

  const active = tenants.active.map(({ tenantId }) => tenantId);
  const isLarge = active.length > MATRIX_MAX;
  const fits = (id: string) => folded(tenants.name(id)).includes(folded(search));
  const shown = isLarge
    ? active.filter((id) => id === tenants.own || fits(id)).slice(0, MATRIX_MAX)
    : active;
  const opened = address.pair ? cells.get(address.pair) : undefined;

  return (
    <>
      <PageHead
        title={t('home.title')}
        sentence={
          <span role="status" aria-live="polite">
            {sentence}
          </span>
        }
      />
      {invited.data && invited.data.length > 0 && (
        <Section title={t('invitation.title')}>
          <InvitationList
            invitations={invited.data}
            onReview={({ addedByTenantId }) =>
              navigate({ to: '/organization', search: { invitation: addedByTenantId } })
            }
          />
        </Section>
      )}
      {own.data && own.data.state !== 'active' && !isRefusal(read.error) && <FirstOrganization />}
      {read.error && !read.data && (
        <Failure problem={asProblem(read.error)} onRetry={() => void read.refetch()} />
      )}
      {!read.data && !read.error && <Lines count={4} height={40} />}
      {all.length > 0 && (
        <>
          {isLarge && (
            <SearchBox
              className={styles.tools}
              dismiss={{ 'aria-label': t('ui.clear') }}
              value={search}
              placeholder={t('home.findTenant')}
              onChange={(_, { value }) => setSearch(value)}
            />
          )}
          <Matrix
            tenants={tenants}
            shown={shown}
            cells={cells}
            actions={actions}
            openKey={address.pair}
            onOpen={(cell) =>
              change({ pair: cellKey(cell.from, cell.to), action: undefined }, true)
            }
          />
        </>
      )}
      {sharesNobody && (
        <p>
          {t('home.sharesNobody')} <Link to="/users-across">{t('home.chooseWhom')}</Link>
        </p>
      )}
      {problems.length + held.length > 0 && (
        <Section title={t('home.problems')}>
          <ul className={styles.problems}>
            {held.map(({ tenantId, waitingDeletions }) => (
              <li key={tenantId} className={styles.problem}>
                <Mark tone="bad" />
                <span>
                  {t('guard.waiting', {
                    count: waitingDeletions,
                    number: formatNumber(waitingDeletions),
                    tenant: tenants.name(tenantId),
                  })}
                </span>
                <Button
                  size="small"
                  onClick={() => navigate({ to: '/users-across', search: { tenant: tenantId } })}
                >
                  {t('home.decide')}
                </Button>
              </li>
            ))}
            {problems.map((problem) => {
              const [pair] = problem.pairs;
              if (!pair) return null;
              return (
                <li key={problem.key} className={styles.problem}>
                  <Mark tone={pair.state === 'blocked' ? 'bad' : 'partly'} />
                  <span>{told(problem)}</span>
                  <Button
                    size="small"
                    onClick={() =>
                      change({ pair: cellKey(pair.from, pair.to), action: pair.action }, true)
                    }
                  >
                    {t('ui.why')}
                  </Button>
                  <div className={styles.where}>
                    {problem.pairs.slice(0, NAMED_MAX).map((pair) => (
                      <span key={`${pair.from}${pair.to}${pair.action}`}>
                        {t('home.where', {
                          action: t(`action.${pair.action as 'sync'}`),
                          from: tenants.name(pair.from),
                          to: tenants.name(pair.to),
                        })}
                      </span>
                    ))}
                    {problem.pairs.length > NAMED_MAX && (
                      <span>{t('ui.more', { count: problem.pairs.length - NAMED_MAX })}</span>
                    )}
                  </div>
                </li>
              );
            })}
          </ul>
        </Section>
      )}
      <Suspense>
        {opened && (
          <PairPanel
            cell={opened}
            actions={actions}
            action={address.action}
            onAction={(action) => change({ action })}
            onClose={() => change({ pair: undefined, action: undefined }, true)}
          />
        )}
      </Suspense>
    </>
  );
}

/** The tenant at the other end of the pair. */
function otherOf(pair: { from: string; to: string } | undefined, tenant: string): string {
  return !pair ? '' : pair.from === tenant ? pair.to : pair.from;
}
