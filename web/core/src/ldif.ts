/**
 * LDIF (RFC 2849) as rows: an entry a row, an attribute a column.
 *
 * Only content is read, no changes. Of an attribute with several values the first counts; what is
 * binary, or elsewhere (`:<`), is left out.
 */
import type { CsvRow } from './csv';

/** Whether a text is LDIF: its first line that isn't a comment says so, or names an entry. */
export const isLdif = (text: string): boolean =>
  /^(?:\uFEFF)?(?:\s*(?:#.*)?\r?\n)*(?:version:|dn:)/i.test(text);

/** Text of Base64; nothing if it isn't text. */
function decoded(base64: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Reads LDIF: the names of the attributes, and the entries that are people. */
export function fromLdif(text: string): { heads: string[]; rows: CsvRow[] } {
  const entries: { line: number; values: Map<string, string>; classes: string[] }[] = [];
  let entry: (typeof entries)[number] | undefined;
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (let at = 0; at < lines.length; at += 1) {
    const line = at + 1;
    let current = lines[at] ?? '';
    // A line that begins with a space goes on with the one before.
    while (current !== '' && lines[at + 1]?.startsWith(' ')) {
      at += 1;
      current += (lines[at] ?? '').slice(1);
    }
    if (current === '') {
      entry = undefined;
      continue;
    }
    const [, name = '', mark = '', rest = ''] = /^([\w;.-]+):([:<]?) *(.*)$/.exec(current) ?? [];
    if (!name || mark === '<') continue;
    const value = mark === ':' ? decoded(rest) : rest;
    const [attribute = ''] = name.split(';');
    const key = attribute.toLowerCase();
    if (key === 'dn') {
      entry = { line, values: new Map(), classes: [] };
      entries.push(entry);
    } else if (key === 'objectclass') entry?.classes.push((value ?? '').toLowerCase());
    else if (entry && value && !entry.values.has(attribute)) entry.values.set(attribute, value);
  }
  const isPerson = ({ classes }: (typeof entries)[number]) =>
    !classes.length || classes.some((name) => /person|account|^user$/.test(name));
  const people = entries.filter(({ values }) => values.size).filter(isPerson);
  const heads = [...new Set(people.flatMap(({ values }) => [...values.keys()]))];
  const rows = people.map(({ line, values }) => ({
    line,
    cells: heads.map((head) => values.get(head) ?? ''),
  }));
  return { heads, rows };
}
