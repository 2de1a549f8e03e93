/**
 * What the API tells in English only, in the language in use: roles, activities, reasons, errors and
 * steps, each by its code, which stays when its words change.
 *
 * In English the API's own words are the text, as they are for a code that isn't known here. The
 * catalogues come when a screen needs one; `npm run check` compares them with each other.
 */

import { useCatalogue, useSentences } from '@isopolity/ui';

type Texts = Readonly<Record<string, string>>;

interface Words {
  activities: Texts;
  /** By the number behind AADSTS. */
  errors: Texts;
  reasons: Texts;
  /** Name and description, by the id of the template. */
  roles: Readonly<Record<string, readonly [name: string, description: string]>>;
  /** Of provisioning: its steps, and what is told of each. */
  steps: Texts;
}

const catalogues = import.meta.glob<{ default: Words }>('../locales/words/*.json');

/** Reasons of many causes, of which the API's words say more than the code does. */
const VAGUE = [
  'AzureActiveDirectoryCrossTenantSyncPolicyCheckFailure',
  'Conflict',
  'EntryConflict',
  'ExpressionEvaluationFailed',
  'Failure',
  'InvalidPropertyValue',
  'QuotaLimitExceeded',
];

const of = (texts: Texts | undefined, code: string | null | undefined) =>
  code && texts && Object.hasOwn(texts, code) ? texts[code] : undefined;

export function useWords() {
  const tell = useSentences();
  const { catalogue: words, isReady } = useCatalogue('words', (language) => {
    const load = catalogues[`../locales/words/${language}.json`];
    return load && (async () => (await load()).default);
  });
  return {
    /** Whether the texts are there, or never will be: then the API's own are shown. */
    isReady,
    activity: (text: string): string => of(words?.activities, text) ?? text,
    error: (code: number | undefined, text: string | null | undefined): string =>
      of(words?.errors, String(code ?? '')) ?? tell(text ?? ''),
    reason(code: string | null | undefined, text: string | null | undefined): string {
      const known = of(words?.reasons, code);
      if (!known) return tell(text ?? '');
      return text && VAGUE.includes(code ?? '') ? `${known} ${tell(text)}` : known;
    },
    role<R extends { id: string; displayName: string; description?: string | null | undefined }>(
      role: R,
    ): R {
      const known = words && Object.hasOwn(words.roles, role.id) && words.roles[role.id];
      return known ? { ...role, displayName: known[0], description: known[1] } : role;
    },
    step: (name: string, text?: string | null): string =>
      of(words?.steps, name) ?? (text ? tell(text) : name),
  };
}
