/**
 * State that is in the address, so that a link restores it: filters, the opened panel, the sort.
 *
 * Each piece is a short text. What is empty isn't there.
 */
import { useCallback } from 'react';
import { type Address, useHere, useRouter } from './router';

export type { Address };

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
  const { address } = useHere();
  const router = useRouter();
  const change = useCallback(
    (changes: Address, push = false) =>
      router.go({ search: { ...router.here.address, ...changes }, replace: !push }),
    [router],
  );
  return [address, change];
}
