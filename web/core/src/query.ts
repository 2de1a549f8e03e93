/** Pieces of addresses and of OData queries. */

/** A text as a literal of `$filter`. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A path with its query; what is undefined or empty is left out. */
export function withQuery(
  path: string,
  query: Record<string, string | number | undefined>,
): string {
  const parts = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return parts.length ? `${path}?${parts.join('&')}` : path;
}
