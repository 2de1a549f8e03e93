/** First passwords: long enough to be one, short enough to be dictated; without letters that look alike. */

const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const GROUPS = 4;
const GROUP = 5;

export function newPassword(): string {
  const picked: string[] = [];
  // What is beyond a multiple of the letters would prefer some.
  const limit = 256 - (256 % LETTERS.length);
  while (picked.length < GROUPS * GROUP) {
    for (const byte of crypto.getRandomValues(new Uint8Array(64))) {
      if (byte < limit && picked.length < GROUPS * GROUP) {
        picked.push(LETTERS[byte % LETTERS.length] ?? '');
      }
    }
  }
  return Array.from({ length: GROUPS }, (_, at) =>
    picked.slice(at * GROUP, (at + 1) * GROUP).join(''),
  ).join('-');
}
