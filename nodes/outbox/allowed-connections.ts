/**
 * How many connections the server allows, found out by trying: each refusal of one more lowers the number to those that work,
 * and after growing waits one more is tried. A server says no such number, and it may be another one tomorrow.
 */

/** From a refusal to the next try, ms, doubled with each try that is refused. */
const FIRST_WAIT = 60_000;

/** The longest wait, ms: a server that allows more again is found out within ten minutes. */
const LONGEST_WAIT = 8 * 60_000;

export interface AllowedConnections {
  /** How many may be in use now; while a try is due, one more than is known to work. */
  limit(now: number): number;
  /** When the limit is raised for a try, ms; Infinity when it is not going to be. */
  nextTry(now: number): number;
  /** So many connections work side by side. */
  worked(working: number): void;
  /** One more than the `working` connections was refused. */
  refused(working: number, now: number): void;
}

/** Begins with `max`, which is never exceeded. */
export function createAllowedConnections(max: number): AllowedConnections {
  let allowed = max;
  let wait = FIRST_WAIT;
  let tryAt = 0;
  const isTryDue = (now: number) => allowed < max && now >= tryAt;

  return {
    limit: (now) => (isTryDue(now) ? allowed + 1 : allowed),
    nextTry: (now) => (allowed < max && now < tryAt ? tryAt : Infinity),
    worked(working) {
      if (working <= allowed) return;
      // The try stays due: where one more goes, the next may go too.
      allowed = Math.min(working, max);
      wait = FIRST_WAIT;
    },
    refused(working, now) {
      if (isTryDue(now)) wait = Math.min(2 * wait, LONGEST_WAIT);
      allowed = Math.max(1, Math.min(working, max - 1));
      tryAt = now + wait;
    },
  };
}
