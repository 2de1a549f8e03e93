/** The organization: its tenants, who waits at whose door, what was asked, who has left. */
import { Button } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons';
import { asProblem, formatList } from '@isopolity/core';
import { Failure, Lines, PageHead, Section, useAddress } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { departures, invitations, organization, requests } from '../../api/queries';
import { useTenants } from '../../tenants';
import { AddTenant } from './add-tenant';
import { DepartureList } from './departures';
import { FirstOrganization } from './first';
import { InvitationList } from './invitations';
import { JoinPanel } from './join';
import { Members } from './members';
import { RequestList } from './requests';
import { TenantPanel } from './tenant-panel';

export function OrganizationPage() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const tenants = useTenants();
  const read = useQuery(organization);
  const invited = useQuery(invitations);
  const asked = useQuery(requests);
  const gone = useQuery(departures);
  const own = tenants.members.find(({ tenantId }) => tenantId === tenants.own);
  const isIn = read.data?.state === 'active';
  const owners = tenants.active.filter(({ role }) => role === 'owner');
  const pending = tenants.members.filter(({ state }) => state === 'pending').length;
  const opened = tenants.members.find(({ tenantId }) => tenantId === address.tenant);
  const invitation = invited.data?.find(
    ({ addedByTenantId }) => addedByTenantId === address.invitation,
  );
  const close = () =>
    change({ tenant: undefined, add: undefined, invitation: undefined, leave: undefined }, true);

  const sentence = (() => {
    if (!isIn) return t('org.none');
    const words = [t('org.tenants', { count: tenants.active.length })];
    if (pending) words.push(t('org.pending', { count: pending }));
    words.push(
      own?.role === 'owner'
        ? t('org.youOwn')
        : t('org.owners', {
            count: owners.length,
            tenants: formatList(owners.map(({ tenantId }) => tenants.name(tenantId))),
          }),
    );
    return words.join(' ');
  })();

  return (
    <>
      <PageHead
        title={(isIn && read.data?.displayName) || t('nav.organization')}
        sentence={read.data && sentence}
        actions={
          isIn &&
          own?.role === 'owner' && (
            <Button
              appearance="primary"
              icon={<AddRegular />}
              onClick={() => change({ add: '1', tenant: undefined }, true)}
            >
              {t('org.add')}
            </Button>
          )
        }
      />
      {read.error && !read.data && (
        <Failure problem={asProblem(read.error)} onRetry={() => void read.refetch()} />
      )}
      {!read.data && !read.error && <Lines count={4} height={40} />}
      {invited.data && invited.data.length > 0 && (
        <Section title={t('invitation.title')}>
          <InvitationList
            invitations={invited.data}
            onReview={({ addedByTenantId }) => change({ invitation: addedByTenantId }, true)}
          />
        </Section>
      )}
      {asked.data && asked.data.length > 0 && (
        <Section title={t('request.title')}>
          <RequestList requests={asked.data} />
        </Section>
      )}
      {read.data && !isIn && <FirstOrganization />}
      {isIn && (
        <Section title={t('org.members')}>
          <Members
            openId={address.tenant}
            onOpen={(tenant) => change({ tenant, add: undefined }, true)}
          />
        </Section>
      )}
      {gone.data && gone.data.length > 0 && (
        <Section title={t('departure.title')}>
          <DepartureList departures={gone.data} />
        </Section>
      )}
      {address.add && own?.role === 'owner' && <AddTenant onClose={close} />}
      {opened && own && (
        <TenantPanel key={opened.tenantId} member={opened} own={own} onClose={close} />
      )}
      {invitation && <JoinPanel invitation={invitation} onClose={close} />}
    </>
  );
}
