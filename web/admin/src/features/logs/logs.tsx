/** The logs: what was done in this tenant, who signed in, and what synchronization did for it. */
import { PageHead, Tabs, useTab } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { DirectoryLog } from './directory-log';
import { ProvisioningLog } from './provisioning-log';
import { SignInLog } from './sign-in-log';

const TABS = ['directory', 'signIns', 'provisioning'] as const;
const SHOWN = { directory: DirectoryLog, signIns: SignInLog, provisioning: ProvisioningLog };

export function Logs() {
  const { t } = useTranslation();
  const [tab, openTab] = useTab(TABS);
  const Shown = SHOWN[tab];
  return (
    <>
      <PageHead title={t('nav.logs')} sentence={t(`logs.${tab}Sentence`)} />
      <Tabs
        label={t('nav.logs')}
        value={tab}
        onChange={openTab}
        tabs={TABS.map((value) => ({ value, label: t(`logs.${value}`) }))}
      />
      <Shown />
    </>
  );
}
