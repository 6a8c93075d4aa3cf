/**
 * How the connection is encrypted, and the port that goes with it.
 */
import { t } from '../../language/text';
import type { Findings } from '../findings';
import { readPort } from './host';
import type { PropertyReader } from '../reader';

/**
 * - `implicit`: TLS from the first byte
 * - `required`: STARTTLS or no mail
 * - `opportunistic`: STARTTLS when the server offers it
 * - `none`: clear text
 */
export type Security = 'implicit' | 'required' | 'opportunistic' | 'none';

export interface Encryption {
  security: Security;
  port: number;
}

type Factory = 'ssl' | 'plain' | null;

const SSL_FACTORY = 'javax.net.ssl.SSLSocketFactory';
const PLAIN_FACTORY = 'javax.net.SocketFactory';

const ENCRYPTION_KEYS = ['ssl.enable', 'starttls.enable', 'starttls.required'];

/** Ports by their registered use: RFC 8314 section 7.3, RFC 6409, RFC 5321. */
const SUBMISSIONS = 465;
const SUBMISSION = 587;
const SMTP = 25;

/** Reads what the properties want. Whether a password may travel that way is settled by `protectPassword`. */
export function readEncryption(reader: PropertyReader, findings: Findings): Encryption {
  const port = readPort('port', reader, findings);
  const factory = readFactory(reader, findings);
  const factoryPort = factory === null ? null : readPort('socketFactory.port', reader, findings);
  warnFactoryPortUnused(reader, findings);
  const sslFactoryPort = readPort('ssl.socketFactory.port', reader, findings);
  const enabled = readSslEnable(reader, findings);
  const starttls = readStartTls(reader);

  if (enabled) {
    warnStartTlsUnused(reader, findings);
    return usual(
      { security: 'implicit', port: sslFactoryPort ?? factoryPort ?? port ?? SUBMISSIONS },
      reader,
      findings,
    );
  }
  if (factory === 'ssl') {
    return usual(factoryIdiom({ port, factoryPort, starttls }, reader, findings), reader, findings);
  }
  return usual({ security: starttls, port: factoryPort ?? port ?? SMTP }, reader, findings);
}

function readSslEnable(reader: PropertyReader, findings: Findings): boolean {
  const enable = reader.flag('ssl.enable');
  if (reader.protocol === 'smtp') return enable ?? false;
  if (enable === false) {
    findings.warn(
      'SSL_ALWAYS',
      t`${reader.key('ssl.enable')}=false has no effect: the protocol smtps is implicit TLS.
        Remove it, or use mail.transport.protocol=smtp with mail.smtp.* keys.`,
      reader.find('ssl.enable'),
    );
  }
  return true;
}

function readStartTls(reader: PropertyReader): Security {
  if (reader.flag('starttls.required') === true) return 'required';
  return reader.flag('starttls.enable') === true ? 'opportunistic' : 'none';
}

function readFactory(reader: PropertyReader, findings: Findings): Factory {
  const property = reader.text('socketFactory.class');
  if (property === null) return null;
  if (property.value === SSL_FACTORY) return 'ssl';
  if (property.value === PLAIN_FACTORY) return 'plain';
  findings.error(
    'FACTORY_INVALID',
    t`${property.key} is ${findings.show(property.written)}, a Java class that cannot be used.
      (JavaMail goes on in clear text when it does not find it.) For implicit TLS write ${reader.key('ssl.enable')}=true.`,
    property,
  );
  return null;
}

/** JavaMail reads socketFactory.port only beside a factory. */
function warnFactoryPortUnused(reader: PropertyReader, findings: Findings): void {
  const property = reader.find('socketFactory.port');
  if (property === null || reader.find('socketFactory.class') !== null) return;
  findings.warn(
    'FACTORY_PORT_UNUSED',
    t`${property.key} has no effect without ${reader.key('socketFactory.class')}.
      Write ${reader.key('port')} instead, with ${reader.key('ssl.enable')}=true for implicit TLS.`,
    property,
  );
}

/**
 * `socketFactory.class=javax.net.ssl.SSLSocketFactory` is the old way to say implicit TLS. Together with STARTTLS on a
 * port that is not for implicit TLS, JavaMail fails to connect with TLS, falls back to clear text and then upgrades:
 * that is STARTTLS, and here nothing else is accepted.
 */
function factoryIdiom(
  ports: { port: number | null; factoryPort: number | null; starttls: Security },
  reader: PropertyReader,
  findings: Findings,
): Encryption {
  const place = reader.find('socketFactory.class');
  const port = ports.factoryPort ?? ports.port;
  if (port === null) {
    findings.error(
      'PORT_MISSING',
      t`${reader.key('socketFactory.class')} means implicit TLS, and no port is set (JavaMail would use 25).
        Write ${reader.key('port')}=465.`,
      place,
    );
    return { security: 'implicit', port: SUBMISSIONS };
  }
  const fallsBack = reader.flag('socketFactory.fallback') !== false;
  if (ports.starttls !== 'none' && ports.factoryPort === null && fallsBack && port !== SUBMISSIONS) {
    findings.warn(
      'FACTORY_IDIOM',
      t`${reader.key('socketFactory.class')} beside STARTTLS on port ${port} is taken as
        ${reader.key('starttls.required')}=true. (JavaMail gets there by falling back to clear text first.)`,
      place,
    );
    return { security: 'required', port };
  }
  findings.warn(
    'FACTORY_IDIOM',
    t`${reader.key('socketFactory.class')} is taken as ${reader.key('ssl.enable')}=true, without JavaMail's fallback
      to clear text.`,
    place,
  );
  warnStartTlsUnused(reader, findings);
  return { security: 'implicit', port };
}

function warnStartTlsUnused(reader: PropertyReader, findings: Findings): void {
  const name = ['starttls.required', 'starttls.enable'].find((candidate) => reader.flag(candidate) === true);
  if (name === undefined) return;
  findings.warn(
    'STARTTLS_UNUSED',
    t`${reader.key(name)} has no effect: the connection is encrypted from the first byte. Remove it.`,
    reader.find(name),
  );
}

/** Warns of a port that is registered for the other kind of encryption. */
function usual(encryption: Encryption, reader: PropertyReader, findings: Findings): Encryption {
  const { security, port } = encryption;
  const place = reader.find('port');
  if (port === SUBMISSIONS && security !== 'implicit') {
    findings.warn(
      'PORT_UNUSUAL',
      t`Port 465 is for implicit TLS, and the server will wait for it. Write ${reader.key('ssl.enable')}=true,
        or ${reader.key('port')}=587 with ${reader.key('starttls.enable')}=true.`,
      place,
    );
  }
  if ((port === SUBMISSION || port === SMTP) && security === 'implicit') {
    findings.warn(
      'PORT_UNUSUAL',
      t`Port ${port} is for STARTTLS, and implicit TLS will fail on an ordinary server. Write ${reader.key('port')}=465,
        or ${reader.key('starttls.enable')}=true instead of implicit TLS.`,
      place,
    );
  }
  return encryption;
}

/**
 * Decides whether credentials may travel over an encryption: STARTTLS that is merely wanted becomes required, and clear
 * text is an error, unless the server is this machine or the user allows it.
 */
export function protectPassword(
  encryption: Encryption,
  permission: { thisMachine: boolean; allowInsecureAuth: boolean },
  reader: PropertyReader,
  findings: Findings,
): Security {
  const { security } = encryption;
  if (security === 'implicit' || security === 'required' || permission.thisMachine) return security;
  if (permission.allowInsecureAuth) {
    findings.warn(
      'INSECURE_AUTH_ALLOWED',
      security === 'none'
        ? t`The password is sent in clear text, because that is allowed and TLS is off.`
        : t`The password is sent in clear text when the server does not offer STARTTLS, because that is allowed.`,
    );
    return security;
  }
  if (security === 'opportunistic') return 'required';
  // A value that could not be read may have been the encryption: its own error is enough.
  if (ENCRYPTION_KEYS.some((name) => reader.find(name)?.valid === false)) return security;
  findings.error(
    'INSECURE_AUTH',
    t`The password would be sent in clear text: neither TLS nor STARTTLS is on.
      Write ${reader.key('starttls.enable')}=true (usually port 587) or ${reader.key('ssl.enable')}=true (usually port 465),
      or allow a password without TLS in the connector.`,
    reader.find('auth') ?? reader.find('host'),
  );
  return security;
}
