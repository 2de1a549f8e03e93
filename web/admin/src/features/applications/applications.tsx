/** Applications: those that are registered here, those that people here may use, the deleted ones. */
import { Button } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons';
import { PageHead, Tabs, useAddress, useTab } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { ApplicationForm } from './application-form';
import { DeletedApplications } from './deleted';
import { Enterprise } from './enterprise';
import { Registrations } from './registrations';

const TABS = ['registered', 'enterprise', 'deleted'] as const;

export function Applications() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const [tab, openTab] = useTab(TABS);
  return (
    <>
      <PageHead
        title={t('nav.applications')}
        sentence={t(`app.${tab}Sentence`)}
        actions={
          <Button
            appearance="primary"
            icon={<AddRegular />}
            onClick={() => change({ panel: 'create', open: undefined }, true)}
          >
            {t('app.create')}
          </Button>
        }
      />
      <Tabs
        label={t('nav.applications')}
        value={tab}
        onChange={openTab}
        tabs={TABS.map((value) => ({ value, label: t(`app.${value}`) }))}
      />
      {tab === 'registered' && <Registrations />}
      {tab === 'enterprise' && <Enterprise />}
      {tab === 'deleted' && <DeletedApplications />}
      {address.panel === 'create' && (
        <ApplicationForm
          onClose={() => change({ panel: undefined }, true)}
          onDone={(id) => change({ tab: undefined, panel: undefined, open: id }, true)}
        />
      )}
    </>
  );
}
