/** Access settings in sentences. */
import { useTranslation } from '@isopolity/ui/translation';
import type { AccessDefault, B2b, TargetList } from '../../api/shapes';
import { isInbound, listedOf, type Part, reachOf, type Settings } from './model';

export function useSentences() {
  const { t } = useTranslation();

  const whom = (list: TargetList, tenant: string): string => {
    const reach = reachOf(list);
    const count = listedOf(list).length;
    if (reach === 'only') return t('access.whom.only', { tenant, count });
    if (reach === 'but') return t('access.whom.but', { tenant, count });
    return t('access.whom.all', { tenant });
  };
  const what = (list: TargetList): string => {
    const reach = reachOf(list);
    const count = listedOf(list).length;
    if (reach === 'only') return t('access.what.only', { count });
    if (reach === 'but') return t('access.what.but', { count });
    return t('access.what.all');
  };

  return {
    /** "People of Contoso may use every application here." */
    part(part: Part, setting: B2b, partner: string, own: string): string {
      const isIn = isInbound(part);
      const channel = part.startsWith('b2bDirect') ? 'direct' : 'guest';
      const direction = isIn ? 'in' : 'out';
      const [home, there] = isIn ? [partner, own] : [own, partner];
      const users = setting?.usersAndGroups;
      const applications = setting?.applications;
      if (reachOf(users) === 'none' || reachOf(applications) === 'none') {
        return t(`access.${channel}.${direction}.none`, { home, there });
      }
      return t(`access.${channel}.${direction}.some`, {
        whom: whom(users, home),
        what: what(applications),
        there,
      });
    },

    /** What else there is to say about people who come in and go out. */
    extras(
      partner: Settings | undefined,
      fallback: AccessDefault,
      tenant: string,
    ): { text: string; differs: boolean }[] {
      const consents = (['inboundAllowed', 'outboundAllowed'] as const).map((key) => {
        const usual = fallback.automaticUserConsentSettings?.[key] ?? false;
        const own = partner?.automaticUserConsentSettings?.[key] ?? usual;
        const which = key === 'inboundAllowed' ? 'consentIn' : 'consentOut';
        return {
          text: t(`access.${which}.${own ? 'yes' : 'no'}`, { tenant }),
          differs: own !== usual,
        };
      });
      const trusted = (settings: Settings | undefined) =>
        settings?.inboundTrust ?? fallback.inboundTrust;
      const mfa = (settings: Settings | undefined) => trusted(settings)?.isMfaAccepted ?? false;
      const devices = (settings: Settings | undefined) =>
        Boolean(
          trusted(settings)?.isCompliantDeviceAccepted ||
            trusted(settings)?.isHybridAzureADJoinedDeviceAccepted,
        );
      return [
        ...consents,
        {
          text: t(`access.mfa.${mfa(partner) ? 'yes' : 'no'}`, { tenant }),
          differs: mfa(partner) !== mfa(undefined),
        },
        ...(devices(partner)
          ? [{ text: t('access.devices', { tenant }), differs: !devices(undefined) }]
          : []),
      ];
    },
  };
}
