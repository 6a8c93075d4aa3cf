/**
 * The circuit breaker of an account: while the server or the account is out of order nothing is sent, except one mail at a
 * time as a probe, after growing waits. It also recognizes the mail that only looks as if the account were to blame.
 *
 *   closed ──trip──▶ open ──the wait is over──▶ half-open ──succeeded──▶ closed
 *                     ▲                             │
 *                     └────────────trip─────────────┘
 */
import type { Attempt, Failure } from '../types';
import type { Entry } from '../store/store';
import { isAboutAccount } from './mail-state';
import { nextAttempt } from './retry';

/** closed: all connections may be used; open: none; half-open: one, for a probe. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** Why the circuit is not closed. Times in monotonic ms. */
export interface Outage {
  failure: Failure;
  /** When the account failed first. */
  since: number;
  /** When it failed last. */
  lastFailure: number;
  /** Failures in a row. */
  failures: number;
  /** When the next probe is due. */
  nextAttempt: number;
}

export interface CircuitBreaker {
  state(now: number): CircuitState;
  /** Null while the circuit is closed. */
  outage(): Outage | null;
  /** What an attempt means once it is known how this mail and the others fared before. */
  classify(entry: Entry, attempt: Attempt): Attempt;
  /** An attempt that began at `started` failed at `now` because of the account. */
  trip(failure: Failure, started: number, now: number): void;
  /** An attempt that began at `started` got as far as the server's verdict on the mail. */
  succeeded(started: number): void;
  /** Closes the circuit: what was known says nothing any more. */
  reset(): void;
  /**
   * Which of `size` ready mails goes next, from 0. It is the first, so that the order is kept; but when the server got as
   * far as answering about a mail, that one mail may be the cause, and each probe tries another.
   */
  probeIndex(size: number): number;
}

/** Creates a closed circuit; `random` gives numbers from 0 to 1, for the jitter of the waits. */
export function createCircuitBreaker(random: () => number): CircuitBreaker {
  let outage: Outage | null = null;
  let successes = 0;
  /** Mails that failed because of the account, each with the number of successes at that time. */
  const suspects = new WeakMap<Entry, number>();

  return {
    state(now) {
      if (!outage) return 'closed';
      return now >= outage.nextAttempt ? 'half-open' : 'open';
    },
    outage: () => outage,
    /**
     * When a mail fails as if the account were out of order, and failed so before, and the account worked in between, then
     * the cause is this mail (its size, its sender): it waits by itself, and the others go on.
     */
    classify(entry, attempt) {
      if (!isAboutAccount(attempt)) return attempt;
      const before = suspects.get(entry);
      suspects.set(entry, successes);
      if (before === undefined || before === successes) return attempt;
      return aboutMail(attempt);
    },
    trip(failure, started, now) {
      // An attempt that began before the last failure says nothing new.
      if (outage && started < outage.lastFailure) return;
      const failures = (outage?.failures ?? 0) + 1;
      outage = {
        failure,
        since: outage?.since ?? now,
        lastFailure: now,
        failures,
        nextAttempt: nextAttempt(now, failures, failure.minWait, random),
      };
    },
    succeeded(started) {
      if (outage && started >= outage.lastFailure) outage = null;
      successes += 1;
    },
    reset() {
      outage = null;
    },
    probeIndex(size) {
      if (!outage || size === 0) return 0;
      const { failure, failures } = outage;
      const aboutMail = ['MAIL FROM', 'RCPT TO', 'DATA'].includes(failure.error.command ?? '');
      return aboutMail ? (failures - 1) % size : 0;
    },
  };
}

function aboutMail({ failure, refused, ...attempt }: Attempt): Attempt {
  const ofMail = (one: Failure): Failure => (one.scope === 'account' ? { ...one, scope: 'message' } : one);
  return {
    ...attempt,
    ...(failure && { failure: ofMail(failure) }),
    refused: refused.map((one) => ({ ...one, failure: ofMail(one.failure) })),
  };
}
