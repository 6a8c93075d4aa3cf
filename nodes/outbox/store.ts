/**
 * What the outbox keeps of a mail, and what it asks of the place where it keeps it.
 */
import type { EmailResult, ErrorSummary, OutgoingMail, Rejection } from '../types';

/** Where a mail stands. Plain data, so that a store may write it as JSON. */
export interface Progress {
  /** Attempts that the server answered for this mail; failures of the account do not count. */
  attempts: number;
  /** Recipients that are neither accepted nor refused for good. */
  pending: string[];
  accepted: string[];
  rejected: Rejection[];
  /** When the next attempt is due; 0 = as soon as its turn comes. */
  nextAttempt: number;
  /** True from just before the final dot until its reply is known: a crash there leaves it true. */
  dotSent: boolean;
  /** Attempts that ended between the final dot and the reply. */
  ambiguous: number;
  /** Attempts in a row that died on a connection used before. */
  brokenConnections: number;
  duplicatePossible: boolean;
  response: string | null;
  lastError: ErrorSummary | null;
}

export interface Entry {
  mail: OutgoingMail;
  progress: Progress;
  /** Read from a store that an earlier process filled. */
  recovered: boolean;
}

/** Keeps mails until they are finished. */
export interface Store {
  /** Opens the store; gives the mails of an earlier process, oldest first. */
  load(): Promise<Entry[]>;
  /** Resolves when the mail is kept as firmly as this store can. Rejects with a MailError; nothing is kept then. */
  add(entry: Entry): Promise<void>;
  /** Keeps a changed `progress`. */
  save(entry: Entry): Promise<void>;
  /** Forgets a mail that was sent; keeps one that failed for good as a dead letter where the store can. */
  finish(entry: Entry, result: EmailResult): Promise<void>;
  close(): Promise<void>;
}

/** The progress of a mail that nobody has tried to deliver yet. */
export function newProgress(recipients: string[]): Progress {
  return {
    attempts: 0,
    pending: [...recipients],
    accepted: [],
    rejected: [],
    nextAttempt: 0,
    dotSent: false,
    ambiguous: 0,
    brokenConnections: 0,
    duplicatePossible: false,
    response: null,
    lastError: null,
  };
}
