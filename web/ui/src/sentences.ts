/** What the API says is wrong, in the language in use: loaded when something is wrong for the first time. */
import { type Language, type Sentences, type Tell, teller } from '@isopolity/core';
import { useEffect, useState } from 'react';
import { useTranslation } from './translation';

const catalogues = import.meta.glob<{ default: Sentences }>('../locales/sentences/*.json');
const tellers = new Map<Language, Tell>();
const asItIs: Tell = (text) => text;

/** Tells the API's sentences; until their catalogue is there nothing, so that nothing changes its language. */
export function useSentences(): Tell {
  const { language } = useTranslation();
  const [, setLoaded] = useState<Language>();
  const load = catalogues[`../locales/sentences/${language}.json`];
  useEffect(() => {
    if (!load || tellers.has(language)) return;
    let isHere = true;
    const done = (tell: Tell) => {
      tellers.set(language, tell);
      if (isHere) setLoaded(language);
    };
    load().then(
      (catalogue) => done(teller(catalogue.default)),
      // Better in English than not at all.
      () => done(asItIs),
    );
    return () => {
      isHere = false;
    };
  }, [language, load]);
  return load ? (tellers.get(language) ?? (() => '')) : asItIs;
}
