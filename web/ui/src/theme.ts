/**
 * Our tokens on the component library: a neutral grey, one accent, our own status colours.
 *
 * The accent is an indigo that is neither a status nor somebody else's blue. Text keeps 4.5:1 and
 * marks 3:1 in each theme; the axe tests measure it.
 */
import {
  type BrandVariants,
  createDarkTheme,
  createHighContrastTheme,
  createLightTheme,
  type Theme,
} from '@fluentui/react-components';
import { useSyncExternalStore } from 'react';

const accent: BrandVariants = {
  10: '#05060f',
  20: '#11142c',
  30: '#191e49',
  40: '#21275f',
  50: '#2a3177',
  60: '#333b8f',
  70: '#3d46a6',
  80: '#4851bd',
  90: '#5a63c9',
  100: '#6c75d3',
  110: '#7e87dc',
  120: '#9199e4',
  130: '#a4abeb',
  140: '#b8bdf1',
  150: '#ccd0f6',
  160: '#e1e3fb',
};

const fontFamilyBase =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", "Noto Sans CJK JP", sans-serif';
const fontFamilyMonospace = 'ui-monospace, "SF Mono", "Cascadia Code", "Noto Sans Mono", monospace';

const common = { fontFamilyBase, fontFamilyMonospace, borderRadiusMedium: '6px' };

const light = (): Theme => ({
  ...createLightTheme(accent),
  ...common,
  colorNeutralBackground2: '#fafafb',
  colorNeutralBackground3: '#f4f4f6',
  colorNeutralStroke2: '#e3e3e8',
  colorNeutralStroke3: '#ededf1',
});

const dark = (): Theme => ({
  ...createDarkTheme(accent),
  ...common,
  colorNeutralBackground1: '#1b1b1f',
  colorNeutralBackground1Hover: '#26262b',
  colorNeutralBackground1Selected: '#2c2c33',
  colorNeutralBackground2: '#161619',
  colorNeutralBackground3: '#111114',
  colorNeutralStroke2: '#34343b',
  colorNeutralStroke3: '#2a2a30',
  colorBrandForeground1: accent[120],
  colorBrandForeground2: accent[130],
  colorBrandForegroundLink: accent[120],
  colorBrandForegroundLinkHover: accent[140],
  colorBrandForegroundLinkPressed: accent[110],
});

const contrast = (): Theme => ({ ...createHighContrastTheme(), ...common });

const THEMES = { light, dark, contrast } as const;
export type ThemeName = keyof typeof THEMES;

const made = new Map<ThemeName, Theme>();

/** A theme; each is some milliseconds of work, and most people see one. */
export function themeOf(name: ThemeName): Theme {
  const known = made.get(name) ?? THEMES[name]();
  made.set(name, known);
  return known;
}

export type ThemeChoice = ThemeName | 'system';

const CHOSEN = 'isopolity.theme';
const isDark = matchMedia('(prefers-color-scheme: dark)');
const wantsContrast = matchMedia('(prefers-contrast: more)');
const watchers = new Set<() => void>();

export function themeChoice(): ThemeChoice {
  const chosen = localStorage.getItem(CHOSEN);
  return chosen === 'light' || chosen === 'dark' || chosen === 'contrast' ? chosen : 'system';
}

export function chooseTheme(choice: ThemeChoice): void {
  localStorage.setItem(CHOSEN, choice);
  for (const watcher of watchers) watcher();
}

function themeName(): ThemeName {
  const choice = themeChoice();
  if (choice !== 'system') return choice;
  if (wantsContrast.matches) return 'contrast';
  return isDark.matches ? 'dark' : 'light';
}

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  for (const query of [isDark, wantsContrast]) query.addEventListener('change', watcher);
  return () => {
    watchers.delete(watcher);
    for (const query of [isDark, wantsContrast]) query.removeEventListener('change', watcher);
  };
}

/** The theme in force. */
export const useThemeName = (): ThemeName => useSyncExternalStore(subscribe, themeName);
