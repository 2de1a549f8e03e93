/**
 * The texts of the language in use.
 *
 * Catalogues are loaded as they are needed, one file for each language. A key that a catalogue lacks
 * can't happen: `npm run check` compares all of them with the code.
 */
import i18next from 'i18next';
import {
  type Catalogue,
  dress,
  type Language,
  preferredLanguage,
  rememberLanguage,
} from './languages';

/** The language in use, with the browser's region where that is known: for dates and numbers. */
export function locale(): string {
  const language = i18next.language as Language;
  return navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
}

/** Starts with the preferred language. */
export async function openCatalogues(
  load: (language: Language) => Promise<Catalogue>,
): Promise<void> {
  const language = preferredLanguage();
  await i18next.init({
    lng: language,
    resources: { [language]: { translation: await load(language) } },
    keySeparator: false,
    nsSeparator: false,
    returnNull: false,
    interpolation: { escapeValue: false },
  });
  dress(language);
  loader = load;
}

let loader: ((language: Language) => Promise<Catalogue>) | undefined;

/** Changes to another language, at once and for the next time. */
export async function changeLanguage(language: Language): Promise<void> {
  rememberLanguage(language);
  if (loader && !i18next.hasResourceBundle(language, 'translation')) {
    i18next.addResourceBundle(language, 'translation', await loader(language));
  }
  await i18next.changeLanguage(language);
  dress(language);
}
