/**
 * A language's texts with values in them.
 *
 * A text names its values as `{{name}}`. A text about a number has a form for each of the language's
 * plural categories (CLDR), in keys that end with the category: `people_one`, `people_other`.
 */
import type { Catalogue, Language } from './languages';

const FORM = ['zero', 'one', 'two', 'few', 'many', 'other'] as const;

/** All texts by their keys: an app adds its catalogues' types here. */
// biome-ignore lint/suspicious/noEmptyInterface: what apps declare is merged with it
export interface Messages {}

type WithoutForm<K> = K extends `${infer Base}_${(typeof FORM)[number]}` ? Base : K;

/** What a text is found by. */
export type MessageKey = WithoutForm<keyof Messages & string>;

export type MessageValues = Record<string, string | number>;

/** A text in the language in use; `count` chooses the plural form. */
export type Translate = (key: MessageKey, values?: MessageValues) => string;

const VALUE = /\{\{\s*(\w+)\s*\}\}/g;

/** Makes the function that finds a language's texts. */
export function translator(language: Language, catalogue: Catalogue): Translate {
  let rules: Intl.PluralRules | undefined;
  const formOf = (key: string, count: number): string | undefined => {
    if (catalogue[`${key}_other`] === undefined) return undefined;
    rules ??= new Intl.PluralRules(language);
    return catalogue[`${key}_${rules.select(count)}`];
  };
  return (key, values) => {
    const count = values?.count;
    const form = typeof count === 'number' ? formOf(key, count) : undefined;
    const text = form ?? catalogue[key] ?? key;
    if (!values || !text.includes('{{')) return text;
    return text.replaceAll(VALUE, (_, name: string) => String(values[name] ?? ''));
  };
}
