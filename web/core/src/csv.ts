/**
 * CSV out and in (RFC 4180).
 *
 * A cell that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV
 * injection"): names here come from other tenants.
 */

const FORMULA = /^[=+\-@\t\r]/;

function cell(value: string): string {
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A table as CSV, with the mark by which spreadsheets know that it is UTF-8. */
export function toCsv(rows: readonly (readonly string[])[]): string {
  return `\uFEFF${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}

/** A row with the line that it begins at. */
export interface CsvRow {
  line: number;
  cells: string[];
}

/** Reads CSV; the separator is a comma, a semicolon or a tab, whichever the first line has most of. */
export function fromCsv(text: string): CsvRow[] {
  const source = text.replace(/^\uFEFF/, '');
  const [head = ''] = source.split(/\r?\n/, 1);
  const count = (separator: string) => head.split(separator).length;
  const separator = [',', ';', '\t'].reduce((best, next) =>
    count(next) > count(best) ? next : best,
  );
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let current = '';
  let isQuoted = false;
  let line = 1;
  let start = 1;
  const endRow = () => {
    cells.push(current);
    if (cells.some((text) => text !== '')) rows.push({ line: start, cells });
    cells = [];
    current = '';
  };
  for (let at = 0; at < source.length; at += 1) {
    const character = source[at] as string;
    if (character === '\n') line += 1;
    if (isQuoted) {
      if (character !== '"') current += character;
      else if (source[at + 1] === '"') {
        current += '"';
        at += 1;
      } else isQuoted = false;
    } else if (character === '"' && current === '') isQuoted = true;
    else if (character === separator) {
      cells.push(current);
      current = '';
    } else if (character === '\n' || character === '\r') {
      if (character === '\r' && source[at + 1] === '\n') {
        at += 1;
        line += 1;
      }
      endRow();
      start = line;
    } else current += character;
  }
  if (current !== '' || cells.length) endRow();
  return rows;
}

/** Hands a text to the person as a file. */
export function download(name: string, text: string, type = 'text/csv;charset=utf-8'): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url));
}
