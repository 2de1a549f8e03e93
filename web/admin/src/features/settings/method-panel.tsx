/** For whom a method is: everybody, or some groups; and who is left out. */
import { Button, Field, makeStyles, Radio, RadioGroup } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Failure, GraphCall, SidePanel, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useState } from 'react';
import { ObjectPicker } from '../../objects/picker';
import { ALL_USERS, type Method, type MethodId, methodPath, targetsOf } from './model';

const useStyles = makeStyles({
  form: { display: 'grid', gap: '16px' },
  text: { margin: 0 },
});

export function MethodPanel(props: { id: MethodId; method: Method; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const { id, method, onClose } = props;
  const included = method.includeTargets.map((target) => target.id);
  const [isForAll, setForAll] = useState(included.includes(ALL_USERS));
  const [groups, setGroups] = useState(included.filter((each) => each !== ALL_USERS));
  const [excluded, setExcluded] = useState(method.excludeTargets.map((target) => target.id));
  const changeTo = (include: string[], exclude: string[]): Change => ({
    method: 'PATCH',
    path: methodPath(id),
    body: { includeTargets: targetsOf(include), excludeTargets: targetsOf(exclude) },
  });
  const before = changeTo(
    included,
    method.excludeTargets.map((target) => target.id),
  );
  const change = changeTo(isForAll ? [ALL_USERS] : groups, excluded);
  const isSame = JSON.stringify(change) === JSON.stringify(before);
  const name = t(`settings.method.${id}`);
  return (
    <SidePanel
      title={t('settings.methodFor', { method: name })}
      onClose={onClose}
      foot={
        <>
          <Button
            appearance="primary"
            disabled={isSame || isRunning}
            onClick={() =>
              void run({
                change,
                undo: before,
                done: t('settings.saved'),
                refresh: [['sign-in-methods']],
                after: onClose,
              })
            }
          >
            {t('ui.save')}
          </Button>
          <Button onClick={onClose}>{t('ui.cancel')}</Button>
        </>
      }
    >
      <div className={styles.form}>
        <Field label={t('settings.forWhom')}>
          <RadioGroup
            value={isForAll ? 'all' : 'groups'}
            onChange={(_, { value }) => setForAll(value === 'all')}
          >
            <Radio value="all" label={t('settings.forAll')} />
            <Radio value="groups" label={t('settings.forGroups')} />
          </RadioGroup>
        </Field>
        {!isForAll && (
          <ObjectPicker
            kind="groups"
            label={t('settings.groups')}
            value={groups}
            onChange={setGroups}
          />
        )}
        <ObjectPicker
          kind="groups"
          label={t('settings.exceptGroups')}
          value={excluded}
          onChange={setExcluded}
        />
        {!isForAll && !groups.length && <p className={styles.text}>{t('settings.forNobody')}</p>}
        {problem && <Failure problem={problem} isChange />}
        <GraphCall change={change} />
      </div>
    </SidePanel>
  );
}
