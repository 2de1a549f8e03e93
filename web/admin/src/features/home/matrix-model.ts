/** What the matrix shows, made of the pairs that readiness lists. No drawing here. */
import type { Tone } from '@isopolity/ui';
import type { Pair, Step } from '../../api/shapes';
import { causeOf, isForSome } from '../../why/story';

/** In the order in which a cell shows them. */
export const ACTIONS = ['sync', 'signin'] as const;
export type Action = (typeof ACTIONS)[number];

export type Standing = 'ready' | 'partial' | 'blocked' | 'notAsked';

export const TONES: Record<Standing, Tone> = {
  ready: 'good',
  partial: 'partly',
  blocked: 'bad',
  notAsked: 'none',
};

export interface Cell {
  from: string;
  to: string;
  pairs: Partial<Record<Action, Pair>>;
}

/** How a pair stands: where nothing but the sharing is missing, nobody has asked for it. */
export function standingOf(pair: Pair): Standing {
  if (pair.state !== 'blocked') return pair.state;
  const refusing = pair.steps.filter((step) => !step.allowed);
  return refusing.length && refusing.every((step) => causeOf(step.setting) === 'shared')
    ? 'notAsked'
    : 'blocked';
}

export const cellKey = (from: string, to: string): string => `${from}.${to}`;

/** All cells by their keys, and the actions that there are. */
export function cellsOf(pairs: readonly Pair[]): { cells: Map<string, Cell>; actions: Action[] } {
  const cells = new Map<string, Cell>();
  for (const pair of pairs) {
    const key = cellKey(pair.from, pair.to);
    const cell = cells.get(key) ?? { from: pair.from, to: pair.to, pairs: {} };
    cell.pairs[pair.action as Action] = pair;
    cells.set(key, cell);
  }
  const actions = ACTIONS.filter((action) => pairs.some((pair) => pair.action === action));
  return { cells, actions };
}

/** A cause, and every pair that it holds up; without a step it is people who fail one by one. */
export interface Problem {
  key: string;
  step: Step | undefined;
  pairs: Pair[];
}

/** What isn't ready, by cause; what holds up most comes first. */
export function problemsOf(pairs: readonly Pair[]): Problem[] {
  const problems = new Map<string, Problem>();
  const add = (key: string, step: Step | undefined, pair: Pair) => {
    const known = problems.get(key);
    if (known) known.pairs.push(pair);
    else problems.set(key, { key, step, pairs: [pair] });
  };
  for (const pair of pairs) {
    const standing = standingOf(pair);
    if (standing === 'ready' || standing === 'notAsked') continue;
    const deciding = pair.steps.filter((step) =>
      standing === 'partial'
        ? isForSome(step)
        : !step.allowed && causeOf(step.setting) !== 'shared',
    );
    for (const step of deciding) add(`${step.tenantId} ${step.setting}`, step, pair);
    if (pair.counts?.failed) add(`${pair.from} ${pair.to} failed`, undefined, pair);
  }
  return [...problems.values()].sort((left, right) => right.pairs.length - left.pairs.length);
}
