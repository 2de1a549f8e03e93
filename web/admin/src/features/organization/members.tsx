/** The tenants of the organization, and what each has of the other's people. */
import { DataTable, Status, Time, type Tone, useTableView } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { admissionTenants, sharingStatus } from '../../api/queries';
import type { Member } from '../../api/shapes';
import { useTenants } from '../../tenants';

export type MemberState = 'active' | 'pending' | 'failed' | 'leaving';

export const STATE_TONES: Record<MemberState, Tone> = {
  active: 'good',
  pending: 'waiting',
  failed: 'bad',
  leaving: 'waiting',
};

/** How a tenant stands, with a transition that has failed or is under way. */
export function stateOf(member: Member): MemberState {
  if (member.transitionDetails?.status === 'failed') return 'failed';
  if (member.state === 'pending') return 'pending';
  return member.transitionDetails?.desiredState === 'inactive' ? 'leaving' : 'active';
}

export function Members(props: { openId: string | undefined; onOpen: (tenant: string) => void }) {
  const { t } = useTranslation();
  const view = useTableView();
  const tenants = useTenants();
  const theirs = useQuery(admissionTenants);
  const ours = useQuery(sharingStatus);
  const here = useMemo(
    () => new Map(theirs.data?.map(({ tenantId, users }) => [tenantId, users])),
    [theirs.data],
  );
  const there = useMemo(
    () => new Map(ours.data?.map(({ tenantId, synced }) => [tenantId, synced])),
    [ours.data],
  );
  return (
    <DataTable<Member>
      label={t('org.members')}
      view={view}
      rows={tenants.isLoading ? undefined : tenants.members}
      rowId={(member) => member.tenantId}
      openId={props.openId}
      onOpen={(member) => props.onOpen(member.tenantId)}
      empty={null}
      summary={(member) => t(`role.${member.role}`)}
      columns={[
        {
          id: 'name',
          title: t('column.tenant'),
          value: ({ tenantId }) => tenants.name(tenantId),
          cell: ({ tenantId }) =>
            tenantId === tenants.own
              ? t('org.own', { tenant: tenants.name(tenantId) })
              : tenants.name(tenantId),
          width: 'minmax(180px, 2fr)',
        },
        {
          id: 'state',
          title: t('column.state'),
          value: stateOf,
          cell: (member) => (
            <Status tone={STATE_TONES[stateOf(member)]}>
              {t(`memberState.${stateOf(member)}`)}
            </Status>
          ),
          options: (['active', 'pending', 'leaving', 'failed'] as const).map((value) => ({
            value,
            label: t(`memberState.${value}`),
          })),
          width: 'minmax(120px, 1fr)',
        },
        {
          id: 'role',
          title: t('column.role'),
          value: ({ role }) => t(`role.${role}`),
        },
        {
          id: 'here',
          title: t('column.theirsHere'),
          value: ({ tenantId }) => here.get(tenantId),
          align: 'end',
          width: 'minmax(140px, 1fr)',
        },
        {
          id: 'there',
          title: t('column.oursThere'),
          value: ({ tenantId }) => there.get(tenantId),
          align: 'end',
          width: 'minmax(140px, 1fr)',
        },
        {
          id: 'since',
          title: t('column.since'),
          value: ({ joinedDateTime, addedDateTime }) => joinedDateTime ?? addedDateTime,
          cell: ({ joinedDateTime, addedDateTime }) => (
            <Time at={joinedDateTime ?? addedDateTime} />
          ),
        },
        {
          id: 'addedBy',
          title: t('column.addedBy'),
          value: ({ addedByTenantId }) => addedByTenantId && tenants.name(addedByTenantId),
          optional: true,
        },
        {
          id: 'id',
          title: t('column.tenantId'),
          value: ({ tenantId }) => tenantId,
          optional: true,
          width: 'minmax(280px, 1fr)',
        },
      ]}
    />
  );
}
