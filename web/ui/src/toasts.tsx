/**
 * Toasts: telling something that the eyes may miss.
 *
 * What shows them is loaded while nothing else is to be done, and drawn for the first that is told:
 * no screen needs it to begin with.
 */
import type { Change, Problem } from '@isopolity/core';
import { type ComponentType, useEffect, useState } from 'react';
import { useWhenIdle } from './idle';

export interface Told {
  title: string;
  problem?: Problem;
  undo?: () => void;
  /** What was sent. */
  call?: Change[];
}

const load = () => import('./toast-list');
const loadAhead = () => void load().catch(() => undefined);

const waiting: Told[] = [];
let show: ((told: Told) => void) | undefined;
let draw: (() => void) | undefined;

/** Takes over the showing, first of what has waited; the answer ends that. */
export function showToasts(by: (told: Told) => void): () => void {
  show = by;
  for (const told of waiting.splice(0)) by(told);
  return () => {
    if (show === by) show = undefined;
  };
}

function tell(title: string, more: Omit<Told, 'title'> = {}): void {
  const told = { title, ...more };
  if (show) show(told);
  else {
    waiting.push(told);
    draw?.();
  }
}

/** Tells something in a toast. */
export const useTell = (): typeof tell => tell;

/** Where toasts come. */
export function ToastPlace() {
  const [Toasts, setToasts] = useState<ComponentType>();
  useEffect(() => {
    draw = () =>
      void load().then(
        (loaded) => setToasts(() => loaded.default),
        // Nothing is lost: the next one that is told tries again.
        () => undefined,
      );
    return () => {
      draw = undefined;
    };
  }, []);
  useWhenIdle(loadAhead);
  return Toasts && <Toasts />;
}
