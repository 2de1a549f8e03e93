/** What deleting people means, here and where copies of them are. */
import { compareNames, formatList, formatNumber } from '@isopolity/core';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { sharingStatus } from '../../api/queries';
import type { Person } from '../../api/shapes';
import { useNamesLine } from '../../objects/names';
import { useTenants } from '../../tenants';
import { originOf } from './people-list';

export function useDeletionText(): (people: Person[]) => string {
  const { t } = useTranslation();
  const { name } = useTenants();
  const line = useNamesLine();
  const shared = useQuery({ ...sharingStatus, refetchInterval: false });
  return (people) => {
    const there = (shared.data ?? []).filter(({ synced }) => synced > 0);
    const copied = people.some((person) => originOf(person) === 'own') && there.length;
    return [
      t('person.deleteAsk', {
        count: people.length,
        number: formatNumber(people.length),
        names: line(people, people.length),
      }),
      copied
        ? t('person.deleteCopies', {
            tenants: formatList(there.map(({ tenantId }) => name(tenantId)).sort(compareNames)),
          })
        : '',
      t('person.deleteUndo'),
    ]
      .filter(Boolean)
      .join(' ');
  };
}
