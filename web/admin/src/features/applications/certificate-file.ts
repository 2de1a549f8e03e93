/** Reads a certificate from a file, in DER or PEM, for `keyCredentials`. */

/** Certificates have a kilobyte or two. */
const BYTES_MAX = 65_536;

/** Why a file isn't taken. A private key is nobody else's, so it doesn't leave the browser. */
export type Unusable = 'none' | 'private' | 'tooLong';

const base64 = (bytes: Uint8Array) =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

export async function certificateOf(file: File): Promise<{ key: string } | { unusable: Unusable }> {
  if (file.size > BYTES_MAX) return { unusable: 'tooLong' };
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = new TextDecoder('latin1').decode(bytes);
  if (text.includes('PRIVATE KEY-----')) return { unusable: 'private' };
  const pem = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(text);
  if (pem?.[1]) return { key: pem[1].replaceAll(/\s/g, '') };
  // DER begins with a sequence.
  return bytes[0] === 0x30 ? { key: base64(bytes) } : { unusable: 'none' };
}
