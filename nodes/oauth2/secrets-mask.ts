/** Hides secrets that come and go: tokens, codes, assertions. */

/** What a hidden secret looks like. */
const HIDDEN = '***';

/** The newest that are hidden; older tokens are worth nothing any more. */
const MOST = 40;

/** A shorter one would hide parts of ordinary words; no provider has such. */
const SHORTEST = 4;

/** Access tokens of Google and Microsoft, and JSON Web Tokens, whoever tells them. */
const LOOKS_SECRET =
  /\b(?:ya29\.|1\/\/0)[\w-]{10,}|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)*|\bBearer [\w.~+/-]{16,}=*/g;

export interface SecretsMask {
  add: (...secrets: string[]) => void;
  /** The text without the secrets: as they are, percent-encoded, in base64, and in the base64 of a login. */
  hide: (text: string) => string;
}

export function createSecretsMask(): SecretsMask {
  const known = new Set<string>();
  return {
    add(...secrets) {
      for (const secret of secrets) {
        if (secret.length < SHORTEST) continue;
        known.delete(secret);
        known.add(secret);
      }
      for (const oldest of known) {
        if (known.size <= MOST) break;
        known.delete(oldest);
      }
    },
    hide(text) {
      let hidden = text;
      for (const secret of known) {
        for (const form of formsOf(secret)) hidden = hidden.replaceAll(form, HIDDEN);
      }
      return hidden.replace(LOOKS_SECRET, HIDDEN);
    },
  };
}

/** In base64 a secret looks different at each offset from a multiple of three bytes; its last bytes mix with what follows. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const inBase64 = [0, 1, 2].map((offset) => {
    const start = (3 - offset) % 3;
    const whole = start + Math.floor((bytes.length - start) / 3) * 3;
    return bytes.subarray(start, whole).toString('base64');
  });
  const forms = [secret, encodeURIComponent(bytes.toString('utf8')), ...inBase64];
  return forms.filter((form) => form.length >= SHORTEST);
}
