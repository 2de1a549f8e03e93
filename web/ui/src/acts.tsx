/**
 * Changes: done at once on the screen, taken back if the server refuses, told in a toast that can
 * undo them where that is possible and show the calls that it was.
 */
import { asProblem, type Change, type Graph, type Problem } from '@isopolity/core';
import { type QueryKey, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useState } from 'react';
import { flushSync } from 'react-dom';
import { ToastPlace, useTell } from './toasts';
import { useTranslation } from './translation';

const GraphContext = createContext<Graph | undefined>(undefined);

/** Gives everything below the API's client and a place for toasts. */
export function ActsProvider({ graph, children }: { graph: Graph; children: ReactNode }) {
  return (
    <GraphContext value={graph}>
      {children}
      <ToastPlace />
    </GraphContext>
  );
}

/** The API's client. */
export function useGraph(): Graph {
  const graph = useContext(GraphContext);
  if (!graph) throw new Error('no ActsProvider above');
  return graph;
}

/** What a change does on the screen before the server has answered. */
export interface Optimistic {
  key: QueryKey;
  // biome-ignore lint/suspicious/noExplicitAny: what the cache holds under the key
  update: (before: any) => unknown;
}

/** A change with everything around it. */
export interface Act {
  /** One, or several in this order; what comes behind a refused one isn't sent. */
  change: Change | Change[];
  /** What is said when it is done. */
  done: string;
  /** What takes it back; asked for only then, where it needs what the server has made. */
  undo?: Change | Change[] | (() => Promise<Change[]>);
  optimistic?: Optimistic[];
  /**
   * What the screen does once it is done, before anything is read again: a panel that closes then
   * doesn't ask about what is gone.
   */
  after?: () => void;
  /** What is read again; everything if left out. */
  refresh?: QueryKey[];
}

export interface Acting {
  run: (act: Act) => Promise<void>;
  isRunning: boolean;
  /** Why the last one wasn't done. */
  problem: Problem | undefined;
  forget: () => void;
}

const asList = (changes: Change | Change[]): Change[] => [changes].flat();

/**
 * Carries out changes. A form shows `problem` itself (`inPlace`); otherwise a toast tells.
 */
export function useAct(options: { inPlace?: boolean } = {}): Acting {
  const graph = useGraph();
  const client = useQueryClient();
  const tell = useTell();
  const { t } = useTranslation();
  const [isRunning, setRunning] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  const refresh = (act: Act) =>
    Promise.all(
      act.refresh
        ? act.refresh.map((queryKey) => client.invalidateQueries({ queryKey }))
        : [client.invalidateQueries()],
    );

  const run = async (act: Act): Promise<void> => {
    setRunning(true);
    setProblem(undefined);
    const before: [QueryKey, unknown][] = [];
    for (const { key, update } of act.optimistic ?? []) {
      await client.cancelQueries({ queryKey: key });
      before.push([key, client.getQueryData(key)]);
      client.setQueryData(key, (old: unknown) => (old === undefined ? old : update(old)));
    }
    try {
      for (const change of asList(act.change)) await graph.change(change);
    } catch (thrown) {
      for (const [key, value] of before) client.setQueryData(key, value);
      const problem = asProblem(thrown);
      setProblem(problem);
      if (!options.inPlace) tell(t(`problem.${problem.kind}`), { problem });
      setRunning(false);
      void refresh(act);
      return;
    }
    flushSync(() => {
      setRunning(false);
      act.after?.();
    });
    const { undo, optimistic: _, after: __, ...rest } = act;
    const takeBack = async () => {
      try {
        const change = typeof undo === 'function' ? await undo() : (undo ?? []);
        await run({ ...rest, change, done: t('ui.undone') });
      } catch (thrown) {
        const problem = asProblem(thrown);
        tell(t(`problem.${problem.kind}`), { problem });
      }
    };
    tell(act.done, {
      call: asList(act.change),
      ...(undo ? { undo: () => void takeBack() } : {}),
    });
    void refresh(act);
  };

  return { run, isRunning, problem, forget: () => setProblem(undefined) };
}
