/** An entry of the sharing as a sentence. */
import { formatDate, formatList } from '@isopolity/core';
import { useTranslation } from '@isopolity/ui/translation';
import type { Sharing } from '../../api/shapes';

export function useScopeWords() {
  const { t } = useTranslation();
  return (entry: Sharing): string => {
    const isOver = entry.untilDateTime && new Date(entry.untilDateTime).getTime() <= Date.now();
    const whom = (() => {
      if (entry.scope === 'none' || isOver) return t('scope.words.none');
      if (entry.scope === 'all') return t('scope.words.all');
      const parts = [
        entry.groups.length ? t('scope.words.groups', { count: entry.groups.length }) : '',
        entry.users.length ? t('scope.words.people', { count: entry.users.length }) : '',
        entry.rule ? t('scope.words.rule', { rule: entry.rule }) : '',
      ].filter(Boolean);
      return t('scope.words.selected', { parts: formatList(parts) });
    })();
    if (!entry.untilDateTime) return whom;
    return `${whom} ${t(isOver ? 'scope.words.ended' : 'scope.words.until', { date: formatDate(entry.untilDateTime) })}`;
  };
}
