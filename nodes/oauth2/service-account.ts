/**
 * The signed statement with which a service account of Google asks for a token in the name of a mailbox (RFC 7523;
 * Google: "Using OAuth 2.0 for Server to Server Applications").
 */
import { createPrivateKey, randomUUID, sign, type KeyObject } from 'node:crypto';
import { t } from '../language/text';

export interface ServiceAccount {
  email: string;
  keyId: string | null;
  key: KeyObject;
}

/** Seconds: Google takes one hour at most, and nobody needs an assertion twice. */
const LIFE_S = 300;

/** For clocks that are a little ahead of that of the provider, s. */
const SKEW_S = 10;

/** Reads the JSON key file of a service account; a text says what is wrong, without any of its content. */
export function readServiceAccount(text: string): ServiceAccount | string {
  if (text.trim() === '') return t`the key file of the service account is missing`;
  let file: Record<string, unknown>;
  try {
    file = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return t`the text is not JSON`;
  }
  const { client_email: email, private_key: pem, private_key_id: keyId } = file ?? {};
  if (typeof email !== 'string' || typeof pem !== 'string') {
    return t`the text is not the key file of a service account: client_email or private_key is missing`;
  }
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== 'rsa') return t`the private key in it is not an RSA key`;
    return { email, keyId: typeof keyId === 'string' ? keyId : null, key };
  } catch {
    return t`the private key in it can not be read`;
  }
}

/** The statement for a mailbox, signed with RS256; `now` in ms. */
export function assertionFor(
  { email, keyId, key }: ServiceAccount,
  claims: { user: string; scope: string; audience: string },
  now: number,
): string {
  const seconds = Math.floor(now / 1000) - SKEW_S;
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId === null ? {} : { kid: keyId }) };
  const payload = {
    iss: email,
    sub: claims.user,
    scope: claims.scope,
    aud: claims.audience,
    iat: seconds,
    exp: seconds + LIFE_S,
    jti: randomUUID(),
  };
  const content = [header, payload].map((part) => base64url(JSON.stringify(part))).join('.');
  return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
}

const base64url = (text: string) => Buffer.from(text, 'utf8').toString('base64url');
