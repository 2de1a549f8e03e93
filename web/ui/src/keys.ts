/**
 * Shortcuts. They go by the character, so that they survive keyboard layouts, and are silent while
 * somebody writes. A shortcut is one key, or two after another ("g h").
 */
import { useEffect, useRef } from 'react';

export interface Shortcut {
  /** `?`, `/`, `g h`, `mod+k`. */
  keys: string;
  title: string;
  run: () => void;
}

/** How long the second key may take. */
const PAUSE_MS = 1200;

export const isMac = /mac|iphone|ipad/i.test(navigator.userAgent);

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))
  );
}

export function useShortcuts(shortcuts: Shortcut[]): void {
  const current = useRef(shortcuts);
  current.current = shortcuts;
  useEffect(() => {
    let first = '';
    let at = 0;
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey || event.isComposing) return;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const isMod = isMac ? event.metaKey : event.ctrlKey;
      const find = (keys: string) => current.current.find((shortcut) => shortcut.keys === keys);
      let found: Shortcut | undefined;
      if (isMod) found = find(`mod+${key}`);
      else if (event.ctrlKey || event.metaKey || isWriting(event.target)) return;
      else {
        const pair = first && Date.now() - at < PAUSE_MS ? find(`${first} ${key}`) : undefined;
        found = pair ?? find(key);
        first = found ? '' : key;
        at = Date.now();
      }
      if (!found) return;
      event.preventDefault();
      found.run();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, []);
}
