/** The time that a log is looked at for. */
import { useTranslation } from '@isopolity/ui/translation';

const HOURS = { hour: 1, day: 24, week: 168, month: 720 } as const;
export type Period = keyof typeof HOURS;

/** The condition of `$filter`; to the minute, so that the address of a list stays for a while. */
export function since(
  period: string | undefined,
  property = 'activityDateTime',
): string | undefined {
  const hours = period && Object.hasOwn(HOURS, period) ? HOURS[period as Period] : undefined;
  if (!hours) return undefined;
  const minute = Math.floor(Date.now() / 60_000) * 60_000;
  const at = new Date(minute - hours * 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
  return `${property} ge ${at}`;
}

export function usePeriods() {
  const { t } = useTranslation();
  return (['hour', 'day', 'week', 'month'] as const).map((value) => ({
    value,
    label: t(`period.${value}`),
  }));
}
