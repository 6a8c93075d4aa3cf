/**
 * The SMTP dialogue for `mail.debug`: commands and replies, a line each, with the number of the session in front.
 * nodemailer masks what its own login mechanisms send; the mask catches what a server may echo. Message bodies never
 * get here, because nodemailer logs them only with its `debug` option, which is never set.
 */
import { format } from 'node:util';
import { withoutOpenSslDetails } from '../failures/openssl';
import type { Mask } from '../properties/mask';

export interface LogEntry {
  /** What nodemailer logs about: `client` and `server` are the dialogue, `network` the connection. */
  tnx?: string;
  /** nodemailer's id of the connection. */
  sid?: string;
}

type LogMethod = (entry: LogEntry, message: string, ...values: unknown[]) => void;

export type TranscriptLogger = Record<'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal', LogMethod>;

const PREFIX: Record<string, string> = { client: 'C: ', server: 'S: ', network: '', dns: '', proxy: '' };

/** A logger for nodemailer that writes the masked dialogue through `write`, a line at a time. */
export function createTranscript(write: (line: string) => void, mask: Mask): TranscriptLogger {
  const sessions = new Map<string, number>();

  const log: LogMethod = (entry, message, ...values) => {
    const prefix = PREFIX[entry.tnx ?? ''];
    if (prefix === undefined) return;
    const sid = entry.sid ?? '';
    if (!sessions.has(sid)) sessions.set(sid, sessions.size + 1);
    const text = withoutOpenSslDetails(mask(format(message, ...values)));
    for (const line of text.split(/\r?\n/)) {
      if (line !== '') write(`[session ${sessions.get(sid)}] ${prefix}${line}`);
    }
  };
  return { trace: log, debug: log, info: log, warn: log, error: log, fatal: log };
}
