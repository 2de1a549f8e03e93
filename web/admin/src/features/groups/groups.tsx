/** Groups of this tenant: who is in them, from where, and which can be restored. */
import { Button } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons';
import { PageHead, Tabs, useAddress, useTab } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { DeletedGroups } from './deleted';
import { GroupForm } from './group-form';
import { GroupList } from './group-list';

const TABS = ['groups', 'deleted'] as const;

export function Groups() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const [tab, openTab] = useTab(TABS);
  return (
    <>
      <PageHead
        title={t('nav.groups')}
        sentence={t(`group.${tab}Sentence`)}
        actions={
          <Button
            appearance="primary"
            icon={<AddRegular />}
            onClick={() =>
              change({ tab: undefined, panel: 'create', open: undefined, edit: undefined }, true)
            }
          >
            {t('group.create')}
          </Button>
        }
      />
      <Tabs
        label={t('nav.groups')}
        value={tab}
        onChange={openTab}
        tabs={TABS.map((value) => ({ value, label: t(`group.${value}`) }))}
      />
      {tab === 'groups' ? <GroupList /> : <DeletedGroups />}
      {address.panel === 'create' && (
        <GroupForm onClose={() => change({ panel: undefined }, true)} />
      )}
    </>
  );
}
