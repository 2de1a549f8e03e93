/**
 * State that is in the address, so that a link restores it: filters, the opened panel, the sort.
 *
 * Each piece is a short text. What is empty isn't there.
 */
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

export type Address = Record<string, string | undefined>;

/** Takes any query for texts by name. */
export function readAddress(search: Record<string, unknown>): Address {
  const address: Address = {};
  for (const [name, value] of Object.entries(search)) {
    if (typeof value === 'string' || typeof value === 'number') address[name] = String(value);
  }
  return address;
}

/** Which of a page's tabs is open, and a way to open another: without what the address says of this one. */
export function useTab<T extends string>(tabs: readonly [T, ...T[]]): [T, (tab: string) => void] {
  const [address, change] = useAddress();
  const tab = tabs.find((each) => each === address.tab) ?? tabs[0];
  const open = (other: string) => {
    const cleared = Object.fromEntries(Object.keys(address).map((name) => [name, undefined]));
    change({ ...cleared, tab: other }, true);
  };
  return [tab, open];
}

/** All of it, and a way to change some; `push` adds a step to the history. */
export function useAddress(): [Address, (changes: Address, push?: boolean) => void] {
  const address = useSearch({ strict: false }) as Address;
  const navigate = useNavigate();
  const change = useCallback(
    (changes: Address, push = false) => {
      void navigate({
        to: '.',
        search: ((before: Address) =>
          Object.fromEntries(
            Object.entries({ ...before, ...changes }).filter(([, value]) => value),
          )) as never,
        replace: !push,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return [address, change];
}
