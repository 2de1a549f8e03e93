/** The frame around all screens: where one can go, and what waits there. */
import { Button, MessageBar, MessageBarActions, MessageBarBody } from '@fluentui/react-components';
import { BuildingMultipleRegular, GridRegular, PeopleSwapRegular } from '@fluentui/react-icons';
import { type PlaceGroup, Shell } from '@isopolity/ui';
import { useQuery } from '@tanstack/react-query';
import { Outlet } from '@tanstack/react-router';
import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { invitations, ownTenant, requests } from './api/queries';
import { isWaiting } from './features/organization/request-state';
import { session } from './session';

export function App() {
  const { t } = useTranslation();
  const tenant = useQuery(ownTenant);
  const invited = useQuery(invitations);
  const asked = useQuery(requests);
  const hasEnded = useSyncExternalStore(session.subscribe, () => session.ended);
  const groups: PlaceGroup[] = [
    {
      title: '',
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
      ],
    },
  ];
  return (
    <Shell
      identity={session.identity}
      tenantName={tenant.data?.displayName ?? ''}
      groups={groups}
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
      <Outlet />
    </Shell>
  );
}
