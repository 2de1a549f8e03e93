/** What can wait until the screen is there. */
import { useEffect, useState } from 'react';

/** Longer than this nothing waits, however busy the page is. */
const WAIT_MS = 2000;

/** Does something once nothing else is to be done; `work` is the same function every time. */
export function useWhenIdle(work: () => void): void {
  useEffect(() => {
    const idle = requestIdleCallback(work, { timeout: WAIT_MS });
    return () => cancelIdleCallback(idle);
  }, [work]);
}

/** What a person does first, before a click or a key has any effect. */
const SIGNS = ['pointermove', 'pointerdown', 'keydown'] as const;

/** Whether somebody has begun to use the page. */
export function useIsUsed(): boolean {
  const [isUsed, setUsed] = useState(false);
  useEffect(() => {
    const listening = new AbortController();
    const begin = () => {
      listening.abort();
      setUsed(true);
    };
    for (const sign of SIGNS) {
      addEventListener(sign, begin, { capture: true, passive: true, signal: listening.signal });
    }
    return () => listening.abort();
  }, []);
  return isUsed;
}
