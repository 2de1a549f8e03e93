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

/** Whether there has been a time at which nothing else was to be done. */
export function useIsSettled(): boolean {
  const [isSettled, setSettled] = useState(false);
  const [settle] = useState(() => () => setSettled(true));
  useWhenIdle(settle);
  return isSettled;
}
