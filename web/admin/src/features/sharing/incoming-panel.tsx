/** The people of one tenant who come in: the rules, who would come, who waits, and the door. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { EditRegular } from '@fluentui/react-icons';
import { asProblem, type Change, formatDate, formatNumber } from '@isopolity/core';
import {
  Failure,
  GraphCall,
  Lines,
  Mark,
  SidePanel,
  Status,
  Time,
  useAct,
  useAddress,
} from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { admissionUsers, coming } from '../../api/queries';
import type { AdmissionTenant, AdmissionUser } from '../../api/shapes';
import { People } from '../../objects/names';
import { useTenants } from '../../tenants';
import { useStory } from '../../why/story';
import { useWords } from '../../words';
import { doorTo } from './changes';
import { doorOf } from './incoming';
import { useRuleWords } from './rule-words';

const useStyles = makeStyles({
  part: { marginBlockStart: '24px' },
  title: { margin: '0 0 8px', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
  text: { margin: '0 0 12px' },
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: '12px' },
  item: {
    display: 'grid',
    gridTemplateColumns: '14px minmax(0, 1fr) auto',
    gap: '2px 10px',
    alignItems: 'center',
  },
  more: { gridColumn: 2, color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
  actions: { display: 'flex', gap: '6px' },
});

const TONES = { open: 'good', held: 'waiting', shut: 'bad' } as const;
const USER_TONES = {
  held: 'waiting',
  released: 'good',
  refused: 'bad',
  turnedAway: 'bad',
} as const;
const LISTED_MAX = 50;

export function IncomingPanel(props: { tenant: AdmissionTenant; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const [, change] = useAddress();
  const { tenant } = props;
  const { name } = useTenants();
  const words = useRuleWords();
  const story = useStory();
  const { run, isRunning } = useAct();
  const would = useQuery(coming(tenant.tenantId));
  const partner = name(tenant.tenantId);
  const door = doorOf(tenant);
  const admitted = would.data?.users.filter((user) => user.admitted) ?? [];
  const stopped = would.data?.users.filter((user) => !user.admitted) ?? [];
  const refusing = would.data?.steps.find((step) => !step.allowed);

  return (
    <SidePanel
      title={t('admission.of', { tenant: partner })}
      subtitle={<Status tone={TONES[door]}>{t(`door.${door}`)}</Status>}
      onClose={props.onClose}
      foot={
        <>
          <Button
            appearance="primary"
            icon={<EditRegular />}
            onClick={() => change({ edit: '1' }, true)}
          >
            {t('admission.edit')}
          </Button>
          <Button
            disabled={isRunning}
            onClick={() =>
              void run({
                change: doorTo(tenant.tenantId, !tenant.syncAllowed),
                undo: doorTo(tenant.tenantId, tenant.syncAllowed),
                done: t(tenant.syncAllowed ? 'admission.shut' : 'admission.opened', {
                  tenant: partner,
                }),
                optimistic: [
                  {
                    key: ['admission', 'tenants'],
                    update: (before: AdmissionTenant[]) =>
                      before.map((each) =>
                        each.tenantId === tenant.tenantId
                          ? { ...each, syncAllowed: !tenant.syncAllowed }
                          : each,
                      ),
                  },
                ],
                refresh: [['admission'], ['readiness'], ['access']],
              })
            }
          >
            {tenant.syncAllowed
              ? t('admission.doShut', { tenant: partner })
              : t('admission.doOpen', { tenant: partner })}
          </Button>
        </>
      }
    >
      <p className={styles.text}>
        {t('admission.here', {
          count: tenant.users,
          number: formatNumber(tenant.users),
          tenant: partner,
        })}{' '}
        {tenant.usersSinceDateTime && (
          <>
            {t('admission.since')} {formatDate(tenant.usersSinceDateTime)}.
          </>
        )}{' '}
        {tenant.syncAllowed ? t('admission.shutMeans') : t('admission.isShut')}
      </p>
      <section className={styles.part} aria-label={t('column.rules')}>
        <h3 className={styles.title}>{t('column.rules')}</h3>
        <p className={styles.text}>
          {words(tenant)} {tenant.source === 'default' && t('admission.fromDefault')}
        </p>
      </section>
      <Stopped tenant={tenant} />
      <section className={styles.part} aria-label={t('coming.title')}>
        <h3 className={styles.title}>{t('coming.title')}</h3>
        {would.error && <Failure problem={asProblem(would.error)} />}
        {!would.data && !would.error && <Lines count={2} />}
        {would.data && (
          <>
            {refusing && <p className={styles.text}>{story.sentence(refusing, tenant.tenantId)}</p>}
            <People
              tone={would.data.count ? 'waiting' : 'none'}
              text={
                would.data.count
                  ? t('coming.count', {
                      count: would.data.count,
                      number: formatNumber(would.data.count),
                    })
                  : t('coming.nobody')
              }
              users={admitted}
              count={Math.max(0, would.data.count - stopped.length)}
            />
            {stopped.length > 0 && (
              <People
                tone="bad"
                text={t('coming.stopped', { count: stopped.length })}
                users={stopped}
                count={stopped.length}
              />
            )}
          </>
        )}
      </section>
      <GraphCall change={doorTo(tenant.tenantId, !tenant.syncAllowed)} />
    </SidePanel>
  );
}

function Stopped({ tenant }: { tenant: AdmissionTenant }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning } = useAct();
  const story = useStory();
  const words = useWords();
  const users = useQuery(admissionUsers(tenant.tenantId));
  const shown = [...(users.data ?? [])].sort(
    (left, right) => Number(right.state === 'held') - Number(left.state === 'held'),
  );
  const held = shown.filter(({ state }) => state === 'held');
  if (users.error) return <Failure problem={asProblem(users.error)} />;
  if (!shown.length) return null;
  const decide = (user: AdmissionUser, what: 'release' | 'refuse'): Change => ({
    method: 'POST',
    path: `/beta/isopolity/admission/tenants/${tenant.tenantId}/users/${user.id}/${what}`,
    body: {},
  });
  const act = (which: AdmissionUser[], what: 'release' | 'refuse') =>
    void run({
      change: which.map((user) => decide(user, what)),
      done: t(`admission.${what}d`, { count: which.length }),
      optimistic: [
        {
          key: ['admission', 'users', tenant.tenantId],
          update: (before: AdmissionUser[]) =>
            before.map((each) =>
              which.some(({ id }) => id === each.id)
                ? { ...each, state: what === 'release' ? 'released' : 'refused' }
                : each,
            ),
        },
      ],
      refresh: [['admission']],
    });
  return (
    <section className={styles.part} aria-label={t('admission.stopped')}>
      <h3 className={styles.title}>{t('admission.stopped')}</h3>
      {held.length > 1 && (
        <p className={styles.actions}>
          <Button size="small" disabled={isRunning} onClick={() => act(held, 'release')}>
            {t('admission.releaseAll', { count: held.length })}
          </Button>
        </p>
      )}
      <ul className={styles.list}>
        {shown.slice(0, LISTED_MAX).map((user) => (
          <li key={user.id} className={styles.item}>
            <Mark tone={USER_TONES[user.state]} />
            <span>{user.displayName}</span>
            <span className={styles.actions}>
              {(user.state === 'held' || user.state === 'refused') && (
                <Button size="small" disabled={isRunning} onClick={() => act([user], 'release')}>
                  {t('admission.release')}
                </Button>
              )}
              {(user.state === 'held' || user.state === 'released') && (
                <Button size="small" disabled={isRunning} onClick={() => act([user], 'refuse')}>
                  {t('admission.refuse')}
                </Button>
              )}
            </span>
            <span className={styles.more}>
              {t(`userState.${user.state}`)} <Time at={user.sinceDateTime} />{' '}
              {story.told(words.reason(user.code, user.reason))}
            </span>
          </li>
        ))}
      </ul>
      {shown.length > LISTED_MAX && <p>{t('ui.more', { count: shown.length - LISTED_MAX })}</p>}
    </section>
  );
}
