/** A departure, rehearsed: whom it concerns, by count and name, and what the other side will see. */
import { Button, Field, makeStyles, Radio, RadioGroup, tokens } from '@fluentui/react-components';
import { asProblem, type Change, formatDate, formatNumber } from '@isopolity/core';
import { Failure, GraphCall, Lines, SidePanel, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Departure, type Member } from '../../api/shapes';
import { People } from '../../objects/names';
import { graph } from '../../session';
import { useTenants } from '../../tenants';

type Treatment = 'softDelete' | 'guest' | 'keep';

const PATH = '/beta/isopolity/departures';
const UNDO_DAYS = 30;

const useStyles = makeStyles({
  form: { display: 'grid', gap: '16px' },
  side: { display: 'grid', gap: '10px' },
  title: { margin: '8px 0 0', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
  text: { margin: 0, color: tokens.colorNeutralForeground2 },
});

export function Depart(props: {
  member: Member;
  isOwn: boolean;
  onBack: () => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { name } = useTenants();
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const [treatment, setTreatment] = useState<Treatment>('softDelete');
  const tenant = props.member.tenantId;
  const body = { tenantId: tenant, usersFromThem: treatment };
  const change: Change = { method: 'POST', path: PATH, body };
  const preview = useQuery({
    queryKey: ['departures', 'preview', tenant, treatment],
    queryFn: ({ signal }) =>
      graph.ask(Departure, { ...change, body: { ...body, dryRun: true } }, signal),
    placeholderData: (before) => before,
  });
  const sides = preview.data?.tenants ?? [];
  // Whoever is deleted is counted on both sides.
  const concerned = sides.reduce(
    (sum, { usersFromThem, usersOfOurs }) =>
      sum + usersFromThem.count + (treatment === 'softDelete' ? usersOfOurs.count : 0),
    0,
  );
  const until = formatDate(new Date(Date.now() + UNDO_DAYS * 86_400_000));
  const act = props.isOwn ? 'leave' : 'takeOut';

  return (
    <SidePanel
      wide
      title={props.isOwn ? t('depart.leave') : t('depart.takeOut', { tenant: name(tenant) })}
      subtitle={t('depart.undoable', { date: until })}
      onClose={props.onClose}
      foot={
        <>
          <Button
            appearance="primary"
            disabled={!preview.data || isRunning}
            onClick={() => void run({ change, done: t('depart.begun'), after: props.onClose })}
          >
            {t(`depart.do.${act}.${treatment}`, {
              count: concerned,
              number: formatNumber(concerned),
              tenant: name(tenant),
            })}
          </Button>
          <Button onClick={props.onBack}>{t('ui.back')}</Button>
        </>
      }
    >
      <div className={styles.form}>
        <Field label={t('depart.treatment')}>
          <RadioGroup
            value={treatment}
            onChange={(_, { value }) => setTreatment(value as Treatment)}
          >
            {(['softDelete', 'guest', 'keep'] as const).map((each) => (
              <Radio key={each} value={each} label={t(`depart.option.${each}`)} />
            ))}
          </RadioGroup>
        </Field>
        {!preview.data && !preview.error && <Lines count={5} />}
        {preview.error && <Failure problem={asProblem(preview.error)} />}
        {sides.map(({ tenantId, usersFromThem, usersOfOurs }) => (
          <section key={tenantId} className={styles.side}>
            <h3 className={styles.title}>{name(tenantId)}</h3>
            <People
              tone={treatment === 'softDelete' ? 'bad' : treatment === 'guest' ? 'partly' : 'none'}
              text={t(`depart.theirs.${treatment}`, {
                count: usersFromThem.count,
                number: formatNumber(usersFromThem.count),
                tenant: name(tenantId),
              })}
              users={usersFromThem.users ?? []}
              count={usersFromThem.count}
            />
            <People
              tone={usersOfOurs.treatment === 'softDelete' ? 'bad' : 'none'}
              text={t(
                usersOfOurs.treatment === 'softDelete'
                  ? 'depart.ours.softDelete'
                  : 'depart.ours.keep',
                {
                  count: usersOfOurs.count,
                  number: formatNumber(usersOfOurs.count),
                  tenant: name(tenantId),
                },
              )}
              users={usersOfOurs.users ?? []}
              count={usersOfOurs.count}
            />
            {Boolean(usersFromThem.groupMemberships || usersFromThem.roleAssignments) && (
              <p className={styles.text}>
                {t('depart.holdings', {
                  groups: formatNumber(usersFromThem.groupMemberships ?? 0),
                  roles: formatNumber(usersFromThem.roleAssignments ?? 0),
                })}
              </p>
            )}
          </section>
        ))}
        {problem && <Failure problem={problem} isChange />}
        <GraphCall change={change} />
      </div>
    </SidePanel>
  );
}
