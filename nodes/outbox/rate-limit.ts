/**
 * The limit on attempts in a window of time, as a sliding window that holds whatever the latency.
 *
 * When the server counts an attempt is not known, only that it is between its start and its end. So an attempt
 * occupies one of `limit` places from its start until one period after its end. Proof: were `limit + 1` attempts
 * counted within one period, then at the start of the last of them all the others would still hold their places.
 */
import type { RateLimit, RatePeriod } from '../types';

/** The length of each period, ms. */
export const PERIOD: Record<RatePeriod, number> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** Times are whole milliseconds, cut off: one more makes up for it. */
const CLOCK_STEP = 1;

/**
 * Above this limit, ends are rounded up to a thousandth of the period and counted together. So there are never many
 * more entries than this, a limit of 100,000 costs as little as one of 1,000, and the limit still holds.
 */
const EXACT_UP_TO = 1_000;

/** A number of places that became free one period after `end`, as [end, number]. */
type Ended = [end: number, places: number];

/** What the limit has to know after a restart; plain data for JSON, at most about 1,000 pairs. */
export interface RateLimitState {
  /** Attempts that ended less than a period ago, earliest end first. */
  ended: Ended[];
  /** Attempts under way. */
  open: number;
}

export type Reservation =
  | { ok: true; slot: number }
  /** No place is free before `at` (ms since the epoch); it may be later while attempts are under way. */
  | { ok: false; at: number };

export interface RateLimiter {
  /** Takes a place for an attempt that starts now. */
  reserve(now: number): Reservation;
  /** 0 when a place is free now, else as `at` of a reservation. */
  freeAt(now: number): number;
  /** Says that the attempt with this slot ended; an unknown slot or a second call changes nothing. */
  release(slot: number, end: number): void;
  /** Places taken at this time; 0 without a limit. */
  used(now: number): number;
  /** The state to restore from, as it is now. */
  state(): RateLimitState;
}

/** Unique in the process, so that a slot of an earlier limiter never ends an attempt of a later one. */
let lastSlot = 0;

/**
 * A limit of `limit` attempts in any window of `period`, with the time as input (ms since the epoch). `saved` is
 * the state of an earlier limiter: its attempts under way count as ended at the first call. When the clock is set
 * back, the time until a place is free does not grow, so nothing waits longer than one period after the last end.
 */
export function createRateLimit({ limit, period }: RateLimit, saved?: RateLimitState): RateLimiter {
  const length = PERIOD[period] + CLOCK_STEP;
  const grain = limit > EXACT_UP_TO ? PERIOD[period] / EXACT_UP_TO : 1;
  const open = new Set<number>();
  let ended: Ended[] = [];
  let endedPlaces = 0;
  let restore = saved;
  // Monotonic time never goes back: it is the clock plus what the clock was set back so far.
  let monotonic = -Infinity;
  let ahead = 0;

  function advance(now: number): void {
    if (now + ahead < monotonic) ahead = monotonic - now;
    monotonic = now + ahead;
    if (restore) recall(restore);
    while (ended[0] && ended[0][0] + length <= monotonic) endedPlaces -= (ended.shift() as Ended)[1];
  }

  function recall(state: RateLimitState): void {
    restore = undefined;
    // An end in the future was written before the clock was set back: it is not later than now.
    ended = state.ended.map(([end, places]) => [Math.min(end, monotonic), places]);
    if (state.open > 0) ended.push([monotonic, state.open]);
    endedPlaces = ended.reduce((sum, [, places]) => sum + places, 0);
  }

  /** The monotonic time at which fewer than `limit` places are taken, if no attempt under way outlasts it. */
  function firstFree(): number {
    let toFree = endedPlaces + open.size - limit + 1;
    for (const [end, places] of ended) {
      toFree -= places;
      if (toFree <= 0) return end + length;
    }
    return monotonic + length;
  }

  function freeAt(now: number): number {
    if (limit === 0) return 0;
    advance(now);
    return endedPlaces + open.size >= limit ? firstFree() - ahead : 0;
  }

  return {
    freeAt,
    reserve(now) {
      const at = freeAt(now);
      if (at > 0) return { ok: false, at };
      lastSlot += 1;
      if (limit > 0) open.add(lastSlot);
      return { ok: true, slot: lastSlot };
    },
    release(slot, end) {
      if (!open.delete(slot)) return;
      // Never before the latest time known: a clock that was set back says nothing about how long the attempt took.
      monotonic = Math.max(monotonic, end + ahead);
      const rounded = Math.ceil(monotonic / grain) * grain;
      const last = ended.at(-1);
      if (last && last[0] >= rounded) last[1] += 1;
      else ended.push([rounded, 1]);
      endedPlaces += 1;
    },
    used(now) {
      if (limit === 0) return 0;
      advance(now);
      return endedPlaces + open.size;
    },
    state: () => restore ?? { ended: ended.map(([end, places]) => [end - ahead, places]), open: open.size },
  };
}
