/**
 * Languages and their catalogues.
 *
 * Catalogues are loaded as they are needed, one file for each part and language. A key that a
 * catalogue lacks can't happen: `npm run check` compares all of them with the code.
 */
import i18next from 'i18next';

export const LANGUAGES = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  es: 'Español',
  ja: '日本語',
  ar: 'العربية',
} as const;

export type Language = keyof typeof LANGUAGES;
export type Catalogue = Record<string, string>;

const CHOSEN = 'isopolity.language';

const isLanguage = (text: string): text is Language => Object.hasOwn(LANGUAGES, text);

/** What the person has chosen, or the first of the browser's languages that there is. */
export function preferredLanguage(): Language {
  const chosen = localStorage.getItem(CHOSEN);
  if (chosen && isLanguage(chosen)) return chosen;
  const found = navigator.languages.map((tag) => tag.split('-')[0] ?? '').find(isLanguage);
  return found ?? 'en';
}

/** The language in use, with the browser's region where that is known: for dates and numbers. */
export function locale(): string {
  const language = i18next.language as Language;
  return navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
}

export const direction = (language: Language): 'ltr' | 'rtl' => (language === 'ar' ? 'rtl' : 'ltr');

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
  localStorage.setItem(CHOSEN, language);
  if (loader && !i18next.hasResourceBundle(language, 'translation')) {
    i18next.addResourceBundle(language, 'translation', await loader(language));
  }
  await i18next.changeLanguage(language);
  dress(language);
}

function dress(language: Language): void {
  document.documentElement.lang = language;
  document.documentElement.dir = direction(language);
}
