/** The languages that there are, and which of them a person wants. */
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

export const direction = (language: Language): 'ltr' | 'rtl' => (language === 'ar' ? 'rtl' : 'ltr');

/** Keeps a language for the next time. */
export const rememberLanguage = (language: Language): void =>
  localStorage.setItem(CHOSEN, language);

/** Tells the page in which language it is, and in which direction that is written. */
export function dress(language: Language): void {
  document.documentElement.lang = language;
  document.documentElement.dir = direction(language);
}
