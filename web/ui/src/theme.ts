/**
 * Which theme is in force: what the person has chosen, or what the system asks for.
 *
 * The themes themselves are a style sheet (`../themes.ts`), so that changing one draws nothing anew.
 */
import 'virtual:themes.css';

type ThemeName = 'light' | 'dark' | 'contrast';
export type ThemeChoice = ThemeName | 'system';

const CHOSEN = 'isopolity.theme';
const isDark = matchMedia('(prefers-color-scheme: dark)');
const wantsContrast = matchMedia('(prefers-contrast: more)');

export function themeChoice(): ThemeChoice {
  const chosen = localStorage.getItem(CHOSEN);
  return chosen === 'light' || chosen === 'dark' || chosen === 'contrast' ? chosen : 'system';
}

export function chooseTheme(choice: ThemeChoice): void {
  localStorage.setItem(CHOSEN, choice);
  apply();
}

function themeName(): ThemeName {
  const choice = themeChoice();
  if (choice !== 'system') return choice;
  if (wantsContrast.matches) return 'contrast';
  return isDark.matches ? 'dark' : 'light';
}

function apply(): void {
  document.documentElement.dataset.theme = themeName();
}

/** Puts the theme in force, now and whenever the system changes its mind. */
export function followTheme(): void {
  apply();
  for (const query of [isDark, wantsContrast]) query.addEventListener('change', apply);
}
