/** Finds people, groups and applications by what one remembers of them. */
import { folded, withQuery } from '@isopolity/core';
import { DirectoryObject } from '../api/shapes';
import { graph } from '../session';

export type Kind = 'users' | 'groups' | 'applications';

const FOUND_MAX = 12;

const PATHS: Record<Kind, { path: string; select: string }> = {
  users: { path: '/v1.0/users', select: 'id,displayName,userPrincipalName,mail' },
  groups: { path: '/v1.0/groups', select: 'id,displayName,mail' },
  applications: { path: '/v1.0/servicePrincipals', select: 'id,appId,displayName' },
};

const wordsOf = (text: string) => folded(text).split(/[^\p{L}\p{N}]+/u);

/** Whether `findObjects` finds it by a text, as far as can be told without asking. */
export function isFoundBy(object: DirectoryObject, text: string): boolean {
  const words = [object.displayName, object.userPrincipalName, object.mail].flatMap((field) =>
    wordsOf(field ?? ''),
  );
  return wordsOf(text).every((begun) => words.some((word) => word.startsWith(begun)));
}

/** Finds objects whose names begin with words, as `$search` does. */
export async function findObjects(
  kind: Kind,
  text: string,
  signal: AbortSignal,
): Promise<DirectoryObject[]> {
  const { path, select } = PATHS[kind];
  const word = text.replaceAll(/["\\]/g, ' ').trim();
  const fields = kind === 'users' ? ['displayName', 'userPrincipalName', 'mail'] : ['displayName'];
  const search = fields.map((field) => `"${field}:${word}"`).join(' OR ');
  const page = await graph.page(
    DirectoryObject,
    withQuery(path, {
      $select: select,
      $top: FOUND_MAX,
      ...(word ? { $search: search } : {}),
    }),
    { signal, eventual: true },
  );
  return page.items;
}
