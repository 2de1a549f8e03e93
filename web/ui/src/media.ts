/** The widths at which the layout changes. */
import { useSyncExternalStore } from 'react';

/** Below this a table is a list of two lines. */
export const PHONE = '(max-width: 640px)';
/** Below this there is no room for the navigation or a panel beside the page. */
export const NARROW = '(max-width: 1023px)';

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (watcher) => {
      const media = matchMedia(query);
      media.addEventListener('change', watcher);
      return () => media.removeEventListener('change', watcher);
    },
    () => matchMedia(query).matches,
  );
}
