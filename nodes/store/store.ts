/**
 * What the outbox keeps of a mail, and what it asks of the place where it keeps it.
 */
import type { EmailResult, ErrorSummary, Msg, OutgoingMail, Rejection } from '../types';

/** Where a mail stands. Plain data, so that a store may write it as JSON. */
export interface Progress {
  /** Attempts that the server answered for this mail; failures of the account do not count. */
  attempts: number;
  /** Recipients that are neither accepted nor refused for good. */
  pending: string[];
  /** Those of them that the server put off while others are still to be asked, and the least wait for them, ms. */
  postponed?: { recipients: string[]; minWait: number };
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

/** An event that waits in a batch, until a mail holds it. */
export interface KeptEvent {
  /** Unique among the events that wait. */
  id: string;
  /** The send-email node that it waits in. */
  nodeId: string;
  /** Any data. A store on disk gives a copy back without what lives only in the process: functions, sockets, requests. */
  data: unknown;
}

/** What an earlier process left. */
export interface Loaded {
  /** Oldest first by id; their source msgs come from `loadMessages`. */
  entries: Entry[];
  /** In the order in which they came. */
  events: KeptEvent[];
  /** The newest state from `saveRate`; undefined when there is none. */
  rate?: unknown;
  /** For the log: what was found damaged or out of place. */
  warnings: string[];
}

/** Keeps mails until they are finished, and events until a mail holds them. Failures are MailErrors. */
export interface Store {
  /** Opens the store; call it once and before all else. Rejects with a MailError when the store can not be used. */
  load(): Promise<Loaded>;
  /**
   * Resolves when the mail is kept as firmly as this store can; the events named wait no more then, which is kept in the
   * same step. When it rejects nothing has changed. May put its own way to read the mail into `mail.open`, and take
   * `mail.messages` out of memory now or later.
   */
  add(entry: Entry, events?: string[]): Promise<void>;
  /** Keeps a changed `progress`. */
  save(entry: Entry): Promise<void>;
  /** Forgets a mail that was sent; keeps one that failed for good as a dead letter where the store can. */
  finish(entry: Entry, result: EmailResult): Promise<void>;
  /** The source msgs of a mail that is not finished: the msgs themselves or copies. Never rejects; empty when they can not be read. */
  loadMessages(entry: Entry): Promise<Msg[]>;
  /** Resolves when the event is kept as firmly as this store can. */
  keepEvent(event: KeptEvent): Promise<void>;
  /** Forgets events; ids that are not known are no error. */
  dropEvents(ids: string[]): Promise<void>;
  /** Keeps plain data, the last call counts. Never rejects. */
  saveRate(state: unknown): Promise<void>;
  /** Resolves when all that was asked for is kept; nothing is taken any more. */
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
