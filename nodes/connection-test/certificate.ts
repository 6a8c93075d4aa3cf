/** TLS with the mail server, and what its certificate says. */
import { isIP, type Socket } from 'node:net';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { N_, t, translate } from '../language/text';
import { nodemailerOptions } from '../smtp/options';
import type { SmtpSettings } from '../properties/settings';
import { failure } from './dialogue';

/** Why a certificate is not trusted (Node.js tls documentation, X509 certificate error codes). */
const REASONS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: N_('self-signed'),
  SELF_SIGNED_CERT_IN_CHAIN: N_('from an authority that is not known here'),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: N_('from an authority that is not known here'),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: N_(
    'from an authority that is not known here, or the server sends half a chain',
  ),
  CERT_HAS_EXPIRED: N_('expired'),
  CERT_NOT_YET_VALID: N_('not yet valid'),
  ERR_TLS_CERT_ALTNAME_INVALID: N_('for another host'),
};

/** Names in a certificate that are shown. */
const MOST_NAMES = 5;

/**
 * Encrypts a connected socket as the transport would. The certificate is judged after the handshake and before anything
 * is sent, so that a refused one can be described too.
 */
export async function encrypt(socket: Socket, settings: SmtpSettings, ms: number): Promise<TLSSocket> {
  const { host } = settings;
  let secured: TLSSocket;
  try {
    secured = connect({
      socket,
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...nodemailerOptions(settings).tls,
      rejectUnauthorized: false,
    });
  } catch (error) {
    throw failure((error as Error).message, { code: 'ETLS', command: 'CONN' });
  }
  secured.on('error', () => undefined);
  await within(ms, 'UPGRADE_TIMEOUT', handshake(secured));
  return secured;
}

/** Describes version, cipher and certificate of an encrypted connection in one line. */
export function describeTls(socket: TLSSocket, { tls }: SmtpSettings): string {
  const certificate = socket.getPeerCertificate();
  return [
    `${socket.getProtocol() ?? 'TLS'}, ${socket.getCipher()?.name ?? t`no cipher`}`,
    t`certificate for ${namesOf(certificate)}`,
    t`issued by ${nameOf(certificate.issuer)}`,
    t`valid from ${dayOf(certificate.valid_from)} to ${dayOf(certificate.valid_to)}`,
    verdictOn(socket, tls),
  ].join('; ');
}

function verdictOn(socket: TLSSocket, tls: SmtpSettings['tls']): string {
  if (socket.authorized) return tls.checkServerIdentity ? t`trusted` : t`trusted, its name not checked`;
  const reason = wordsFor(reasonOf(socket));
  return tls.rejectUnauthorized
    ? t`not trusted (${reason})`
    : t`not checked, else it would not be trusted (${reason})`;
}

/** The failure that a certificate is which the settings do not accept; null when they do. */
export function certificateError(socket: TLSSocket, { host, tls }: SmtpSettings): Error | null {
  if (socket.authorized || !tls.rejectUnauthorized) return null;
  const reason = reasonOf(socket);
  const names = namesOf(socket.getPeerCertificate());
  const message =
    reason === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? t`it is for ${names}, and not for ${host}`
      : t`the one for ${names} is ${wordsFor(reason)}`;
  return failure(message, { code: 'ESOCKET', originalCode: reason, command: 'CONN' });
}

function handshake(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', ({ message, code }: NodeJS.ErrnoException) =>
      reject(failure(message, { code: 'ESOCKET', originalCode: code, command: 'CONN' })),
    );
    socket.once('close', () =>
      reject(failure('Connection closed unexpectedly', { code: 'ETLS', command: 'CONN' })),
    );
  });
}

/** Node gives the code as a text, whatever its types say. */
function reasonOf({ authorizationError }: TLSSocket): string {
  return String(authorizationError);
}

function wordsFor(reason: string): string {
  const words = REASONS[reason];
  return words === undefined ? reason : `${translate(words)}, ${reason}`;
}

function namesOf({ subjectaltname, subject }: PeerCertificate): string {
  const names = (subjectaltname ?? '').split(', ').flatMap((entry) => entry.replace(/^[^:]*:/, '') || []);
  if (names.length === 0) return nameOf(subject);
  const more = names.length - MOST_NAMES;
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return more > 0 ? t`${shown} and ${more} more` : shown;
}

function nameOf(subject: PeerCertificate['subject'] | undefined): string {
  const names = [subject?.CN, subject?.O].flatMap((name: string | string[] | undefined) => name ?? []);
  return names.join(', ') || t`nobody`;
}

function dayOf(date: string | undefined): string {
  const time = Date.parse(date ?? '');
  return Number.isNaN(time) ? t`unknown` : new Date(time).toISOString().slice(0, 10);
}

/** The outcome of a promise, or the failure of the transport for a timeout of this type. */
async function within<T>(ms: number, timeoutType: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fields = { code: 'ETIMEDOUT', timeoutType, command: 'CONN' };
    timer = setTimeout(() => reject(failure(t`No answer within ${ms} ms`, fields)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
