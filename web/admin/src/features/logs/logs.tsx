/** The logs: what was done in this tenant, who signed in, and what synchronization did for it. */
import { PageHead, Tabs, useAddress } from '@isopolity/ui';
import { useTranslation } from 'react-i18next';
import { DirectoryLog } from './directory-log';
import { ProvisioningLog } from './provisioning-log';
import { SignInLog } from './sign-in-log';

const TABS = ['directory', 'signIns', 'provisioning'] as const;
const SHOWN = { directory: DirectoryLog, signIns: SignInLog, provisioning: ProvisioningLog };

export function Logs() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const tab = TABS.find((each) => each === address.tab) ?? 'directory';
  const Shown = SHOWN[tab];
  return (
    <>
      <PageHead title={t('nav.logs')} sentence={t(`logs.${tab}Sentence`)} />
      <Tabs
        label={t('nav.logs')}
        value={tab}
        onChange={(value) =>
          change(
            {
              tab: value,
              open: undefined,
              q: undefined,
              f: undefined,
              sort: undefined,
              cols: undefined,
            },
            true,
          )
        }
        tabs={TABS.map((value) => ({ value, label: t(`logs.${value}`) }))}
      />
      <Shown />
    </>
  );
}
