/** The tenant's own settings: how its people sign in, and its domains. */
import { PageHead } from '@isopolity/ui';
import { useTranslation } from 'react-i18next';
import { Domains } from './domains';
import { SigningIn } from './signing-in';

export function Settings() {
  const { t } = useTranslation();
  return (
    <>
      <PageHead title={t('nav.settings')} sentence={t('settings.sentence')} />
      <SigningIn />
      <Domains />
    </>
  );
}
