/** What the API says is wrong, in the language in use. */
import { type Sentences, type Tell, teller } from '@isopolity/core';
import { useCatalogue } from './catalogue';

const catalogues = import.meta.glob<{ default: Sentences }>('../locales/sentences/*.json');

/** Tells the API's sentences; until their catalogue is there nothing, so that nothing changes its language. */
export function useSentences(): Tell {
  const { catalogue: tell, isReady } = useCatalogue('sentences', (language) => {
    const load = catalogues[`../locales/sentences/${language}.json`];
    return load && (async () => teller((await load()).default));
  });
  return tell ?? ((text) => (isReady ? text : ''));
}

/** A sentence of the API: its catalogue comes with the first of them. */
export function Said({ text }: { text: string }) {
  return useSentences()(text);
}
