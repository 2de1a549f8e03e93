/**
 * Who it is, before anything else: a browser that is only on its way to the sign-in page loads no
 * screen. Where somebody is likely to be signed in, the rest is loaded while the tokens are fetched.
 */
import { dress, preferredLanguage } from '@isopolity/core/languages';
import { asProblem } from '@isopolity/core/problems';
import { followTheme } from '@isopolity/ui/theme';
import { loadCatalogue } from './catalogues';
import { session } from './session';

const load = () => import('./start');

async function main(): Promise<void> {
  followTheme();
  dress(preferredLanguage());
  if (session.isExpected) {
    // The page's frame is shown.
    document.documentElement.dataset.expected = '';
    void load();
    void loadCatalogue(preferredLanguage());
  }
  const opened = await session.open().then(
    (goOn) => ({ goOn }),
    (thrown: unknown) => ({ problem: asProblem(thrown) }),
  );
  if ('goOn' in opened && opened.goOn === undefined) return;
  const { start } = await load();
  await start('problem' in opened ? opened : { goOn: opened.goOn as string });
}

void main();
