/**
 * Cipher suites have IANA names in Java and others in OpenSSL.
 */
import { getCiphers } from 'node:tls';

/** Key exchanges of TLS 1.2 (IANA, OpenSSL); RSA has no name of its own in OpenSSL. */
const EXCHANGES: readonly (readonly [string, string])[] = [
  ['ECDHE_ECDSA', 'ECDHE-ECDSA-'],
  ['ECDHE_RSA', 'ECDHE-RSA-'],
  ['DHE_RSA', 'DHE-RSA-'],
  ['RSA', ''],
];

const CIPHERS: readonly (readonly [string, string])[] = [
  ['AES_256_GCM_SHA384', 'AES256-GCM-SHA384'],
  ['AES_128_GCM_SHA256', 'AES128-GCM-SHA256'],
  ['CHACHA20_POLY1305_SHA256', 'CHACHA20-POLY1305'],
  ['AES_256_CBC_SHA384', 'AES256-SHA384'],
  ['AES_256_CBC_SHA256', 'AES256-SHA256'],
  ['AES_128_CBC_SHA256', 'AES128-SHA256'],
  ['AES_256_CBC_SHA', 'AES256-SHA'],
  ['AES_128_CBC_SHA', 'AES128-SHA'],
];

/** TLS 1.3 suites have one name (RFC 8446 appendix B.4). */
const TLS13 = /^TLS_(?:AES|CHACHA20)_/;

/** Says that the client knows secure renegotiation; OpenSSL always does, so there is nothing to enable. */
const RENEGOTIATION_SIGNAL = 'TLS_EMPTY_RENEGOTIATION_INFO_SCSV';

const available = new Set(getCiphers());
const names = new Map(
  EXCHANGES.flatMap(([exchange, prefix]) =>
    CIPHERS.map(([cipher, name]): [string, string] => [`TLS_${exchange}_WITH_${cipher}`, prefix + name]),
  ),
);

export interface CipherSuites {
  /** OpenSSL names of the suites for TLS 1.2. */
  tls12: string[];
  tls13: string[];
  /** Names that are unknown, or not built into this Node.js. */
  unknown: string[];
}

/** Sorts Java's names of cipher suites into what OpenSSL here knows under its own names. */
export function toOpenSsl(suites: string[]): CipherSuites {
  const sorted: CipherSuites = { tls12: [], tls13: [], unknown: [] };
  for (const suite of suites) {
    if (suite === RENEGOTIATION_SIGNAL) continue;
    const name = TLS13.test(suite) ? suite : names.get(suite);
    if (name === undefined || !available.has(name.toLowerCase())) sorted.unknown.push(suite);
    else if (TLS13.test(suite)) sorted.tls13.push(suite);
    else sorted.tls12.push(name);
  }
  return sorted;
}
