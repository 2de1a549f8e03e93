/** How the sign-in pages look: what is read, what may be sent, and the calls. */
import type { Change } from '@isopolity/core';
import { queryOptions } from '@tanstack/react-query';
import * as v from 'valibot';
import { graph } from '../../session';

export const TEXTS = [
  'backgroundColor',
  'signInPageText',
  'usernameHintText',
  'customPrivacyAndCookiesUrl',
  'customTermsOfUseUrl',
] as const;
export type TextName = (typeof TEXTS)[number];
/** Characters of each. */
export const LENGTHS: Record<TextName, number> = {
  backgroundColor: 7,
  signInPageText: 1024,
  usernameHintText: 64,
  customPrivacyAndCookiesUrl: 128,
  customTermsOfUseUrl: 128,
};

export const LOGOS = {
  bannerLogo: { width: 245, height: 36 },
  squareLogo: { width: 240, height: 240 },
} as const;
export type LogoName = keyof typeof LOGOS;
export const LOGO_NAMES = ['bannerLogo', 'squareLogo'] as const satisfies readonly LogoName[];
const BYTES_MAX = 51_200;

/** The id of the one that is for every language without its own. */
export const DEFAULT = '0';

const text = v.nullish(v.string());
const Branding = v.object({
  id: v.string(),
  backgroundColor: text,
  signInPageText: text,
  usernameHintText: text,
  customPrivacyAndCookiesUrl: text,
  customTermsOfUseUrl: text,
  bannerLogoRelativeUrl: text,
  squareLogoRelativeUrl: text,
});
export type Branding = v.InferOutput<typeof Branding>;

const BRANDING = (tenant: string) => `/v1.0/organization/${tenant}/branding`;

/** Where the branding for a language is, or the one for all others. */
export const pathOf = (tenant: string, language: string) =>
  language === DEFAULT ? BRANDING(tenant) : `${BRANDING(tenant)}/localizations/${language}`;

/** A tenant's brandings, the default one first; none if the pages look as they do by themselves. */
export const brandings = (tenant: string) =>
  queryOptions({
    queryKey: ['branding', tenant],
    // The list is there in any case; the branding itself is a 404 until something is set.
    queryFn: ({ signal }) => graph.all(Branding, `${BRANDING(tenant)}/localizations`, { signal }),
  });

/** Which branding is edited, and what is known of it; null if there is none yet. */
export interface Edited {
  tenant: string;
  language: string;
  now: Branding | null;
}

/** What a logo is to become: another one, none, or what it is. */
export type Wish = File | 'none' | undefined;

export interface Wanted {
  texts: Partial<Record<TextName, string | null>>;
  logos: Record<LogoName, Wish>;
}

export function saving({ tenant, language, now }: Edited, { texts, logos }: Wanted): Change[] {
  const path = pathOf(tenant, language);
  const hasTexts = Object.keys(texts).length > 0;
  const changes: Change[] = hasTexts ? [{ method: 'PATCH', path, body: texts }] : [];
  // The default one is made by its first change, one for a language is made.
  const isNew = language !== DEFAULT && !now;
  if (isNew && (hasTexts || LOGO_NAMES.some((name) => logos[name]))) {
    const made = `${BRANDING(tenant)}/localizations`;
    changes[0] = { method: 'POST', path: made, body: { id: language, ...texts } };
  }
  for (const name of LOGO_NAMES) {
    const wish = logos[name];
    if (wish === 'none') changes.push({ method: 'DELETE', path: `${path}/${name}` });
    else if (wish) changes.push({ method: 'PUT', path: `${path}/${name}`, file: wish });
  }
  return changes;
}

/** What takes a change back: the images of before have to be fetched for it. */
export async function undoing(edited: Edited, { texts, logos }: Wanted): Promise<Change[]> {
  const { tenant, language, now: before } = edited;
  if (!before) return [{ method: 'DELETE', path: pathOf(tenant, language) }];
  const old: Record<LogoName, Wish> = { bannerLogo: undefined, squareLogo: undefined };
  for (const name of LOGO_NAMES) {
    if (!logos[name]) continue;
    const place = before[`${name}RelativeUrl`];
    old[name] = place ? await fetched(name, place) : 'none';
  }
  const earlier = Object.fromEntries(
    Object.keys(texts).map((name) => [name, before[name as TextName] ?? null]),
  );
  return saving(edited, { texts: earlier, logos: old });
}

async function fetched(name: LogoName, place: string): Promise<File> {
  const blob = await (await fetch(`/${place}`)).blob();
  return new File([blob], name, { type: blob.type });
}

/** Why a file can't be a logo. */
export type Unfit = 'type' | 'bytes' | 'pixels';

export async function unfit(name: LogoName, file: File): Promise<Unfit | undefined> {
  if (!['image/png', 'image/jpeg'].includes(file.type)) return 'type';
  if (file.size > BYTES_MAX) return 'bytes';
  try {
    const { width, height } = await createImageBitmap(file);
    return width > LOGOS[name].width || height > LOGOS[name].height ? 'pixels' : undefined;
  } catch {
    return 'type';
  }
}
