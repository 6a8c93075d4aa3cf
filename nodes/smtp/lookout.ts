/** A look at a session while it speaks, from what nodemailer logs: it logs every command before it leaves. */
import { TLSSocket } from 'node:tls';
import type { SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection';
import { t } from '../language/text';
import type { LogEntry, TranscriptLogger } from './transcript';

/** Who wants to see a session step by step. */
export interface SessionWatch {
  /** A command is about to leave; of a login only the mechanism is shown. */
  sends(command: string): void;
  /** A whole reply came. */
  receives(reply: string): void;
  /**
   * The connection is encrypted, and nothing was said over it yet. What this throws ends the session: with a watch the
   * certificate is judged here, and only here, so that one which does not hold can be described.
   */
  secured(socket: TLSSocket): void;
  /** The login begins. */
  logsIn(): void;
}

export interface Lookout {
  /** What has to be set at the connection. */
  options: Pick<SMTPConnectionOptions, 'logger' | 'transactionLog' | 'tls'>;
  /** Throws when the connection is encrypted and nobody judged its certificate: a password must not follow. */
  assertJudged(encrypted: boolean): void;
}

/** Looks at the connection whose socket `current` gives; `refuse` ends it. */
export function createLookout(
  watch: SessionWatch,
  tls: SMTPConnectionOptions['tls'],
  current: () => unknown,
  refuse: (reason: Error) => void,
): Lookout {
  let judged: TLSSocket | undefined;
  let refused = false;

  function judge(): void {
    const socket = current();
    if (!(socket instanceof TLSSocket) || socket === judged) return;
    // The handshake goes on.
    if (!socket.authorized && !socket.authorizationError) return;
    judged = socket;
    try {
      watch.secured(socket);
    } catch (error) {
      refused = true;
      refuse(error as Error);
    }
  }

  const log = ({ tnx }: LogEntry, text: string) => {
    judge();
    if (refused) return;
    if (tnx === 'client') watch.sends(text);
    if (tnx === 'server') watch.receives(text);
  };
  const logger: TranscriptLogger = { trace: log, debug: log, info: log, warn: log, error: log, fatal: log };

  return {
    options: { logger, transactionLog: true, tls: { ...tls, rejectUnauthorized: false } },
    assertJudged(encrypted) {
      if (!encrypted || (judged !== undefined && judged === current() && !refused)) return;
      const fields = { code: 'ETLS', command: 'CONN' };
      throw Object.assign(new Error(t`The certificate of the server was not checked`), fields);
    },
  };
}
