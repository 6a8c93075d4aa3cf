/**
 * The login with an order of mechanisms. nodemailer has an order of its own, tries a mechanism even when it is not
 * offered, and hides the server's answer to an expired access token.
 */
import { createHmac } from 'node:crypto';
import type {
  SMTPConnectionCustomAuthContext,
  SMTPConnectionCustomAuthHandler,
  SMTPConnectionCustomAuthResponse,
} from 'nodemailer/lib/smtp-connection';
import { t } from '../language/text';
import type { Mechanism } from '../properties/read/auth';

/** Tried in this order when the properties name none: the first that every server with a login has, the last that few do. */
const USUAL: readonly Mechanism[] = ['PLAIN', 'LOGIN', 'CRAM-MD5'];

type Send = (command: string) => Promise<SMTPConnectionCustomAuthResponse>;
interface Credentials {
  user: string;
  pass: string;
}

/**
 * Makes a handler that logs in with the first of the mechanisms that the server offers; null stands for PLAIN, LOGIN,
 * CRAM-MD5. As in JavaMail, nothing is sent when it offers none of them.
 */
export function inOrderOf(mechanisms: readonly Mechanism[] | null): SMTPConnectionCustomAuthHandler {
  const allowed = mechanisms ?? USUAL;
  return async (context: SMTPConnectionCustomAuthContext) => {
    const { auth, authMethods } = context;
    const send: Send = (command) => context.sendCommand(command);
    const chosen = allowed.find((mechanism) => authMethods.includes(mechanism));
    if (chosen === undefined) {
      throw new Error(
        authMethods.length === 0
          ? t`The server offers none that is known for the login, and only ${allowed.join(' ')} may be used`
          : t`The server offers ${authMethods.join(' ')} for the login, and only ${allowed.join(' ')} may be used`,
      );
    }
    const reply = await EXCHANGES[chosen](send, auth.credentials);
    if (reply.status !== 235) throw new Error(t`Invalid login`);
  };
}

const EXCHANGES: Record<
  Mechanism,
  (send: Send, credentials: Credentials) => Promise<SMTPConnectionCustomAuthResponse>
> = {
  // RFC 4616; without an authorization identity, which some servers refuse.
  PLAIN: (send, { user, pass }) => send(`AUTH PLAIN ${base64(`\0${user}\0${pass}`)}`),

  LOGIN: async (send, { user, pass }) => {
    for (const command of ['AUTH LOGIN', base64(user)]) {
      const reply = await send(command);
      if (reply.status !== 334) return reply;
    }
    return send(base64(pass));
  },

  // RFC 2195
  'CRAM-MD5': async (send, { user, pass }) => {
    const challenge = await send('AUTH CRAM-MD5');
    if (challenge.status !== 334) return challenge;
    const digest = createHmac('md5', pass).update(Buffer.from(challenge.text.trim(), 'base64')).digest('hex');
    return send(base64(`${user} ${digest}`));
  },

  // A refused token is answered with 334 and details; the error itself follows an empty line.
  XOAUTH2: async (send, { user, pass }) => {
    const reply = await send(`AUTH XOAUTH2 ${base64(`user=${user}\x01auth=Bearer ${pass}\x01\x01`)}`);
    return reply.status === 334 ? send('') : reply;
  },
};

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
