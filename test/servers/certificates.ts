/** The certificates of the test servers; certs/generate.sh made them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface KeyPair {
  cert: string;
  key: string;
}

/** Path of a PEM file of the tests, for nodes and settings that want a path. */
export function certificatePath(file: string): string {
  return path.join(__dirname, 'certs', file);
}

function pem(file: string): string {
  return readFileSync(certificatePath(file), 'utf8');
}

function pair(name: string): KeyPair {
  return { cert: pem(`${name}.pem`), key: pem(`${name}-key.pem`) };
}

/** The authority that signed all but the self-signed certificate. */
export const testAuthority = pem('ca.pem');
/** For localhost, 127.0.0.1 and ::1. */
export const goodCertificate = pair('good');
/** For localhost, 127.0.0.1 and ::1, but signed by nobody. */
export const selfSignedCertificate = pair('self-signed');
/** Signed by the authority, but for mail.example.com only. */
export const wrongNameCertificate = pair('wrong-name');
/** With which a client shows who it is. */
export const clientCertificate = pair('client');
