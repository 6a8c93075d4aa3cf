/** What the certificate of the mail server says, and whether it holds. */
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { N_, t, translate } from '../language/text';
import type { SmtpSettings } from '../properties/settings';

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

/** The failure, in the shape of nodemailer's, that a certificate is which the settings do not accept; else null. */
export function certificateError(socket: TLSSocket, { host, tls }: SmtpSettings): Error | null {
  if (socket.authorized || !tls.rejectUnauthorized) return null;
  const reason = reasonOf(socket);
  const names = namesOf(socket.getPeerCertificate());
  const message =
    reason === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? t`it is for ${names}, and not for ${host}`
      : t`the one for ${names} is ${wordsFor(reason)}`;
  return Object.assign(new Error(message), { code: 'ESOCKET', originalCode: reason, command: 'CONN' });
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
