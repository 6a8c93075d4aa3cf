/**
 * How long to wait for the server. JavaMail waits for ever by default; here nothing does.
 */
import { t } from '../../language/text';
import type { Findings } from '../findings';
import type { PropertyReader } from '../reader';

/** All in ms. */
export interface Timeouts {
  /** From the look-up of the name until the server has greeted. */
  connection: number;
  /** From the connection until the greeting, and for the TLS handshake of STARTTLS. */
  greeting: number;
  /** Without a byte in either direction. */
  socket: number;
}

/** Postfix's smtp_connect_timeout: a host that does not answer in 30 s does not answer. */
const CONNECTION = 30_000;
const GREETING = 30_000;

/** RFC 5321 section 4.5.3.2.6: ten minutes for the reply to the final dot; a shorter wait causes duplicates. */
const SOCKET = 600_000;

/** Node's timers fire at once for anything longer. */
const LONGEST = 2_147_483_647;

/** A timeout below this is a number of seconds written for milliseconds. */
const SUSPICIOUS = 500;

/** Reads the three timeouts of JavaMail, ms. */
export function readTimeouts(reader: PropertyReader, findings: Findings): Timeouts {
  const connection = readMs('connectiontimeout', CONNECTION, reader, findings);
  const read = readMs('timeout', SOCKET, reader, findings);
  const write = readMs('writetimeout', SOCKET, reader, findings);
  return {
    connection: connection ?? CONNECTION,
    greeting: read ?? GREETING,
    socket: Math.min(read ?? SOCKET, write ?? SOCKET, LONGEST),
  };
}

function readMs(name: string, fallback: number, reader: PropertyReader, findings: Findings): number | null {
  const property = reader.find(name);
  if (property === null || !property.valid) return null;
  const { key, value, written } = property;
  const ms = /^\+?\d{1,15}$/.test(value) ? Number(value) : 0;
  if (ms <= 0) {
    findings.warn(
      'TIMEOUT_INVALID',
      t`${key} is ${findings.show(written)}, which is no number of milliseconds above 0. (JavaMail would wait for ever.)
        ${fallback} is used.`,
      property,
    );
    return null;
  }
  if (ms < SUSPICIOUS) {
    findings.warn(
      'TIMEOUT_SHORT',
      t`${key}=${value} is ${value} milliseconds. For ${value} seconds write ${key}=${ms * 1000}`,
      property,
    );
  }
  return Math.min(ms, LONGEST);
}
