/** People of this tenant: who is here, from where, and who can be restored. */
import { Button } from '@fluentui/react-components';
import { ArrowUploadRegular, MailRegular, PersonAddRegular } from '@fluentui/react-icons';
import { PageHead, Tabs, useAddress, useTab } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { DeletedPeople } from './deleted';
import { ImportPanel } from './import';
import { Invite } from './invite';
import { PeopleList } from './people-list';
import { PersonForm } from './person-form';

const TABS = ['people', 'deleted'] as const;

export function People() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const [tab, openTab] = useTab(TABS);
  const panel = (which: string) => change({ panel: which, open: undefined, edit: undefined }, true);
  const close = () => change({ panel: undefined }, true);
  return (
    <>
      <PageHead
        title={t('nav.people')}
        sentence={t(`person.${tab}Sentence`)}
        actions={
          <>
            <Button icon={<ArrowUploadRegular />} onClick={() => panel('import')}>
              {t('import.title')}
            </Button>
            <Button icon={<MailRegular />} onClick={() => panel('invite')}>
              {t('invite.title')}
            </Button>
            <Button
              appearance="primary"
              icon={<PersonAddRegular />}
              onClick={() => panel('create')}
            >
              {t('person.create')}
            </Button>
          </>
        }
      />
      <Tabs
        label={t('nav.people')}
        value={tab}
        onChange={openTab}
        tabs={TABS.map((value) => ({ value, label: t(`person.${value}`) }))}
      />
      {tab === 'people' ? <PeopleList /> : <DeletedPeople />}
      {address.panel === 'create' && <PersonForm onClose={close} />}
      {address.panel === 'invite' && <Invite onClose={close} />}
      {address.panel === 'import' && <ImportPanel onClose={close} />}
    </>
  );
}
