/**
 * Settings in nodemailer's words.
 */
import type { SMTPEnvelopeDsn } from 'nodemailer/lib/smtp-connection';
import { inOrderOf } from './login';
import type { SessionOptions } from './session';
import { openSocket } from './sockets';
import type { SmtpSettings } from '../properties/settings';

/** Name under which nodemailer runs our choice of the mechanism; it appears in its errors as `AUTH SELECTED`. */
const SELECTED = 'SELECTED';

/** By so much the timer of the greeting is ahead of that of the socket, ms: more than lies between their starts. */
const LEAD = 20;

/** Characters of a reply; longer ones are no SMTP (RFC 5321 section 4.5.3.1.5: 512 octets a line). */
const LONGEST_REPLY = 65_536;

/** What `mailOptions` adds to every mail. */
export interface MailOptions {
  dsn?: SMTPEnvelopeDsn;
}

/** How to connect and log in. */
export function nodemailerOptions(settings: SmtpSettings): SessionOptions {
  const { host, port, security, auth, timeouts } = settings;
  return {
    host,
    // Both are always said: nodemailer guesses either from the other, and 465 without `secure` would be TLS.
    port,
    secure: security === 'implicit',
    requireTLS: security === 'required',
    ignoreTLS: security === 'none',
    connectionTimeout: timeouts.connection,
    // Before the socket's own, which starts at the same moment: only this one tells that no greeting came, the sign of
    // clear text on a port for TLS.
    greetingTimeout: Math.max(Math.min(timeouts.greeting, timeouts.socket - LEAD), 1),
    socketTimeout: timeouts.socket,
    maxResponseSize: LONGEST_REPLY,
    tls: tlsOptions(settings),
    ...(settings.ehloName === null ? {} : { name: settings.ehloName }),
    ...(auth === null ? {} : loginOptions(auth)),
    openSocket: (signal) => openSocket(settings, { timeout: timeouts.connection, signal }),
  };
}

/** The options that every mail gets. */
export function mailOptions({ dsn }: SmtpSettings): MailOptions {
  if (dsn === null) return {};
  return {
    dsn: {
      ...(dsn.notify === null ? {} : { notify: dsn.notify }),
      ...(dsn.ret === null ? {} : { return: dsn.ret }),
    },
  };
}

function tlsOptions({ tls }: SmtpSettings): NonNullable<SessionOptions['tls']> {
  return {
    ...tls.material,
    rejectUnauthorized: tls.rejectUnauthorized,
    ...(tls.checkServerIdentity ? {} : { checkServerIdentity: () => undefined }),
    ...(tls.minVersion === null ? {} : { minVersion: tls.minVersion }),
    ...(tls.maxVersion === null ? {} : { maxVersion: tls.maxVersion }),
    ...(tls.ciphers === null ? {} : { ciphers: tls.ciphers }),
  };
}

function loginOptions({
  user,
  pass,
  mechanisms,
}: NonNullable<SmtpSettings['auth']>): Partial<SessionOptions> {
  return { auth: { user, pass, method: SELECTED }, customAuth: { [SELECTED]: inOrderOf(mechanisms) } };
}
