/**
 * The life of a mail in the outbox, as one pure function: what an attempt makes of it.
 *
 *   queued ──attempt──▶ sending ──▶ sent                 every recipient answered, one accepted at least
 *      ▲                   │  └───▶ failed               refused for good, or tried for too long
 *      │                   ├──────▶ deferred ──due──▶ queued
 *      └───────────────────┘                             the account failed, not the mail: back in its place
 */
import type { Attempt, ErrorSummary, Failure, MailError } from '../types';
import type { Progress } from './store';
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
  if (failure?.scope === 'aborted') return { state: 'queued', progress };
  if (failure) progress.lastError = summarize(failure.error);

  if (failure?.scope === 'connection' && before.brokenConnections < MAX_BROKEN_CONNECTIONS) {
    progress.brokenConnections += 1;
    return { state: 'queued', progress };
  }
  progress.brokenConnections = 0;
  if (failure?.scope === 'account' || failure?.scope === 'connection') {
    return { state: 'queued', progress, account: failure };
  }

  if (!isAboutAccount(attempt)) progress.attempts += 1;
  if (failure?.scope === 'ambiguous') {
    progress.duplicatePossible = true;
    progress.ambiguous += 1;
    if (progress.ambiguous > MAX_RESENDS) return giveUp(progress, failure.error);
    return wait(progress, failure, progress.ambiguous, at);
  }
  if (failure) {
    return failure.permanent
      ? giveUp(progress, failure.error)
      : wait(progress, failure, progress.attempts, at);
  }
  return afterAnswers(progress, attempt, at);
}

/** True when the server took the mail for nobody because of the account; some servers say why at each recipient. */
export function isAboutAccount({ failure, accepted, refused }: Attempt): boolean {
  if (failure) return failure.scope === 'account';
  return accepted.length === 0 && refused.some((one) => one.failure.scope === 'account');
}

/** The server took the mail for some recipients and answered for each of the others. */
function afterAnswers(progress: Progress, attempt: Attempt, at: Circumstances): NextState {
  progress.accepted.push(...attempt.accepted);
  const again: Failure[] = [];
  const pending: string[] = [];
  let account: Failure | undefined;
  for (const { address, failure } of attempt.refused) {
    progress.lastError = summarize(failure.error);
    if (failure.scope === 'account') account = failure;
    if (failure.permanent && failure.scope !== 'account') {
      reject(progress, address, failure.error);
    } else {
      pending.push(address);
      again.push(failure);
    }
  }
  progress.pending = pending;
  if (account) return { state: 'queued', progress, account };
  const least = (failure: Failure) => leastWait(failure, progress.attempts);
  const longest = again.reduce<Failure | undefined>((a, b) => (a && least(a) >= least(b) ? a : b), undefined);
  return longest ? wait(progress, longest, progress.attempts, at) : finished(progress);
}

function wait(progress: Progress, failure: Failure, tries: number, at: Circumstances): NextState {
  if (at.now >= at.expires) return giveUp(progress, failure.error);
  progress.nextAttempt = nextAttempt(at.now, tries, leastWait(failure, tries), at.random);
  return { state: 'deferred', progress };
}

/** Ends a mail whose pending recipients can not be reached any more, for the reason given. */
export function giveUp(progress: Progress, error: MailError): NextState {
  progress.lastError = summarize(error);
  for (const address of progress.pending) reject(progress, address, error);
  progress.pending = [];
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
