/**
 * The time by which the outbox works. The clock of the machine may be set at any moment, by hours on a machine without a
 * battery: waits, ages and the rate limit follow a time that never jumps, and only what people read has the time of day.
 */

/** Where time comes from; given to the outbox, so that a test can let hours pass in seconds. */
export interface Clock {
  /** The time of day, ms since the epoch; it jumps when someone sets it. */
  wall(): number;
  /** Ms since some moment; it neither jumps nor goes back. */
  monotonic(): number;
  /** Calls `run` once when this many ms have passed; gives a function that prevents it. */
  after(ms: number, run: () => void): () => void;
}

/** The longest delay that a Node.js timer can hold, ms. */
const MAX_TIMER = 2_147_483_647;

/** The clock of this machine. */
export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(Math.max(ms, 1), MAX_TIMER));
    return () => clearTimeout(timer);
  },
};

/** A time that goes on evenly from the time of day at which it was made, whatever happens to the clock. */
export interface MonotonicTime {
  /** Monotonic time, whole ms. */
  now(): number;
  /** What has to be added to a monotonic time to get the time of day now, ms; it varies by a millisecond through rounding. */
  offset(): number;
  /** A monotonic time as a time of day for people: the same each time, as long as nobody sets the clock. */
  toWallClock(time: number): number;
}

/** Differences from here on say that the clock was set, ms. */
const SET = 1_000;

/** Starts at the time of day. */
export function createMonotonicTime(clock: Clock): MonotonicTime {
  const base = clock.wall() - clock.monotonic();
  let shown = 0;
  const now = () => Math.trunc(base + clock.monotonic());
  const offset = () => clock.wall() - now();
  return {
    now,
    offset,
    toWallClock(time) {
      const current = offset();
      if (Math.abs(current - shown) >= SET) shown = current;
      return time + shown;
    },
  };
}
