/**
 * When a failed attempt is repeated.
 *
 * The numbers are for alerts through the user's own account, so they begin far below the 30 minutes that RFC 5321
 * section 4.5.4.1 asks of a relay between strangers: an outage of seconds costs an alert seconds. They end at 15
 * minutes, within the 5 to 67 minutes of Postfix (minimal_backoff_time, maximal_backoff_time).
 */
import type { Failure } from '../types';

/** The shortest wait, ms. */
export const FIRST_WAIT = 15_000;

/** The longest wait, ms. */
export const LONGEST_WAIT = 15 * 60_000;

/** The longest least wait that a failure asks for, ms: a provider's quota is looked at again each hour. */
const LONGEST_LEAST_WAIT = 60 * 60_000;

/** The part of a wait that chance adds to it, so that connectors that failed together do not come back together. */
const JITTER = 0.25;

/**
 * The wait after failed attempt number `attempt` (from 1), ms: 15 s, doubled with each attempt up to 12 min, plus up
 * to a quarter of it by chance. So it never leaves 15 s to 15 min. `random` gives numbers from 0 to 1.
 */
export function retryWait(attempt: number, random: () => number): number {
  const doubled = FIRST_WAIT * 2 ** (Math.max(1, attempt) - 1);
  const base = Math.min(doubled, LONGEST_WAIT / (1 + JITTER));
  return Math.round(base * (1 + JITTER * random()));
}

/** The least wait that a failure asks for after failed attempt number `attempt` (from 1), ms. */
export function leastWait({ firstWaits, minWait }: Failure, attempt: number): number {
  return firstWaits?.[attempt - 1] ?? minWait;
}

/** The time of the next attempt, ms since the epoch: after `retryWait`, and not before `minWait` ms from `now`. */
export function nextAttempt(now: number, attempt: number, minWait: number, random: () => number): number {
  return now + Math.max(minWait, retryWait(attempt, random));
}

/**
 * The time of an attempt that was planned by another clock, ms: no later than any wait from `now` reaches. Where the clock
 * was set back in the meantime, the plan would lie as far in the future as it was set back.
 */
export function plannedAttempt(planned: number, now: number): number {
  return Math.min(planned, now + LONGEST_LEAST_WAIT);
}
