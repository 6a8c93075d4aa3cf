/** How a connector logs in when that is not by a password. */
import { explanation } from '../language/explanation';
import { classifyFailure } from '../failures/classify';
import type { AccountTokens } from '../oauth2/account-tokens';
import type { Network } from '../oauth2/http';
import { createSecretsMask } from '../oauth2/secrets-mask';
import { notSignedIn, readOAuth, type OAuthFields, type OAuthSettings } from '../oauth2/settings';
import type { SmtpSettings } from '../properties/settings';
import { openSocket } from '../smtp/sockets';
import { MailError } from '../types';
import { fingerprintOf } from './tokens';

export interface TokenAccount {
  settings: OAuthSettings;
  network: Network;
  fingerprint: string;
}

/**
 * What the fields say of the account, with the way to its endpoints; or all that is wrong, as one error. That nobody signed in
 * is wrong unless `signedIn` is false.
 */
export function readTokenAccount(
  fields: OAuthFields,
  smtp: SmtpSettings,
  signedIn = true,
): TokenAccount | { error: MailError } {
  const { settings, errors } = readOAuth(fields, smtp.auth?.user ?? '');
  const unsigned = signedIn ? notSignedIn(settings) : null;
  const all = [...errors, ...(unsigned ? [unsigned] : [])];
  const [first] = all;
  if (first) {
    const message = all.map((error) => error.message).join('; ');
    return { error: new MailError('CONFIG', message, first.hint === undefined ? {} : { hint: first.hint }) };
  }
  const { ca } = smtp.tls.material;
  const { proxy, timeouts } = smtp;
  const network: Network = {
    ...(proxy === null
      ? {}
      : {
          connect: (host, port) =>
            openSocket(
              { host, port, proxy, localAddress: null, localPort: null },
              { timeout: timeouts.connection },
            ),
        }),
    ...(ca === undefined ? {} : { ca: [ca].flat() }),
  };
  return {
    settings,
    network,
    fingerprint: fingerprintOf(settings, fields.serviceAccountKey, [smtp.proxy, String(ca)]),
  };
}

/** Hides what the credentials of an account without a password hold. */
export function maskOfCredentials({ clientSecret, refreshToken, serviceAccountKey }: OAuthFields) {
  const mask = createSecretsMask();
  mask.add(clientSecret, refreshToken, serviceAccountKey);
  return mask.hide;
}

/** Why there is no token, and what to do about it; an error that says so itself stays as it is. */
export function tokenFailure(error: unknown): MailError {
  if (error instanceof MailError) return error;
  const facts = { dotHandedOver: false, reused: false, aborted: false, once: true as const, token: true };
  return classifyFailure(error, facts).error;
}

/** A refresh token that is not used ends: after 90 days at Microsoft, six months at Google. ms. */
const IDLE = 24 * 3_600_000;
const LOOK = 3_600_000;

/**
 * Renews the token of an account that sends nothing once a day, so that it can send when it has to, and so that the end of a
 * sign-in is told before. Gives a function that ends it.
 */
export function keepAlive(tokens: AccountTokens, warn: (text: string) => void): () => void {
  const look = () => tokens.keepAlive(IDLE).catch((error: unknown) => warn(explanation(tokenFailure(error))));
  const timer = setInterval(() => void look(), LOOK).unref();
  return () => clearInterval(timer);
}
