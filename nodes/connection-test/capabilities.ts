/** What a server says in EHLO that it can do (RFC 5321 section 4.1.1.1). */
import type { Reply } from './dialogue';

export interface Capabilities {
  /** The lines after the first, without their codes. */
  lines: string[];
  /** Mechanisms that are offered, in upper case. */
  mechanisms: string[];
  /** The server takes logins; one that knows only HELO does not say. */
  login: boolean;
  has(keyword: string): boolean;
}

/** Reads the reply to EHLO. */
export function readCapabilities({ text }: Reply): Capabilities {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/^\d{3}[ -]?/, '').trim())
    .filter((line) => line !== '')
    .slice(1);
  const keywords = lines.map((line) => (line.split(/[ =]/)[0] ?? '').toUpperCase());
  // Old servers write AUTH=LOGIN.
  const mechanisms = lines
    .filter((_, i) => keywords[i] === 'AUTH')
    .flatMap((line) =>
      line
        .slice('AUTH'.length)
        .toUpperCase()
        .split(/[\s=]+/),
    )
    .filter((word) => word !== '');
  return {
    lines,
    mechanisms,
    login: keywords.includes('AUTH'),
    has: (keyword) => keywords.includes(keyword),
  };
}

/** What is known of a server that understands only HELO: as the transport does, a login is tried. */
export const HELO_ONLY: Capabilities = { lines: [], mechanisms: [], login: true, has: () => false };
