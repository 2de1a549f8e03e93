/** The themes as a style sheet, which is made here so that no browser has to. */
import type { Plugin } from 'vite';
import { themesSheet } from '../ui/themes.ts';

const NAME = 'virtual:themes.css';

export function themes(): Plugin {
  return {
    name: 'themes',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : null),
    load: (id) => (id === `\0${NAME}` ? themesSheet() : null),
  };
}
