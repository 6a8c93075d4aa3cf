/**
 * Every property that the SMTP path of JavaMail, Jakarta Mail and Angus Mail reads or documents, and what it becomes
 * here. Reading, explaining and the table of docs/properties.md all work from these rows.
 */
import { PASSWORD_WORDS } from './aliases';
import { authRows } from './auth';
import { connectionRows } from './connection';
import { messageRows } from './message';
import type { PropertyRow, Protocol } from './row';
import { sessionRows } from './session';
import { tlsRows } from './tls';

export const PROTOCOLS: readonly Protocol[] = ['smtp', 'smtps'];

/** Rows of keys that belong to the session, `mail.*`. */
export const SESSION_ROWS: readonly PropertyRow[] = sessionRows;

/** Rows that serve both `mail.smtp.X` and `mail.smtps.X`. */
export const PROTOCOL_ROWS: readonly PropertyRow[] = [
  ...connectionRows,
  ...tlsRows,
  ...authRows,
  ...messageRows,
];

/** A key that the table knows; `protocol` is null for a session key. */
export interface KnownKey {
  key: string;
  protocol: Protocol | null;
  row: PropertyRow;
}

/** Every known key with its row. Keys are exact, upper and lower case included. */
export const KNOWN_KEYS: ReadonlyMap<string, KnownKey> = new Map(
  [
    ...SESSION_ROWS.map((row): KnownKey => ({ key: row.name, protocol: null, row })),
    ...PROTOCOLS.flatMap((protocol) =>
      PROTOCOL_ROWS.map((row): KnownKey => ({ key: `mail.${protocol}.${row.name}`, protocol, row })),
    ),
  ].map((known) => [known.key, known]),
);

const PASSWORD_KEY = new RegExp(`(?:^|[._-])(?:${PASSWORD_WORDS.join('|')})$|passw(?:or)?d$`, 'i');

/** Whether a key is made to hold a password. Keys that JavaMail itself reads are not meant. */
export function isPasswordKey(key: string): boolean {
  return PASSWORD_KEY.test(key) && !KNOWN_KEYS.has(key);
}
