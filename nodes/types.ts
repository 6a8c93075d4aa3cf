/**
 * The values that the rooms hand to each other. No behaviour lives here, except the one error type.
 * Times are milliseconds since the epoch, durations milliseconds, sizes bytes, unless a name says otherwise.
 */

/** What a {@link MailError} tells besides its code and message. */
export interface MailErrorDetails {
  /** What the user can do about it. */
  hint?: string;
  /** The field of a node, the property of a msg or a part of either that it is about: `to[1].address`. */
  field?: string;
  /** Three-digit SMTP reply code. */
  responseCode?: number;
  /** The server's reply, secrets masked. */
  response?: string;
  /** The SMTP command that was answered: CONN, EHLO, STARTTLS, AUTH, MAIL FROM, RCPT TO, DATA. */
  command?: string;
  /** The line of the field that is meant, from 1. */
  line?: number;
  cause?: unknown;
}

/** The one error of the package: a short upper-case code, what failed with its value, and what to do. */
export class MailError extends Error {
  readonly code: string;
  readonly hint?: string;
  readonly field?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly command?: string;
  readonly line?: number;

  constructor(code: string, message: string, details: MailErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'MailError';
    this.code = code;
    if (details.hint !== undefined) this.hint = details.hint;
    if (details.field !== undefined) this.field = details.field;
    if (details.responseCode !== undefined) this.responseCode = details.responseCode;
    if (details.response !== undefined) this.response = details.response;
    if (details.command !== undefined) this.command = details.command;
    if (details.line !== undefined) this.line = details.line;
  }
}

export type Priority = 'high' | 'normal' | 'low';

/** A msg as it flows: only the properties that the package reads are named. */
export interface Msg {
  _msgid?: string;
  payload?: unknown;
  topic?: unknown;
  email?: EmailResult;
  [property: string]: unknown;
}

export interface Envelope {
  /** Envelope sender; empty for the null sender `<>`. */
  from: string;
  to: string[];
}

export interface Rejection {
  address: string;
  code: number | null;
  response: string;
}

export interface AttachmentSummary {
  filename: string;
  /** Bytes. */
  size: number;
}

export interface SkippedAttachment {
  filename: string;
  reason: string;
}

/** A mail ready to be queued: everything but its bytes is plain data. */
export interface OutgoingMail {
  /** Sortable by creation, unique over restarts, safe as a file name. */
  id: string;
  /** The send-email node that takes the outcome. */
  nodeId: string;
  /** With angle brackets; the same over all attempts. */
  messageId: string;
  subject: string;
  envelope: Envelope;
  /** The msg set the envelope sender: it is stronger than that of the connector. */
  ownSender?: boolean;
  priority: Priority;
  queuedAt: number;
  /** Events in the mail. */
  count: number;
  attachments: AttachmentSummary[];
  skippedAttachments: SkippedAttachment[];
  /** The source msgs, first to last. */
  messages: Msg[];
  /** The composed RFC 5322 message in pieces; each call begins anew with the same bytes. */
  open(): Iterable<Buffer> | AsyncIterable<Buffer>;
  /** Bytes of the composed message. */
  size: number;
  /** True when an earlier process took one of the msgs. */
  recovered?: boolean;
}

/** What an outcome tells of an error; plain data, so that it survives cloning and JSON. */
export interface ErrorSummary {
  code: string;
  message: string;
  responseCode?: number;
  command?: string;
  hint?: string;
}

/** `msg.email` on both outputs of send-email. */
export interface EmailResult {
  status: 'sent' | 'failed' | 'ignored';
  id: string;
  messageId: string | null;
  subject: string | null;
  envelope: Envelope | null;
  accepted: string[];
  rejected: Rejection[];
  /** The server's reply to the last attempt. */
  response: string | null;
  attempts: number;
  queuedAt: number;
  finishedAt: number;
  count: number;
  messages: Msg[];
  attachments: AttachmentSummary[];
  skippedAttachments: SkippedAttachment[];
  duplicatePossible: boolean;
  recovered: boolean;
  error?: ErrorSummary;
}

/**
 * What a failure is about, and so who waits for it (see smtp/failure.ts):
 * - `message`: this mail as it is, not the account
 * - `account`: the connection, TLS, login or quota: every mail of the connector would fail
 * - `ambiguous`: the connection broke after the final dot was handed over and before the reply
 * - `connection`: a reused connection that died before the dot: once more at once on a new connection
 * - `crowded`: one more connection was refused while others work: at once over one of those
 * - `aborted`: we ended the attempt before the dot, because the connector stops
 */
export type FailureScope = 'message' | 'account' | 'ambiguous' | 'connection' | 'crowded' | 'aborted';

/** How one recipient, or a whole mail, failed. */
export interface Failure {
  scope: FailureScope;
  /** True: the same attempt can never succeed. Account failures are never permanent for the mail. */
  permanent: boolean;
  /** The least time until the next attempt, ms; the retry schedule may make it longer. */
  minWait: number;
  /** Instead of `minWait`, after the first, second ... attempt: early ones may get through. */
  firstWaits?: readonly number[];
  error: MailError;
}

export interface RecipientFailure {
  address: string;
  failure: Failure;
}

/** What came of one delivery attempt of one mail. */
export interface Attempt {
  /** Recipients whose copy the server took responsibility for. */
  accepted: string[];
  /** Recipients refused in an attempt that was otherwise accepted. */
  refused: RecipientFailure[];
  /** Recipients that are too many for one transaction: they get the mail in the next one. */
  left?: string[];
  /** The server's last reply, secrets masked. */
  response: string | null;
  /** Set when the attempt as a whole failed; `accepted` is empty then. */
  failure?: Failure;
  /** Connections that worked when one more was refused; with a failure of scope `crowded`. */
  working?: number;
}

/** An outage of the mail server or account: the state stays RUN. */
export interface Problem {
  error: ErrorSummary;
  since: number;
  nextAttempt: number;
}

export interface Counts {
  queued: number;
  deferred: number;
  sending: number;
  sent: number;
  failed: number;
  ignored: number;
}

export type RatePeriod = 'second' | 'minute' | 'hour' | 'day';

/** Most attempts in any window of `period`; no limit when `limit` is 0. */
export interface RateLimit {
  limit: number;
  period: RatePeriod;
}
