/** Replaces every form in which a secret can turn up in a text. */
export type Mask = (text: string) => string;

/** What a masked secret looks like. */
const MASKED = '***';

/** A secret shorter than this would mask ordinary words; it is masked only as a whole token. */
const SHORT = 4;

/**
 * Makes a mask for the credentials of a session: the password as it is, percent-encoded, and in the base64 forms
 * that AUTH LOGIN, AUTH PLAIN (RFC 4616), XOAUTH2 and the Basic login at a proxy (RFC 7617) put on the wire.
 */
export function createMask(username: string, password: string): Mask {
  if (password === '') return (text) => text;
  const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');
  const forms = [
    base64(`\0${username}\0${password}`),
    base64(`${username}\0${username}\0${password}`),
    base64(`user=${username}\x01auth=Bearer ${password}\x01\x01`),
    base64(`${username}:${password}`),
    base64(password),
    base64(password).replace(/=+$/, ''),
    encodeURIComponent(wholeCharacters(password)),
    password,
  ];
  // The longest first: a shorter form may be a part of it.
  const alternatives = [...new Set(forms)]
    .sort((a, b) => b.length - a.length)
    .map((form) => {
      const escaped = form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      return form.length < SHORT ? `(?<!\\w)${escaped}(?!\\w)` : escaped;
    });
  const pattern = new RegExp(alternatives.join('|'), 'g');
  return (text) => text.replace(pattern, MASKED);
}

/** Makes one mask that hides what each of several hides. */
export function joinMasks(...masks: Mask[]): Mask {
  return (text) => masks.reduce((masked, mask) => mask(masked), text);
}

/** Half of a surrogate pair has no UTF-8, and encodeURIComponent throws for it; the wire carries U+FFFD in its place. */
function wholeCharacters(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
