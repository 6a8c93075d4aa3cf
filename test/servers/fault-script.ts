/** The words in which a test tells the fault server what to do, and when. */

/** Where a conversation stands. `body` is between the 354 and the dot, `dot` after the whole body came. */
export type Phase =
  | 'greeting'
  | 'ehlo'
  | 'helo'
  | 'starttls'
  | 'handshake'
  | 'auth'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'body'
  | 'dot'
  | 'rset'
  | 'noop'
  | 'quit'
  | 'other';

export interface Moment {
  phase: Phase;
  /** The command line; empty in the phases that have none. */
  line: string;
  /** Of MAIL FROM and RCPT TO; otherwise empty. */
  address: string;
  /** From 1, over the life of the server. */
  connection: number;
  /** From 1 in each connection; 0 before the first MAIL FROM. */
  transaction: number;
  /** How often the server has been at this phase with this address, this time included. */
  count: number;
  secure: boolean;
}

export interface Fault {
  /** Ms before anything else happens. */
  delay?: number;
  /** Lines sent instead of the usual reply, each ended with CRLF. */
  reply?: string | string[];
  /** Bytes sent as they are instead of the usual reply. */
  raw?: string | Buffer;
  /** This line again and again, without end. */
  endless?: { line: string; everyMs: number };
  /** What follows the reply, or comes instead of it. `stall` neither answers nor reads any more. */
  then?: 'fin' | 'rst' | 'stall';
  /** Phase `body` only: bytes of the body to read before the rest of the fault happens. */
  afterBytes?: number;
  /** Phase `body` only: read at most so many bytes at a time. */
  slowRead?: { bytes: number; everyMs: number };
}

/** Nothing means: go on as a well-behaved server. */
export type Script = (moment: Moment) => Fault | undefined;

/** Answers with these lines instead of the usual ones. */
export const reply = (...lines: string[]): Fault => ({ reply: lines });
/** Answers as these lines say, and ends the connection. */
export const replyAndFin = (...lines: string[]): Fault => ({ reply: lines, then: 'fin' });
/** Ends the connection without an answer. */
export const fin = (): Fault => ({ then: 'fin' });
/** Breaks the connection without an answer. */
export const rst = (): Fault => ({ then: 'rst' });
/** Stops answering and reading, and keeps the connection open. */
export const stall = (): Fault => ({ then: 'stall' });
/** Goes on as usual after `ms`. */
export const slow = (ms: number): Fault => ({ delay: ms });

/** The script that does `fault` at one phase, each time or only the given time (from 1). */
export function at(phase: Phase, fault: Fault, time?: number): Script {
  return (moment) =>
    moment.phase === phase && (time === undefined || moment.count === time) ? fault : undefined;
}

/** The first of several scripts that has something to say decides. */
export function firstOf(...scripts: Script[]): Script {
  return (moment) => {
    for (const script of scripts) {
      const fault = script(moment);
      if (fault) return fault;
    }
    return undefined;
  };
}
