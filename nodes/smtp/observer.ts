/**
 * Shows a session step by step while it runs. The source is nodemailer's log, which has every command before
 * it is written to the socket.
 */
import { TLSSocket } from 'node:tls';
import type { SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection';
import { t } from '../language/text';
import type { LogEntry, TranscriptLogger } from './transcript';

export interface SessionObserver {
  /** A command is about to be sent. Of a login only the mechanism is shown. */
  sends(command: string): void;
  /** A complete reply has arrived. */
  receives(reply: string): void;
  /**
   * The TLS handshake is done and nothing has been sent over it. Throw to end the session with that error:
   * when there is an observer, this is the only check of the certificate, so that one that fails can still be
   * described.
   */
  secured(socket: TLSSocket): void;
  /** The login is about to start. */
  logsIn(): void;
}

export interface Observation {
  /** To be merged into the options of the connection. */
  options: Pick<SMTPConnectionOptions, 'logger' | 'transactionLog' | 'tls'>;
  /**
   * Throws if the connection is encrypted and its certificate was not checked: no password may be sent then.
   */
  assertJudged(encrypted: boolean): void;
}

/** Observes the connection whose socket `current` returns; `refuse` ends it. */
export function observeSession(
  observer: SessionObserver,
  tls: SMTPConnectionOptions['tls'],
  current: () => unknown,
  refuse: (reason: Error) => void,
): Observation {
  let judged: TLSSocket | undefined;
  let refused = false;

  function judge(): void {
    const socket = current();
    if (!(socket instanceof TLSSocket) || socket === judged) return;
    // The handshake is not finished.
    if (!socket.authorized && !socket.authorizationError) return;
    judged = socket;
    try {
      observer.secured(socket);
    } catch (error) {
      refused = true;
      refuse(error as Error);
    }
  }

  const log = ({ tnx }: LogEntry, text: string) => {
    judge();
    if (refused) return;
    if (tnx === 'client') observer.sends(text);
    if (tnx === 'server') observer.receives(text);
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
