/** Texts beside an app's own, in the language in use: they come when something that is drawn needs them. */
import type { Language } from '@isopolity/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from './translation';

/** What is made of a catalogue once it is there; none for a language that has no such catalogue. */
export function useCatalogue<C>(
  name: string,
  loaderOf: (language: Language) => undefined | (() => Promise<C>),
) {
  const { language } = useTranslation();
  const load = loaderOf(language);
  const read = useQuery({
    queryKey: [name, language],
    queryFn: async () => (await load?.()) ?? null,
    enabled: Boolean(load),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  return {
    catalogue: read.data ?? undefined,
    /** Whether it is there, or never will be. */
    isReady: !load || !read.isPending,
  };
}
