/**
 * Our tokens on the component library: a neutral grey, one accent, our own status colours.
 *
 * The accent is an indigo that is neither a status nor somebody else's blue. Text keeps 4.5:1 and
 * marks 3:1 in each theme; the axe tests measure it. The build makes a style sheet of this.
 */
import {
  type BrandVariants,
  createDarkTheme,
  createHighContrastTheme,
  createLightTheme,
  type Theme,
} from '@fluentui/tokens';

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

const light: Theme = {
  ...createLightTheme(accent),
  ...common,
  colorNeutralBackground2: '#fafafb',
  colorNeutralBackground3: '#f4f4f6',
  colorNeutralStroke2: '#e3e3e8',
  colorNeutralStroke3: '#ededf1',
};

const dark: Theme = {
  ...createDarkTheme(accent),
  ...common,
  colorNeutralBackground1: '#1b1b1f',
  colorNeutralBackground1Hover: '#26262b',
  colorNeutralBackground1Selected: '#2c2c33',
  colorNeutralBackground2: '#161619',
  colorNeutralBackground3: '#111114',
  // What is wrong is seen by its mark and its border; its ground stays calm.
  colorPaletteRedBackground1: '#2b171b',
  colorPaletteRedBorder1: '#7a343a',
  colorStatusDangerBackground1: '#2b171b',
  colorStatusDangerBorder1: '#7a343a',
  colorNeutralForeground2BrandHover: accent[120],
  colorSubtleBackgroundHover: '#2c2c33',
  colorNeutralBackgroundDisabled: '#26262b',
  colorBrandBackground2: accent[40],
  colorBrandBackground2Hover: accent[50],
  colorNeutralStroke2: '#34343b',
  colorNeutralStroke3: '#2a2a30',
  colorBrandForeground1: accent[120],
  colorBrandForeground2: accent[130],
  colorBrandForegroundLink: accent[120],
  colorBrandForegroundLinkHover: accent[140],
  colorBrandForegroundLinkPressed: accent[110],
};

const contrast: Theme = { ...createHighContrastTheme(), ...common };

/** The light theme, and what the others have otherwise; the root element says which is in force. */
export function themesSheet(): string {
  const rule = (selector: string, scheme: string, theme: Partial<Theme>) => {
    const variables = Object.entries(theme).map(([name, value]) => `--${name}:${value};`);
    return `${selector}{color-scheme:${scheme};${variables.join('')}}`;
  };
  const differing = (theme: Theme) =>
    Object.fromEntries(
      Object.entries(theme).filter(([name, value]) => light[name as keyof Theme] !== value),
    );
  return [
    rule(':root', 'light', light),
    rule(':root[data-theme=dark]', 'dark', differing(dark)),
    rule(':root[data-theme=contrast]', 'dark', differing(contrast)),
  ].join('\n');
}
