/** A value that follows when the hand rests: for what is asked of the server while somebody types. */
import { useEffect, useState } from 'react';

const PAUSE_MS = 300;

export function useRested<T>(value: T, pauseMs = PAUSE_MS): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), pauseMs);
    return () => clearTimeout(timer);
  }, [value, pauseMs]);
  return rested;
}
