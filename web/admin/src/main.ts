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
  const { isExpected } = session;
  const opening = session.open().then(
    (goOn) => ({ goOn }),
    (thrown: unknown) => ({ problem: asProblem(thrown) }),
  );
  let loading: ReturnType<typeof load> | undefined;
  if (isExpected) {
    // The page's frame is shown.
    document.documentElement.dataset.expected = '';
    void loadCatalogue(preferredLanguage());
    // The server answers while the rest begins, which keeps the page busy.
    loading = Promise.race([session.asked, opening]).then(load);
  }
  const opened = await opening;
  if ('goOn' in opened && opened.goOn === undefined) return;
  const { start } = await (loading ?? load());
  await start('problem' in opened ? opened : { goOn: opened.goOn as string });
}

void main();
