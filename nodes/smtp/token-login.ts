/**
 * The login with an access token: SASL XOAUTH2 (Google, "OAuth 2.0 Mechanism"; Microsoft, "Authenticate an IMAP, POP or SMTP
 * connection using OAuth") and OAUTHBEARER (RFC 7628).
 */
import type {
  SMTPConnectionCustomAuthContext,
  SMTPConnectionCustomAuthHandler,
  SMTPConnectionCustomAuthResponse,
} from 'nodemailer/lib/smtp-connection';
import { t } from '../language/text';

/** Where a login gets its token from (oauth2/token-source.ts). */
export interface LoginTokens {
  get(): Promise<string>;
  /** The server refused a token: gives another one, or null when there is none. */
  replace(refused: string): Promise<string | null>;
  accepted(token: string): void;
}

/** What the session knows of the server when it logs in; nodemailer tells of the mechanisms that it has itself only. */
export interface ServerOffers {
  /** The lines of EHLO without their codes. */
  ehlo: readonly string[];
}

export interface TokenLogin {
  /** As the connector names the server; OAUTHBEARER tells it. */
  host: string;
  port: number;
  tokens: LoginTokens;
}

type Send = (command: string) => Promise<SMTPConnectionCustomAuthResponse>;

interface Mechanism {
  response: (user: string, token: string, host: string, port: number) => string;
  /** With which the error challenge is answered. */
  afterChallenge: string;
}

const MECHANISMS: Readonly<Record<string, Mechanism>> = {
  XOAUTH2: {
    response: (user, token) => `user=${user}\x01auth=Bearer ${token}\x01\x01`,
    afterChallenge: '',
  },
  OAUTHBEARER: {
    response: (user, token, host, port) =>
      `n,a=${saslName(user)},\x01host=${host}\x01port=${port}\x01auth=Bearer ${token}\x01\x01`,
    // RFC 7628 section 3.2.3: a single %x01.
    afterChallenge: base64('\x01'),
  },
};

/**
 * A command line may have 512 octets with its end (RFC 5321 section 4.5.3.1.4); what follows a 334 may be longer (RFC 4954
 * section 4). A few are left for proxies that count otherwise.
 */
const LONGEST_COMMAND = 500;

/**
 * Makes a handler that logs in with the first of the two mechanisms in the server's list. When the token is refused it logs
 * in once more with another one, if there is one.
 */
export function tokenLogin({ host, port, tokens }: TokenLogin): SMTPConnectionCustomAuthHandler {
  return async (context: SMTPConnectionCustomAuthContext) => {
    const { credentials } = context.auth;
    const offered = mechanismsIn((credentials.options as ServerOffers | undefined)?.ehlo ?? []);
    const name = offered.find((one) => one in MECHANISMS);
    const mechanism = name === undefined ? undefined : MECHANISMS[name];
    if (name === undefined || !mechanism) {
      throw new Error(
        t`The server offers ${offered.join(' ') || '-'} for the login, and a token needs XOAUTH2 or OAUTHBEARER`,
      );
    }
    const attempt = (token: string) =>
      exchange((command) => context.sendCommand(command), name, mechanism, [
        credentials.user,
        token,
        host,
        port,
      ]);
    const token = await available(tokens.get());
    const first = await attempt(token);
    if (first.accepted) return tokens.accepted(token);
    // A server that is busy has not judged the token.
    if (!first.permanent) throw refusal(first);
    const other = await available(tokens.replace(token));
    if (other === null) throw refusal(first);
    const second = await attempt(other);
    if (!second.accepted) throw refusal(second);
    tokens.accepted(other);
  };
}

interface Outcome {
  accepted: boolean;
  /** The server said no, and not "later". */
  permanent: boolean;
  /** What the error challenge says. */
  challenge: string;
}

async function exchange(
  send: Send,
  name: string,
  { response, afterChallenge }: Mechanism,
  parts: Parameters<Mechanism['response']>,
): Promise<Outcome> {
  const encoded = base64(response(...parts));
  const command = `AUTH ${name} ${encoded}`;
  let reply: SMTPConnectionCustomAuthResponse;
  if (command.length + 2 <= LONGEST_COMMAND) reply = await send(command);
  else {
    reply = await send(`AUTH ${name}`);
    if (reply.status === 334) reply = await send(encoded);
  }
  let challenge = '';
  if (reply.status === 334) {
    challenge = readChallenge(reply.text);
    reply = await send(afterChallenge);
  }
  return { accepted: reply.status === 235, permanent: reply.status >= 500, challenge };
}

/** The token, or an error that keeps why there is none: nodemailer changes the code of what a handler throws. */
async function available<T>(token: Promise<T>): Promise<T> {
  try {
    return await token;
  } catch (cause) {
    throw new Error(t`There is no access token`, { cause });
  }
}

function refusal({ challenge }: Outcome): Error {
  return Object.assign(new Error(t`Invalid login`), challenge === '' ? {} : { challenge });
}

/** The mechanisms in the lines of EHLO, in the server's order; old servers write AUTH=LOGIN. */
export function mechanismsIn(ehlo: readonly string[]): string[] {
  const words = ehlo.flatMap((line) =>
    (/^AUTH[ =](.*)$/i.exec(line)?.[1] ?? '').toUpperCase().split(/[\s=]+/),
  );
  return [...new Set(words.filter((word) => word !== ''))];
}

/** Characters of a challenge that are kept. */
const MAX_CHALLENGE = 200;

/** The JSON of an error challenge as `status 400, scope https://mail.google.com/`; empty when it says nothing. */
function readChallenge(text: string): string {
  try {
    const fields: unknown = JSON.parse(Buffer.from(text.trim(), 'base64').toString('utf8'));
    return Object.entries(fields as object)
      .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')
      .slice(0, MAX_CHALLENGE);
  } catch {
    return '';
  }
}

/** RFC 5801 section 4: `=` and `,` are written as =3D and =2C. */
function saslName(user: string): string {
  return user.replace(/=/g, '=3D').replace(/,/g, '=2C');
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
