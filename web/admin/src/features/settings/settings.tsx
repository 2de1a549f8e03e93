/** The tenant's own settings: how its people sign in, what its sign-in page shows, its domains. */
import { PageHead, Tabs, useTab } from '@isopolity/ui';
import { useTranslation } from 'react-i18next';
import { Domains } from './domains';
import { SignInPage } from './sign-in-page';
import { SigningIn } from './signing-in';

const TABS = ['signIn', 'page', 'domains'] as const;

export function Settings() {
  const { t } = useTranslation();
  const [tab, openTab] = useTab(TABS);
  return (
    <>
      <PageHead title={t('nav.settings')} sentence={t('settings.sentence')} />
      <Tabs
        label={t('nav.settings')}
        value={tab}
        onChange={openTab}
        tabs={TABS.map((value) => ({ value, label: t(`settings.tab.${value}`) }))}
      />
      {tab === 'signIn' && <SigningIn />}
      {tab === 'page' && <SignInPage />}
      {tab === 'domains' && <Domains />}
    </>
  );
}
