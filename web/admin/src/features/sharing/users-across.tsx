/** Users across tenants: what is shared from here, and who comes in from the others. */

import { formatNumber } from '@isopolity/core';
import { PageHead, Tabs, useTab } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { admissionTenants, sharingStatus } from '../../api/queries';
import { useTenants } from '../../tenants';
import { Incoming } from './incoming';
import { Outgoing } from './outgoing';

const TABS = ['outgoing', 'incoming'] as const;

export function UsersAcross() {
  const { t } = useTranslation();
  const { active, own } = useTenants();
  const ours = useQuery(sharingStatus);
  const theirs = useQuery(admissionTenants);
  const [tab, openTab] = useTab(TABS);
  const sum = (numbers: number[] | undefined) =>
    formatNumber((numbers ?? []).reduce((total, each) => total + each, 0));
  const others = active.filter(({ tenantId }) => tenantId !== own).length;
  const sentence =
    ours.data && theirs.data
      ? others
        ? t('across.sentence', {
            count: others,
            out: sum(ours.data.map(({ synced }) => synced)),
            in: sum(theirs.data.map(({ users }) => users)),
          })
        : t('across.alone')
      : t('ui.loading');
  return (
    <>
      <PageHead title={t('nav.sharing')} sentence={sentence} />
      <Tabs
        label={t('nav.sharing')}
        value={tab}
        onChange={openTab}
        tabs={TABS.map((value) => ({ value, label: t(`across.${value}`) }))}
      />
      {tab === 'outgoing' ? <Outgoing /> : <Incoming />}
    </>
  );
}
