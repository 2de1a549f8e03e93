/** The frame around all screens: where one can go, and what waits there. */
import { Button, MessageBar, MessageBarActions, MessageBarBody } from '@fluentui/react-components';
import {
  AppsRegular,
  BuildingMultipleRegular,
  ClipboardTextLtrRegular,
  GridRegular,
  PeopleRegular,
  PeopleSwapRegular,
  PeopleTeamRegular,
  PersonKeyRegular,
  PersonRegular,
  SettingsRegular,
  ShieldKeyholeRegular,
} from '@fluentui/react-icons';
import { type Command, type PlaceGroup, Shell } from '@isopolity/ui';
import { CurrentScreen, useNavigate } from '@isopolity/ui/router';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState, useSyncExternalStore } from 'react';
import { invitations, isRefusal, ownRoles, ownTenant, readiness, requests } from './api/queries';
import { Broken } from './broken';
import { isWaiting } from './features/organization/request-state';
import { TABS } from './features/settings/tabs';
import { NoRole } from './no-role';
import { NotFound } from './not-found';
import { findObjects } from './objects/find';
import { session } from './session';

export function App() {
  const { t } = useTranslation();
  const tenant = useQuery(ownTenant);
  const hasEnded = useSyncExternalStore(session.subscribe, () => session.ended);
  const navigate = useNavigate();
  const ready = useQuery(readiness);
  // Drawn anew once it is known whether the person is an admin, which both wait for.
  const enabled = ready.isSuccess;
  const invited = useQuery({ ...invitations, enabled });
  const asked = useQuery({ ...requests, enabled });
  const isRefused = isRefusal(ready.error);
  const roles = useQuery({ ...ownRoles, enabled: isRefused });
  const [isOpened, setOpened] = useState(false);
  const find = async (text: string, signal: AbortSignal): Promise<Command[]> => {
    const people = await findObjects('users', text, signal);
    return people.map(({ id, displayName, userPrincipalName }) => ({
      id: `person-${id}`,
      group: t('nav.people'),
      title: displayName ?? id,
      icon: <PersonRegular />,
      hint: userPrincipalName ?? '',
      run: () => navigate({ to: '/people', search: { open: id } }),
    }));
  };
  if (isRefused && roles.isLoading) return null;
  if (isRefused && roles.data?.length === 0 && !isOpened) {
    return <NoRole onOpen={() => setOpened(true)} />;
  }
  const settings = TABS.map((tab) => ({
    id: `settings-${tab}`,
    group: t('nav.settings'),
    title: t(`settings.tab.${tab}`),
    icon: <SettingsRegular />,
    run: () => navigate({ to: '/settings', search: { tab } }),
  }));
  const groups: PlaceGroup[] = [
    {
      title: t('nav.group.across'),
      places: [
        { to: '/', title: t('nav.home'), icon: <GridRegular />, key: 'h' },
        {
          to: '/organization',
          title: t('nav.organization'),
          icon: <BuildingMultipleRegular />,
          key: 'o',
          waiting: (invited.data?.length ?? 0) + (asked.data?.filter(isWaiting).length ?? 0),
        },
        { to: '/users-across', title: t('nav.sharing'), icon: <PeopleSwapRegular />, key: 'u' },
        { to: '/access', title: t('nav.access'), icon: <ShieldKeyholeRegular />, key: 'a' },
      ],
    },
    {
      title: t('nav.group.directory'),
      places: [
        { to: '/people', title: t('nav.people'), icon: <PeopleRegular />, key: 'p' },
        { to: '/groups', title: t('nav.groups'), icon: <PeopleTeamRegular />, key: 'r' },
        { to: '/applications', title: t('nav.applications'), icon: <AppsRegular />, key: 'i' },
        { to: '/roles', title: t('nav.roles'), icon: <PersonKeyRegular />, key: 'd' },
        { to: '/logs', title: t('nav.logs'), icon: <ClipboardTextLtrRegular />, key: 'l' },
        { to: '/settings', title: t('nav.settings'), icon: <SettingsRegular />, key: 's' },
      ],
    },
  ];
  return (
    <Shell
      identity={session.identity}
      tenantName={tenant.data?.displayName ?? ''}
      groups={groups}
      commands={settings}
      find={find}
      onSignOut={() => session.signOut()}
      onSwitch={() => void session.signIn({ chooseAccount: true })}
      notice={
        hasEnded && (
          <MessageBar intent="warning">
            <MessageBarBody>{t('start.ended')}</MessageBarBody>
            <MessageBarActions>
              <Button onClick={() => void session.signIn()}>{t('start.again')}</Button>
            </MessageBarActions>
          </MessageBar>
        )
      }
    >
      <CurrentScreen missing={NotFound} broken={Broken} />
    </Shell>
  );
}
