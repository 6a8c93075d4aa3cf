/**
 * The life of a mail in the outbox, as one pure function: what an attempt makes of it.
 *
 *   queued ──attempt──▶ sending ──▶ sent                 every recipient answered, one accepted at least
 *      ▲                   │  └───▶ failed               refused for good, or tried for too long
 *      │                   ├──────▶ deferred ──due──▶ queued
 *      └───────────────────┘                             the account failed, not the mail: back in its place;
 *                                                        or recipients are left for the next transaction
 */
import type { Attempt, ErrorSummary, Failure, MailError } from '../types';
import type { Progress } from '../store/store';
import { leastWait, nextAttempt } from './retry';

/** An ambiguous attempt is repeated at most this often: each repetition may be a duplicate in the inbox. */
export const MAX_RESENDS = 2;

/** How many connections in a row may die under one mail before the server is taken to be down. */
const MAX_BROKEN_CONNECTIONS = 1;

export type NextState =
  | { state: 'sent'; progress: Progress }
  | { state: 'failed'; progress: Progress }
  | { state: 'deferred'; progress: Progress }
  | { state: 'queued'; progress: Progress; account?: Failure };

export interface Circumstances {
  now: number;
  /** The mail may be tried until then. */
  expires: number;
  /** A number from 0 to 1. */
  random: () => number;
}

/** The plain data of an error, as results and stores keep it. */
export function summarize(error: MailError): ErrorSummary {
  return {
    code: error.code,
    message: error.message,
    ...(error.responseCode === undefined ? {} : { responseCode: error.responseCode }),
    ...(error.command === undefined ? {} : { command: error.command }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
}

/**
 * The progress of a mail as a new process finds it. When the old one died between the final dot and the reply, nobody knows
 * whether the server has the mail: it counts as an ambiguous attempt and is sent again.
 */
export function recovered(progress: Progress): Progress {
  if (!progress.dotSent) return progress;
  return { ...progress, dotSent: false, duplicatePossible: true, ambiguous: progress.ambiguous + 1 };
}

/** True when every recipient is accepted or refused for good: such a mail only waits for its outcome to be told. */
export function isFinished({ pending }: Progress): boolean {
  return pending.length === 0;
}

/** The recipients of the next attempt. */
export function nextRecipients({ pending, postponed }: Progress): string[] {
  return postponed ? pending.filter((address) => !postponed.recipients.includes(address)) : pending;
}

/** What becomes of a mail after an attempt to deliver it to its pending recipients. */
export function afterAttempt(before: Progress, attempt: Attempt, at: Circumstances): NextState {
  const progress: Progress = {
    ...before,
    accepted: [...before.accepted],
    rejected: [...before.rejected],
    dotSent: false,
    response: attempt.response ?? before.response,
  };
  const { failure } = attempt;
  if (failure?.scope === 'aborted' || failure?.scope === 'crowded') return { state: 'queued', progress };
  if (failure) progress.lastError = summarize(failure.error);

  if (failure?.scope === 'connection' && before.brokenConnections < MAX_BROKEN_CONNECTIONS) {
    progress.brokenConnections += 1;
    return { state: 'queued', progress };
  }
  progress.brokenConnections = 0;
  if (failure?.scope === 'account' || failure?.scope === 'connection') {
    return { state: 'queued', progress, account: failure };
  }

  const ambiguous = failure?.scope === 'ambiguous';
  // All transactions that it takes to ask each recipient once are one attempt.
  if (ambiguous || (!isAboutAccount(attempt) && !attempt.left)) progress.attempts += 1;
  if (ambiguous) {
    progress.duplicatePossible = true;
    progress.ambiguous += 1;
    if (progress.ambiguous > MAX_RESENDS) return giveUp(progress, failure.error);
    return wait(progress, failure, progress.ambiguous, at);
  }
  if (failure && (attempt.left || before.postponed))
    return afterAnswers(progress, ofEach(before, attempt, failure), at);
  if (failure) {
    return failure.permanent
      ? giveUp(progress, failure.error)
      : wait(progress, failure, progress.attempts, at);
  }
  return afterAnswers(progress, attempt, at);
}

/** What failed as a whole was one of several transactions: the failure is that of its recipients, not of the others. */
function ofEach(before: Progress, attempt: Attempt, failure: Failure): Attempt {
  const asked = nextRecipients(before).filter((address) => !attempt.left?.includes(address));
  return { ...attempt, refused: asked.map((address) => ({ address, failure })) };
}

/** True when the server took the mail for nobody because of the account; some servers say why at each recipient. */
export function isAboutAccount({ failure, accepted, refused }: Attempt): boolean {
  if (failure) return failure.scope === 'account';
  return accepted.length === 0 && refused.some((one) => one.failure.scope === 'account');
}

/** The server took the mail for some recipients and answered for each of the others. */
function afterAnswers(progress: Progress, attempt: Attempt, at: Circumstances): NextState {
  progress.accepted.push(...attempt.accepted);
  const left = [...(attempt.left ?? [])];
  const again: Failure[] = [];
  const pending = [...(progress.postponed?.recipients ?? [])];
  let account: Failure | undefined;
  for (const { address, failure } of attempt.refused) {
    progress.lastError = summarize(failure.error);
    if (failure.scope === 'account') {
      account = failure;
      left.push(address);
    } else if (failure.permanent) {
      reject(progress, address, failure.error);
    } else {
      pending.push(address);
      again.push(failure);
    }
  }
  progress.pending = [...left, ...pending];
  // Those who are left get the mail in the same attempt.
  const tries = progress.attempts + (left.length > 0 ? 1 : 0);
  const waits = again.map((failure) => leastWait(failure, tries));
  const minWait = Math.max(progress.postponed?.minWait ?? 0, ...waits);
  if (left.length > 0) {
    if (pending.length > 0) progress.postponed = { recipients: pending, minWait };
    return account ? { state: 'queued', progress, account } : { state: 'queued', progress };
  }
  if (pending.length === 0) return finished(progress);
  const [failure] = again;
  // Those who were put off by an earlier transaction are asked once more before they are given up.
  if (failure && at.now >= at.expires) return giveUp(progress, failure.error);
  return defer(progress, minWait, progress.attempts, at);
}

function wait(progress: Progress, failure: Failure, tries: number, at: Circumstances): NextState {
  if (at.now >= at.expires) return giveUp(progress, failure.error);
  return defer(progress, leastWait(failure, tries), tries, at);
}

function defer(progress: Progress, minWait: number, tries: number, at: Circumstances): NextState {
  delete progress.postponed;
  progress.nextAttempt = nextAttempt(at.now, tries, minWait, at.random);
  return { state: 'deferred', progress };
}

/** Ends a mail whose pending recipients can not be reached any more, for the reason given. */
export function giveUp(progress: Progress, error: MailError): NextState {
  progress.lastError = summarize(error);
  for (const address of progress.pending) reject(progress, address, error);
  progress.pending = [];
  delete progress.postponed;
  return finished(progress);
}

function reject(progress: Progress, address: string, error: MailError): void {
  progress.rejected.push({
    address,
    code: error.responseCode ?? null,
    response: error.response ?? error.message,
  });
}

function finished(progress: Progress): NextState {
  return { state: progress.accepted.length > 0 ? 'sent' : 'failed', progress };
}
