/**
 * Which TLS versions and cipher suites are used, and whose certificate is believed.
 */
import { t } from '../../language/text';
import type { Security } from './encryption';
import type { Findings } from '../findings';
import { toOpenSsl } from './cipher-names';
import { type Property, type PropertyReader, reason } from '../reader';

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** What a `tls-config` node gives. */
export interface TlsMaterial {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  passphrase?: string;
  pfx?: string | Buffer;
  servername?: string;
  rejectUnauthorized?: boolean;
}

export interface TlsSettings {
  /** False: any certificate is taken, and its name is not looked at. */
  rejectUnauthorized: boolean;
  /** False: the certificate may be for another host. */
  checkServerIdentity: boolean;
  /** Null: Node's own limits, TLS 1.2 and TLS 1.3. */
  minVersion: TlsVersion | null;
  maxVersion: TlsVersion | null;
  /** An OpenSSL list; null: Node's own. */
  ciphers: string | null;
  material: Omit<TlsMaterial, 'rejectUnauthorized'>;
}

type Versions = Pick<TlsSettings, 'minVersion' | 'maxVersion' | 'ciphers'>;

/** Names that JavaMail hands to Java; only the newer two still work with the OpenSSL of Node.js and in Java. */
const VERSIONS: readonly string[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
const WORKING: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3'];

/** Reads the ssl.* keys and joins them with a `tls-config` node; what both say in different words is an error. */
export function readTls(
  context: { host: string; security: Security; material: TlsMaterial | null },
  reader: PropertyReader,
  findings: Findings,
): TlsSettings {
  const { rejectUnauthorized, ...material } = context.material ?? {};
  const trusted = readTrust(context, reader, findings);
  const checkServerIdentity = reader.flag('ssl.checkserveridentity');
  const settings: TlsSettings = {
    rejectUnauthorized: !trusted && rejectUnauthorized !== false,
    checkServerIdentity: checkServerIdentity ?? true,
    ...readVersions(reader, findings),
    material,
  };
  reportConflicts(settings, context.material, reader, findings);
  if (context.security === 'none') {
    if (context.material !== null) {
      findings.warn('TLS_UNUSED', t`The TLS configuration has no effect: neither TLS nor STARTTLS is on.`);
    }
  } else {
    warnUnchecked(settings, reader, findings);
  }
  return settings;
}

/** JavaMail's ssl.trust switches the check of the certificate off for the hosts it lists, and refuses all others. */
function readTrust(
  { host, security }: { host: string; security: Security },
  reader: PropertyReader,
  findings: Findings,
): boolean {
  const property = reader.find('ssl.trust');
  if (property === null || !property.valid || security === 'none' || host === '') return false;
  if (property.value === '*' || words(property).includes(host)) return true;
  findings.error(
    'TRUST_INVALID',
    t`${property.key} is ${findings.show(property.written)}, without the host ${findings.show(host)} in exactly this
      spelling, so every certificate would be refused. Remove it to accept only valid certificates, or choose a TLS
      configuration with the CA of the server.`,
    property,
  );
  return false;
}

/** The TLS library checks name and chain together: without the one there is no other. */
function reportConflicts(
  settings: TlsSettings,
  material: TlsMaterial | null,
  reader: PropertyReader,
  findings: Findings,
): void {
  const trust = reader.find('ssl.trust');
  const identity = reader.find('ssl.checkserveridentity');
  const checked = reader.flag('ssl.checkserveridentity');
  const decided = material !== null && (hasContent(material.ca) || material.rejectUnauthorized !== undefined);
  if (trust !== null && decided) {
    findings.error(
      'TLS_CONFLICT',
      t`${trust.key} and the TLS configuration both say which certificates are accepted. Remove ${trust.key}.`,
      trust,
    );
  } else if (checked === true && identity !== null && !settings.rejectUnauthorized) {
    findings.error(
      'TLS_CONFLICT',
      t`${identity.key}=true cannot be kept while the certificate is not checked
        (${trust === null ? t`TLS configuration` : trust.key}): name and certificate are checked together.
        Choose a TLS configuration with the CA of the server, which keeps both checks.`,
      identity,
    );
  }
  if (checked === false && identity !== null && hasContent(material?.servername)) {
    findings.error(
      'TLS_CONFLICT',
      t`${identity.key}=false switches the check of the name off, and the TLS configuration gives a server name to check.
        Remove one of the two.`,
      identity,
    );
  }
}

function warnUnchecked(settings: TlsSettings, reader: PropertyReader, findings: Findings): void {
  if (!settings.rejectUnauthorized) {
    findings.warn(
      'CERTIFICATE_NOT_CHECKED',
      t`The certificate of the server is not checked: anybody between can read the mails and the password.
        Choose a TLS configuration with the CA of the server instead.`,
      reader.find('ssl.trust'),
    );
  } else if (!settings.checkServerIdentity) {
    findings.warn(
      'NAME_NOT_CHECKED',
      t`The certificate may be for any host: the owner of another valid certificate can read the mails and the password.
        Remove ${reader.key('ssl.checkserveridentity')}=false.`,
      reader.find('ssl.checkserveridentity'),
    );
  }
}

function readVersions(reader: PropertyReader, findings: Findings): Versions {
  const allowed = readProtocols(reader, findings);
  const suites = readCiphers(reader, findings);
  const minVersion = allowed?.[0] ?? null;
  const maxVersion = allowed?.at(-1) ?? null;
  if (suites === null) return { minVersion, maxVersion, ciphers: null };
  const possible = WORKING.filter(
    (version) => (allowed ?? WORKING).includes(version) && suites[version].length > 0,
  );
  const ciphers = possible.flatMap((version) => suites[version]).join(':');
  if (possible.length === 0) {
    findings.error(
      'CIPHERS_INVALID',
      t`${reader.key('ssl.ciphersuites')} has no suite for the versions in ${reader.key('ssl.protocols')}.
        Remove one of the two.`,
      reader.find('ssl.ciphersuites'),
    );
  }
  // Without the limit Node adds its own suites for the version that the list does not speak of.
  return { minVersion: possible[0] ?? null, maxVersion: possible.at(-1) ?? null, ciphers };
}

function readProtocols(reader: PropertyReader, findings: Findings): TlsVersion[] | null {
  const property = reader.find('ssl.protocols');
  if (property === null || !property.valid) return null;
  const chosen = words(property);
  const allowed = WORKING.filter((version) => chosen.includes(version));
  const unknown = chosen.filter((word) => !VERSIONS.includes(word));
  if (unknown.length > 0 || allowed.length === 0) {
    const why = reason(unknown[0] ?? '');
    const what =
      unknown.length > 0
        ? t`${findings.show(unknown[0] ?? '')} is no version of TLS${why}`
        : t`versions below TLSv1.2 do not work with this Node.js`;
    findings.error(
      'PROTOCOLS_INVALID',
      t`${property.key} is ${findings.show(property.written)}: ${chosen.length === 0 ? t`it is empty` : what}.
        Write ${property.key}=TLSv1.2 TLSv1.3, with a space between them.`,
      property,
    );
    return null;
  }
  if (chosen.some((word) => word === 'TLSv1' || word === 'TLSv1.1')) {
    findings.warn(
      'PROTOCOLS_OLD',
      allowed.length > 1
        ? t`${property.key}: TLSv1 and TLSv1.1 are left out, because they are broken. TLSv1.2 and TLSv1.3 is used.`
        : t`${property.key}: TLSv1 and TLSv1.1 are left out, because they are broken. ${allowed[0] ?? ''} is used.`,
      property,
    );
  }
  return allowed;
}

function readCiphers(reader: PropertyReader, findings: Findings): Record<TlsVersion, string[]> | null {
  const property = reader.text('ssl.ciphersuites');
  if (property === null) return null;
  const { tls12, tls13, unknown } = toOpenSsl(words(property));
  if (unknown.length > 0 || tls12.length + tls13.length === 0) {
    const why = reason(unknown[0] ?? '');
    findings.error(
      'CIPHERS_INVALID',
      t`${property.key}: ${findings.show(unknown[0] ?? property.written)} is no cipher suite that this Node.js knows${why}. Write Java's (IANA) names with spaces between them, for example
        TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, or remove the property.`,
      property,
    );
    return null;
  }
  return { 'TLSv1.2': tls12, 'TLSv1.3': tls13 };
}

function words(property: Property): string[] {
  return property.value.split(/\s+/).filter((word) => word !== '');
}

function hasContent(value: string | Buffer | undefined): boolean {
  return value !== undefined && value.length > 0;
}
