/** Numbers, times and lists in the person's language. */
import { locale } from './catalogues';

const kept = new Map<string, unknown>();

/** Making a formatter costs a millisecond: each is made once for a language. */
function once<T>(kind: string, make: (locale: string) => T): T {
  const key = `${kind} ${locale()}`;
  let found = kept.get(key) as T | undefined;
  if (found === undefined) {
    found = make(locale());
    kept.set(key, found);
  }
  return found;
}

export const formatNumber = (value: number): string =>
  once('number', (tag) => new Intl.NumberFormat(tag)).format(value);

export const formatList = (items: readonly string[]): string =>
  once('list', (tag) => new Intl.ListFormat(tag, { type: 'conjunction' })).format(items);

/** What separates the items of a series that has no last one, by language. */
const SEPARATORS: Record<string, string> = { ar: '، ', ja: '、' };

/** Items one after the other: "Ann, Bo, Cy", which may go on. */
export const formatSeries = (items: readonly string[]): string =>
  items.join(once('series', (tag) => SEPARATORS[tag.slice(0, 2)] ?? ', '));

/** A date that has to be short. */
export const formatDay = (time: string | Date): string =>
  once('short date', (tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'medium' })).format(
    new Date(time),
  );

export const formatDate = (time: string | Date): string =>
  once('date', (tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'long' })).format(new Date(time));

export const formatExact = (time: string | Date): string =>
  once(
    'exact',
    (tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'medium' }),
  ).format(new Date(time));

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** "3 minutes ago". */
export function formatRelative(time: string | Date, now = Date.now()): string {
  const relative = once('relative', (tag) => new Intl.RelativeTimeFormat(tag, { numeric: 'auto' }));
  const seconds = (new Date(time).getTime() - now) / 1000;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  return relative.format(unit === 'second' ? 0 : Math.round(seconds / size), unit);
}

/** How long something took: "240 ms", "3.2 s". */
export function formatDuration(milliseconds: number): string {
  const inSeconds = milliseconds >= 1000;
  return new Intl.NumberFormat(locale(), {
    style: 'unit',
    unit: inSeconds ? 'second' : 'millisecond',
    maximumFractionDigits: inSeconds ? 1 : 0,
  }).format(inSeconds ? milliseconds / 1000 : milliseconds);
}

/** A span of minutes in its largest whole unit: "8 hours", "30 days". */
export function formatMinutes(minutes: number): string {
  const [value, unit] =
    minutes % 1_440 === 0
      ? ([minutes / 1_440, 'day'] as const)
      : minutes % 60 === 0
        ? ([minutes / 60, 'hour'] as const)
        : ([minutes, 'minute'] as const);
  return once(
    `span ${unit}`,
    (tag) => new Intl.NumberFormat(tag, { style: 'unit', unit, unitDisplay: 'long' }),
  ).format(value);
}

/** The order of names in the person's language. */
export const compareTexts = (left: string, right: string): number =>
  once('order', (tag) => new Intl.Collator(tag, { numeric: true })).compare(left, right);

/** A text without case and accents, for searching. */
export const folded = (text: string): string =>
  text.normalize('NFKD').replace(/\p{M}/gu, '').toLocaleLowerCase();

const isPlain = (text: string) => /^[\x20-\x7e]*$/.test(text);

/** Orders names as the language does; plain ones without the tables, which take a while to load. */
export function compareNames(left: string, right: string): number {
  if (!isPlain(left) || !isPlain(right)) return left.localeCompare(right);
  const [a, b] = [left.toLowerCase(), right.toLowerCase()];
  return a < b ? -1 : a > b ? 1 : 0;
}
