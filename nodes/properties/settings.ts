/**
 * From a properties text and credentials to everything that the transport needs to know, or to the reasons why not.
 */
import { t } from '../language/text';
import { type Login, readLogin } from './read/auth';
import { protectPassword, readEncryption, type Security } from './read/encryption';
import { type Dsn, readDefaultFrom, readDsn, readEnvelopeFrom } from './read/envelope';
import type { Environment } from './text/variables';
import { createFindings, type Finding, type Findings } from './findings';
import { recogniseForeign } from './text/pasted-styles';
import { isThisMachine, type LocalSide, readHost, readLocalSide } from './read/host';
import { type Entry, parseProperties } from './text/parse';
import { type PropertyReader, readProperties } from './reader';
import { type Proxy, readProxy } from './read/proxy';
import { readTimeouts, type Timeouts } from './read/timeouts';
import { readTls, type TlsMaterial, type TlsSettings } from './read/tls';

export type { Finding, TlsMaterial };

export interface SettingsInput {
  properties: string;
  /** Username and password are used as they are: `${NAME}` in them is replaced by the caller. */
  username: string;
  password: string;
  /** The login is made with an access token, and the password is not used. */
  oauth2?: boolean;
  env: Environment;
  /** Send the password without TLS to a host that is not this machine. */
  allowInsecureAuth: boolean;
  tlsNode: TlsMaterial | null;
}

export interface SmtpSettings extends LocalSide {
  /** Name or IP address, IPv6 without brackets. */
  host: string;
  port: number;
  security: Security;
  /** Null: no login. */
  auth: Login | null;
  /** Whether the user allowed a password in clear text; `security` has taken it into account. */
  allowInsecureAuth: boolean;
  /** Envelope sender of every mail: '' is the null sender, null the From of the mail. */
  envelopeFrom: string | null;
  /** From of the mails that name none. */
  defaultFrom: string | null;
  dsn: Dsn | null;
  timeouts: Timeouts;
  tls: TlsSettings;
  proxy: Proxy | null;
  /** Log the dialogue. */
  debug: boolean;
}

export interface SettingsResult {
  /** Null when there are errors. */
  settings: SmtpSettings | null;
  errors: Finding[];
  warnings: Finding[];
}

const HOST_KEYS = ['mail.smtp.host', 'mail.smtps.host', 'mail.host'];

/** Reads a configuration. Everything that is not honoured is answered with an error or a warning; never throws. */
export function readSettings(input: SettingsInput): SettingsResult {
  const findings = createFindings(input.username, input.password);
  const entries = parseProperties(input.properties, findings);
  const unreadable = entries.length === 0 && findings.errors.length > 0;
  const settings =
    unreadable || isForeign(input.properties, entries, findings)
      ? null
      : settingsOf(input, readProperties(entries, input.env, findings), findings);
  return {
    settings: findings.errors.length === 0 ? settings : null,
    errors: findings.errors.sort(byLine),
    warnings: findings.warnings.sort(byLine),
  };
}

/** As the text is read; what is about the whole comes last. */
function byLine(a: Finding, b: Finding): number {
  return (a.line ?? Number.MAX_SAFE_INTEGER) - (b.line ?? Number.MAX_SAFE_INTEGER);
}

/** A text in another style is one error with the lines to write: the rest would be dozens of unknown keys. */
function isForeign(text: string, entries: Entry[], findings: Findings): boolean {
  if (entries.length === 0 || entries.some(({ key }) => HOST_KEYS.includes(key))) return false;
  const foreign = recogniseForeign(text);
  if (foreign === null) return false;
  findings.warnings.length = 0;
  const { style } = foreign;
  const what = foreign.hadCredentials
    ? t`This is ${style}, not key=value. Username and password belong in their own fields. Write instead:`
    : t`This is ${style}, not key=value. Write instead:`;
  findings.errors.push({
    line: foreign.line,
    key: null,
    code: 'FOREIGN_STYLE',
    message: `${what}\n${findings.mask(foreign.properties.join('\n'))}`,
  });
  return true;
}

function settingsOf(input: SettingsInput, reader: PropertyReader, findings: Findings): SmtpSettings | null {
  const host = readHost(reader, findings);
  const proxy = readProxy(reader, findings);
  const auth = readLogin(input, reader, findings);
  const encryption = readEncryption(reader, findings);
  // Behind a proxy `localhost` is the proxy's machine.
  const thisMachine = host !== null && isThisMachine(host) && proxy === null;
  const permission = { thisMachine, allowInsecureAuth: input.allowInsecureAuth };
  const security =
    auth === null || host === null
      ? encryption.security
      : protectPassword(encryption, permission, reader, findings);
  const settings = {
    port: encryption.port,
    security,
    auth,
    allowInsecureAuth: input.allowInsecureAuth,
    envelopeFrom: readEnvelopeFrom(reader, findings),
    defaultFrom: readDefaultFrom(reader, findings),
    dsn: readDsn(reader, findings),
    timeouts: readTimeouts(reader, findings),
    tls: readTls({ host: host ?? '', security, material: input.tlsNode }, reader, findings),
    ...readLocalSide(reader, proxy !== null, findings),
    proxy,
    debug: readDebug(reader, findings),
  };
  checkEhlo(settings, reader, findings);
  warnDefaultPort(settings, reader, findings);
  return host === null ? null : { host, ...settings };
}

function readDebug(reader: PropertyReader, findings: Findings): boolean {
  const debug = reader.flag('mail.debug') ?? false;
  if (debug) {
    findings.warn(
      'DEBUG_ON',
      t`mail.debug=true: the SMTP dialogue is logged at debug level, secrets masked. Switch it off when you are done.`,
      reader.find('mail.debug'),
    );
  }
  return debug;
}

/** HELO knows neither STARTTLS nor AUTH (RFC 5321 section 2.2.1). */
function checkEhlo(
  { security, auth }: { security: Security; auth: Login | null },
  reader: PropertyReader,
  findings: Findings,
): void {
  const property = reader.find('ehlo');
  if (property === null || reader.flag('ehlo') !== false) return;
  if (security === 'none' && auth === null) {
    findings.warn(
      'EHLO_ALWAYS',
      t`${property.key}=false has no effect: EHLO is said first, HELO when the server refuses it. Remove it.`,
      property,
    );
    return;
  }
  findings.error(
    'PROPERTY_REFUSED',
    t`${property.key}=false cannot be honoured: TLS and a login need EHLO. Remove the line.`,
    property,
  );
}

function warnDefaultPort(
  { port, auth }: { port: number; auth: Login | null },
  reader: PropertyReader,
  findings: Findings,
): void {
  if (auth === null || port !== 25 || reader.find('port') !== null) return;
  findings.warn(
    'PORT_DEFAULT',
    t`${reader.key('port')} is not set: port 25 is used, as in JavaMail. For a login write ${reader.key('port')}=587,
      or what your provider names.`,
  );
}
