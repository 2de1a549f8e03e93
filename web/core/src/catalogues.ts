/**
 * The texts of the language in use.
 *
 * Catalogues are loaded as they are needed, one file for each language. A key that a catalogue lacks
 * can't happen: `npm run check` compares all of them with the code.
 */
import {
  type Catalogue,
  dress,
  type Language,
  preferredLanguage,
  rememberLanguage,
} from './languages';
import { type Translate, translator } from './messages';

/** A language, and its texts; another object once there is another language. */
export interface Translation {
  language: Language;
  t: Translate;
}

type Loader = (language: Language) => Promise<Catalogue>;

let loader: Loader | undefined;
let current: Translation = { language: 'en', t: translator('en', {}) };
const watchers = new Set<() => void>();

/** The language in use with its texts. */
export const translation = (): Translation => current;

/** Tells when the language has changed. */
export function onTranslation(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** The language in use, with the browser's region where that is known: for dates and numbers. */
export function locale(): string {
  const { language } = current;
  return navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
}

async function use(language: Language, load: Loader): Promise<void> {
  current = { language, t: translator(language, await load(language)) };
  dress(language);
  for (const watcher of watchers) watcher();
}

/** Starts with the preferred language. */
export async function openCatalogues(load: Loader): Promise<void> {
  loader = load;
  await use(preferredLanguage(), load);
}

/** Changes to another language, at once and for the next time. */
export async function changeLanguage(language: Language): Promise<void> {
  rememberLanguage(language);
  if (loader) await use(language, loader);
}
