/**
 * The hold on an account: nothing is sent while the server or the account is out of order, except one mail at a time as a
 * probe, at growing waits.
 */
import type { Failure, Problem } from '../types';
import { summarize } from './mail-state';
import { nextAttempt } from './retry';

export interface Hold {
  failure: Failure;
  /** When the account failed first. */
  since: number;
  /** When it failed last: an attempt that began earlier says nothing new. */
  renewed: number;
  failures: number;
  nextAttempt: number;
}

/** The hold after an attempt, begun at `started`, that failed at `now` because of the account. */
export function holdAfter(
  hold: Hold | null,
  failure: Failure,
  started: number,
  now: number,
  random: () => number,
): Hold {
  if (hold && started < hold.renewed) return hold;
  const failures = (hold?.failures ?? 0) + 1;
  return {
    failure,
    since: hold?.since ?? now,
    renewed: now,
    failures,
    nextAttempt: nextAttempt(now, failures, failure.minWait, random),
  };
}

/**
 * Which of `size` waiting mails the next probe tries, from 0. It is the first, so that order is kept; but when the server
 * got as far as answering about a mail, that one mail may be the cause, and each probe tries another.
 */
export function probeIndex({ failure, failures }: Hold, size: number): number {
  const aboutMail = ['MAIL FROM', 'RCPT TO', 'DATA'].includes(failure.error.command ?? '');
  return aboutMail && size > 0 ? (failures - 1) % size : 0;
}

/** What the connector shows of a hold. */
export function problemOf({ failure, since, nextAttempt }: Hold): Problem {
  return { error: summarize(failure.error), since, nextAttempt };
}
