/** How many people of a pair are there, and how many fail, in words. */
import { formatNumber, type Translate } from '@isopolity/core';
import type { Pair } from '../../api/shapes';

/** Of a pair through which nobody comes any more: who came before. */
export function cameBefore(t: Translate, { synced }: NonNullable<Pair['counts']>): string {
  return t('matrix.before', { count: synced, synced: formatNumber(synced) });
}

export function counted(t: Translate, counts: NonNullable<Pair['counts']>): string {
  const { synced, inScope, failed } = counts;
  const numbers = { synced: formatNumber(synced), all: formatNumber(inScope) };
  const there = t('matrix.there', { count: inScope, ...numbers });
  return failed ? `${there} ${t('matrix.failing', { count: failed })}` : there;
}
