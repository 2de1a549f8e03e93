/** Chooses people and adds them to something, with undo and the calls behind it. */
import { Button, makeStyles } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { GraphCall, useAct } from '@isopolity/ui';
import { useState } from 'react';
import { ObjectPicker } from './picker';

const useStyles = makeStyles({ add: { marginBlockStart: '12px' } });

export function AddPeople(props: {
  label: string;
  /** The button's words for so many. */
  action: (count: number) => string;
  adding: (ids: string[]) => Change[];
  removing: (id: string) => Change;
  done: (count: number) => string;
  refresh: string[][];
}) {
  const styles = useStyles();
  const { run, isRunning } = useAct();
  const [chosen, setChosen] = useState<string[]>([]);
  const change = props.adding(chosen);
  return (
    <>
      <ObjectPicker kind="users" label={props.label} value={chosen} onChange={setChosen} />
      {chosen.length > 0 && (
        <div className={styles.add}>
          <Button
            appearance="primary"
            disabled={isRunning}
            onClick={() =>
              void run({
                change,
                undo: chosen.map(props.removing),
                done: props.done(chosen.length),
                refresh: props.refresh,
                after: () => setChosen([]),
              })
            }
          >
            {props.action(chosen.length)}
          </Button>
          <GraphCall change={change} />
        </div>
      )}
    </>
  );
}
