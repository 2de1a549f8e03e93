/** The tenant's own settings: how its people sign in and what they may do, its domains, its keys. */
import { PageHead, Tabs, useTab } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { Domains } from './domains';
import { Keys } from './keys';
import { Rights } from './rights';
import { SignInPage } from './sign-in-page';
import { SigningIn } from './signing-in';
import { TABS } from './tabs';
import { Tenant } from './tenant';

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
      {tab === 'rights' && <Rights />}
      {tab === 'domains' && <Domains />}
      {tab === 'tenant' && <Tenant />}
      {tab === 'keys' && <Keys />}
    </>
  );
}
