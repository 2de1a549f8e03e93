/** The list of people, searched, sorted and filtered by the server. */
import { DeleteRegular } from '@fluentui/react-icons';
import { type Change, formatNumber, type Translate } from '@isopolity/core';
import {
  Ask,
  DataTable,
  Empty,
  LeftToRight,
  Status,
  Time,
  useAct,
  useAddress,
  useTableView,
} from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useState } from 'react';
import { allOf, anyOf, type ServerOrder, useRemoteList } from '../../api/remote';
import { Person } from '../../api/shapes';
import { restoring } from '../../objects/deleted';
import { useDeletionText } from './deletion-text';
import { PersonPanel } from './person-panel';

/** What is read of a person. */
export const SELECT =
  'id,displayName,userPrincipalName,mail,givenName,surname,jobTitle,department,city,country,' +
  'userType,accountEnabled,creationType,externalUserState,createdDateTime,blockedHere,employeeId,' +
  'companyName,officeLocation,mobilePhone,usageLocation';
/** What Graph sorts by, by column. */
const ORDER: ServerOrder = {
  by: {
    displayName: 'displayName',
    userPrincipalName: 'userPrincipalName',
    createdDateTime: 'createdDateTime',
  },
  usual: 'displayName',
};

/** Where somebody is from: of this tenant, synchronized or invited from another, a guest. */
export const originOf = (person: Person): 'own' | 'across' | 'guest' =>
  person.userType === 'Guest' ? 'guest' : person.creationType === 'Invitation' ? 'across' : 'own';

/** The domain at home of somebody from elsewhere, as their name here has it. */
function homeOf(person: Person): string | undefined {
  const [base, rest] = (person.userPrincipalName ?? '').split('#EXT#');
  // Behind the domain stands a number where several would have one name.
  const domain = base?.slice(base.lastIndexOf('_') + 1).replace(/\d+$/, '');
  return rest && domain?.includes('.') ? domain : undefined;
}

/** Where somebody is from, in words: the domain of another tenant, if the name tells it. */
export function wordsOf(person: Person, t: Translate): string {
  const [origin, home] = [originOf(person), homeOf(person)];
  if (origin === 'own' || !home) return t(`origin.${origin}`);
  return origin === 'across' ? home : `${t('origin.guest')} · ${home}`;
}

export const removal = (id: string): Change => ({ method: 'DELETE', path: `/v1.0/users/${id}` });

export function PeopleList() {
  const { t } = useTranslation();
  const [address, change] = useAddress();
  const view = useTableView();
  const { run, isRunning } = useAct();
  const [asked, setAsked] = useState<Person[]>([]);
  const deletionText = useDeletionText();
  const { origin, state } = view.filters;
  const word = view.q.replaceAll(/["\\]/g, ' ').trim();
  const list = useRemoteList(
    'people',
    Person,
    '/beta/users',
    {
      $select: SELECT,
      $count: 'true',
      $search: word
        ? ['displayName', 'userPrincipalName', 'mail']
            .map((field) => `"${field}:${word}"`)
            .join(' OR ')
        : undefined,
      $filter: allOf(
        anyOf(
          {
            own: "(userType eq 'Member' and creationType ne 'Invitation')",
            across: "(userType eq 'Member' and creationType eq 'Invitation')",
            guest: "userType eq 'Guest'",
          },
          origin,
        ),
        anyOf({ enabled: 'accountEnabled eq true', disabled: 'accountEnabled eq false' }, state),
      ),
    },
    view,
    ORDER,
  );

  return (
    <>
      {asked.length > 0 && (
        <Ask
          text={deletionText(asked)}
          action={t('person.deleteDo', {
            count: asked.length,
            number: formatNumber(asked.length),
          })}
          change={asked.map(({ id }) => removal(id))}
          isRunning={isRunning}
          onDo={() =>
            void run({
              change: asked.map(({ id }) => removal(id)),
              undo: asked.map(({ id }) => restoring(id)),
              done: t('person.deletedDone', { count: asked.length }),
              refresh: [['people'], ['sharing'], ['deleted']],
              after: () => setAsked([]),
            })
          }
          onCancel={() => setAsked([])}
        />
      )}
      <DataTable<Person>
        fill
        label={t('nav.people')}
        view={view}
        {...list}
        rowId={(person) => person.id}
        openId={address.open}
        onOpen={({ id }) => change({ open: id, panel: undefined, edit: undefined }, true)}
        summary={(person) => <LeftToRight>{person.userPrincipalName}</LeftToRight>}
        empty={<Empty text={t('person.empty')} />}
        defaultSort={{ column: 'displayName', descending: false }}
        bulk={[
          {
            id: 'delete',
            label: t('person.delete'),
            icon: <DeleteRegular />,
            run: setAsked,
          },
        ]}
        columns={[
          {
            id: 'displayName',
            title: t('column.name'),
            value: (person) => person.displayName,
            width: 'minmax(180px, 1.6fr)',
          },
          {
            id: 'state',
            title: t('column.state'),
            value: (person) => (person.accountEnabled ? 'enabled' : 'disabled'),
            cell: (person) => (
              <Status tone={person.accountEnabled ? 'good' : 'bad'}>
                {person.accountEnabled ? t('person.enabled') : t('person.disabled')}
              </Status>
            ),
            options: [
              { value: 'enabled', label: t('person.enabled') },
              { value: 'disabled', label: t('person.disabled') },
            ],
            width: 'minmax(110px, 0.7fr)',
          },
          {
            id: 'userPrincipalName',
            title: t('column.userName'),
            value: (person) => person.userPrincipalName,
            cell: (person) => <LeftToRight>{person.userPrincipalName}</LeftToRight>,
            width: 'minmax(220px, 2fr)',
          },
          {
            id: 'origin',
            title: t('column.from'),
            value: (person) => wordsOf(person, t),
            cell: (person) =>
              originOf(person) === 'across' ? (
                <LeftToRight>{wordsOf(person, t)}</LeftToRight>
              ) : (
                wordsOf(person, t)
              ),
            options: (['own', 'across', 'guest'] as const).map((value) => ({
              value,
              label: t(`origin.${value}`),
            })),
            width: 'minmax(140px, 1.2fr)',
          },
          {
            id: 'department',
            title: t('attribute.department'),
            value: (person) => person.department,
            width: 'minmax(140px, 1.3fr)',
          },
          {
            id: 'jobTitle',
            title: t('attribute.jobTitle'),
            value: (person) => person.jobTitle,
            width: 'minmax(140px, 1.3fr)',
          },
          {
            id: 'city',
            title: t('attribute.city'),
            value: (person) => person.city,
            optional: true,
          },
          {
            id: 'country',
            title: t('attribute.country'),
            value: (person) => person.country,
            optional: true,
          },
          {
            id: 'mail',
            title: t('attribute.mail'),
            value: (person) => person.mail,
            optional: true,
          },
          {
            id: 'createdDateTime',
            title: t('column.created'),
            value: (person) => person.createdDateTime,
            cell: (person) => <Time at={person.createdDateTime} />,
            optional: true,
          },
        ]}
      />
      {address.open && (
        <PersonPanel
          key={address.open}
          id={address.open}
          onClose={() => change({ open: undefined, edit: undefined }, true)}
        />
      )}
    </>
  );
}
