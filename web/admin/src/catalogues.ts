/** The catalogues of the admin centre: those of the shared pieces and its own. */
import type { Catalogue, Language } from '@isopolity/core/languages';

type Module = { default: Catalogue };
const shared = import.meta.glob<Module>('../../ui/locales/*.json');
const own = import.meta.glob<Module>('../locales/*.json');

export async function loadCatalogue(language: Language): Promise<Catalogue> {
  const [first, second] = await Promise.all([
    shared[`../../ui/locales/${language}.json`]?.(),
    own[`../locales/${language}.json`]?.(),
  ]);
  return { ...first?.default, ...second?.default };
}
