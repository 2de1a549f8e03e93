/** Who has to show more than a password: whom a choice concerns is seen before it is saved. */
import { Button, Field, makeStyles, Radio, RadioGroup, tokens } from '@fluentui/react-components';
import { asProblem, type Change, formatNumber } from '@isopolity/core';
import { Failure, GraphCall, Lines, type Tone, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { People } from '../../objects/names';
import {
  type Demand as Demanded,
  demandPreview,
  MULTIFACTOR,
  POLICY,
  type SignInPolicy,
  signInPolicy,
} from './model';

const useStyles = makeStyles({
  box: {
    display: 'grid',
    gap: '10px',
    marginBlockStart: '8px',
    padding: '16px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
  },
  title: { margin: 0, fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
  text: { margin: 0 },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
});

/** What is told of whom, the gravest first. */
const PARTS = [
  ['withoutWay', 'bad'],
  ['added', 'waiting'],
  ['removed', 'waiting'],
  ['toRegister', 'waiting'],
] as const satisfies readonly (readonly [string, Tone])[];

const changed = (multifactorAuthentication: Demanded): Change => ({
  method: 'PATCH',
  path: POLICY,
  body: { multifactorAuthentication },
});

export function Demand({ now }: { now: Demanded }) {
  const { t } = useTranslation();
  const [chosen, choose] = useState<Demanded>();
  const wanted = chosen ?? now;
  return (
    <div>
      <Field label={t('settings.multifactor')}>
        <RadioGroup
          value={wanted}
          onChange={(_, { value }) => choose(MULTIFACTOR.find((each) => each === value))}
        >
          {MULTIFACTOR.map((value) => (
            <Radio key={value} value={value} label={t(`settings.multifactor.${value}`)} />
          ))}
        </RadioGroup>
      </Field>
      {wanted !== now && (
        <Consequences now={now} wanted={wanted} onDone={() => choose(undefined)} />
      )}
      <GraphCall change={changed(wanted)} />
    </div>
  );
}

function Consequences(props: { now: Demanded; wanted: Demanded; onDone: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const { now, wanted, onDone } = props;
  const preview = useQuery(demandPreview(wanted));
  const effect = preview.data;
  const counted = (count: number) => ({ count, number: formatNumber(count) });
  const told = PARTS.filter(([part]) => effect?.[part].count);
  const act = effect?.added.count
    ? t('settings.demandAsk', counted(effect.added.count))
    : effect?.removed.count
      ? t('settings.demandRelease', counted(effect.removed.count))
      : t('settings.demandChange');
  return (
    <section
      className={styles.box}
      aria-label={t('settings.demandEffect')}
      aria-live="polite"
      aria-busy={preview.isPending}
    >
      <h3 className={styles.title}>{t('settings.demandEffect')}</h3>
      {/* Who may decide on it may not see who has registered what; that decides nothing. */}
      {preview.error && (
        <Failure problem={asProblem(preview.error)} onRetry={() => void preview.refetch()} />
      )}
      {preview.isPending && <Lines count={3} />}
      {effect && !told.length && <p className={styles.text}>{t('settings.demandNobody')}</p>}
      {told.map(([part, tone]) => {
        const people = effect?.[part];
        if (!people) return null;
        const text = t(`settings.demand.${part}`, counted(people.count));
        // Those who were named above aren't named again.
        const isAgain = part === 'toRegister' && people.count === effect.added.count;
        const users = isAgain ? [] : people.users;
        return <People key={part} tone={tone} text={text} count={people.count} users={users} />;
      })}
      {effect && effect.visitors > 0 && (
        <p className={styles.text}>{t('settings.demandVisitors', counted(effect.visitors))}</p>
      )}
      {problem && <Failure problem={problem} isChange />}
      <div className={styles.actions}>
        <Button
          appearance="primary"
          disabled={isRunning || preview.isPending}
          onClick={() =>
            void run({
              change: changed(wanted),
              undo: changed(now),
              done: t('settings.saved'),
              optimistic: [
                {
                  key: signInPolicy.queryKey,
                  update: (known: SignInPolicy) => ({
                    ...known,
                    multifactorAuthentication: wanted,
                  }),
                },
              ],
              after: onDone,
              refresh: [['sign-in-policy']],
            })
          }
        >
          {act}
        </Button>
        <Button disabled={isRunning} onClick={onDone}>
          {t('ui.cancel')}
        </Button>
      </div>
    </section>
  );
}
