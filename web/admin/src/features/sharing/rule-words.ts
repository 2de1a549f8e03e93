/** Admission rules as sentences. */
import { formatList } from '@isopolity/core';
import { useTranslation } from '@isopolity/ui/translation';
import type { Admission } from '../../api/shapes';

export function useRuleWords() {
  const { t } = useTranslation();
  return (rules: Admission): string => {
    const overridden = Object.keys(rules.attributes.override);
    const words = [
      rules.maxUsers !== null && rules.maxUsers !== undefined
        ? t('rules.maxUsers', { count: rules.maxUsers })
        : '',
      rules.allowedMailDomains?.length
        ? t('rules.domains', { domains: formatList(rules.allowedMailDomains) })
        : '',
      rules.maxUserType === 'guest' ? t('rules.guests') : '',
      rules.holdFirst ? t('rules.hold', { count: rules.holdFirst }) : '',
      rules.displayNameSuffix ? t('rules.suffix', { suffix: rules.displayNameSuffix }) : '',
      rules.attributes.deny.length
        ? t('rules.deny', { attributes: formatList(rules.attributes.deny) })
        : '',
      overridden.length ? t('rules.override', { attributes: formatList(overridden) }) : '',
    ].filter(Boolean);
    return words.length ? words.join(' ') : t('rules.none');
  };
}
