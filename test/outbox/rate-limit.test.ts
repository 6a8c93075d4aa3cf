import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  createRateLimit,
  PERIOD,
  type RateLimiter,
  type RateLimitState,
} from '../../nodes/outbox/rate-limit';

/** Any time of the real clock. */
const T = 1_790_000_000_000;

function reserved(limiter: RateLimiter, now: number): number {
  const reservation = limiter.reserve(now);
  assert.ok(reservation.ok, `no place at ${now - T}`);
  return reservation.slot;
}

function refusedUntil(limiter: RateLimiter, now: number): number {
  const reservation = limiter.reserve(now);
  assert.ok(!reservation.ok, `a place at ${now - T}`);
  return reservation.at;
}

/** Takes a place for an attempt from `start` to `end`. */
function attempt(limiter: RateLimiter, start: number, end: number): void {
  limiter.release(reserved(limiter, start), end);
}

const throughJson = (state: RateLimitState) => JSON.parse(JSON.stringify(state)) as RateLimitState;

describe('createRateLimit', () => {
  it('gives as many places as the limit, then none', () => {
    const limiter = createRateLimit({ limit: 3, period: 'minute' });
    for (let i = 0; i < 3; i++) reserved(limiter, T);
    assert.equal(limiter.reserve(T).ok, false);
    assert.equal(limiter.used(T), 3);
  });

  it('keeps a place from the start of an attempt until a period after its end', () => {
    const limiter = createRateLimit({ limit: 1, period: 'second' });
    attempt(limiter, T, T + 700);
    assert.equal(refusedUntil(limiter, T + 1_000), T + 1_701);
    assert.equal(refusedUntil(limiter, T + 1_700), T + 1_701);
    assert.equal(limiter.used(T + 1_700), 1);
    assert.equal(limiter.used(T + 1_701), 0);
    reserved(limiter, T + 1_701);
  });

  it('keeps the place of an attempt under way, however long it takes', () => {
    const limiter = createRateLimit({ limit: 1, period: 'second' });
    const slot = reserved(limiter, T);
    assert.equal(limiter.reserve(T + 600_000).ok, false);
    limiter.release(slot, T + 600_000);
    reserved(limiter, T + 601_001);
  });

  it('names as the next time the one at which the first place is free', () => {
    const limiter = createRateLimit({ limit: 2, period: 'minute' });
    attempt(limiter, T, T + 10);
    attempt(limiter, T + 5_000, T + 5_010);
    assert.equal(refusedUntil(limiter, T + 6_000), T + 60_011);
  });

  it('names the soonest possible time while all places are under way', () => {
    const limiter = createRateLimit({ limit: 1, period: 'second' });
    reserved(limiter, T);
    assert.equal(refusedUntil(limiter, T + 400), T + 1_401);
  });

  it('frees a place once, even when its end is told twice', () => {
    const limiter = createRateLimit({ limit: 2, period: 'second' });
    const slot = reserved(limiter, T);
    limiter.release(slot, T);
    limiter.release(slot, T);
    limiter.release(123_456_789, T);
    assert.equal(limiter.used(T), 1);
  });

  it('has no limit when it is 0', () => {
    const limiter = createRateLimit({ limit: 0, period: 'second' });
    for (let i = 0; i < 1_000; i++) reserved(limiter, T);
    assert.equal(limiter.used(T), 0);
    assert.deepEqual(limiter.state(), { ended: [], open: 0 });
  });

  describe('after a restart', () => {
    it('still counts what ended before', () => {
      const before = createRateLimit({ limit: 2, period: 'day' });
      attempt(before, T, T + 100);
      attempt(before, T + 1_000, T + 1_100);
      const after = createRateLimit({ limit: 2, period: 'day' }, throughJson(before.state()));
      assert.equal(refusedUntil(after, T + 60_000), T + PERIOD.day + 101);
      reserved(after, T + PERIOD.day + 101);
    });

    it('counts an attempt that was under way as ended at the restart', () => {
      const before = createRateLimit({ limit: 1, period: 'minute' });
      reserved(before, T);
      const after = createRateLimit({ limit: 1, period: 'minute' }, throughJson(before.state()));
      assert.equal(refusedUntil(after, T + 5_000), T + 65_001);
    });

    it('passes on a state that it was never asked about', () => {
      const before = createRateLimit({ limit: 5, period: 'minute' });
      attempt(before, T, T + 1);
      reserved(before, T + 2);
      const between = createRateLimit({ limit: 5, period: 'minute' }, before.state());
      assert.deepEqual(between.state(), { ended: [[T + 1, 1]], open: 1 });
    });

    it('holds a limit that is lower than before', () => {
      const before = createRateLimit({ limit: 4, period: 'minute' });
      for (const ms of [0, 1_000, 2_000, 3_000]) attempt(before, T + ms, T + ms);
      const after = createRateLimit({ limit: 2, period: 'minute' }, before.state());
      assert.equal(refusedUntil(after, T + 4_000), T + 62_001);
      reserved(after, T + 62_001);
    });

    it('is not blocked for longer than a period by ends in the future', () => {
      const state: RateLimitState = { ended: [[T + 10 * PERIOD.day, 1]], open: 0 };
      const limiter = createRateLimit({ limit: 1, period: 'minute' }, state);
      assert.equal(refusedUntil(limiter, T), T + 60_001);
      reserved(limiter, T + 60_001);
    });

    it('does not let the end of an attempt of the limiter before free a place', () => {
      const before = createRateLimit({ limit: 1, period: 'minute' });
      const old = reserved(before, T);
      const after = createRateLimit({ limit: 1, period: 'minute' });
      reserved(after, T);
      after.release(old, T);
      assert.equal(after.state().open, 1);
    });
  });

  describe('when the clock is set back', () => {
    it('blocks for no longer than one period', () => {
      const limiter = createRateLimit({ limit: 1, period: 'minute' });
      attempt(limiter, T, T + 100);
      const back = T - PERIOD.day;
      assert.equal(refusedUntil(limiter, back), back + 60_001);
      assert.equal(refusedUntil(limiter, back + 60_000), back + 60_001);
      reserved(limiter, back + 60_001);
    });

    it('does not free a place too early when the jump is within an attempt', () => {
      const limiter = createRateLimit({ limit: 1, period: 'minute' });
      attempt(limiter, T, T - 30_000);
      assert.equal(refusedUntil(limiter, T - 30_000), T + 30_001);
    });

    it('blocks for no longer than one period when the end of an attempt is the first to show it', () => {
      const limiter = createRateLimit({ limit: 2, period: 'minute' });
      const slot = reserved(limiter, T);
      attempt(limiter, T, T + 100);
      const back = T - PERIOD.day;
      limiter.release(slot, back);
      assert.equal(refusedUntil(limiter, back), back + 60_001);
      reserved(limiter, back + 60_001);
    });

    it('writes its state in the new time', () => {
      const limiter = createRateLimit({ limit: 2, period: 'minute' });
      attempt(limiter, T, T + 100);
      limiter.used(T - PERIOD.day);
      assert.deepEqual(limiter.state().ended, [[T - PERIOD.day, 1]]);
    });
  });

  it('keeps a small state and exact counts at a limit of 100,000 a day', () => {
    const limit = 100_000;
    const limiter = createRateLimit({ limit, period: 'day' });
    const step = PERIOD.day / limit;
    for (let i = 0; i < limit; i++) attempt(limiter, Math.floor(T + i * step), Math.floor(T + i * step) + 50);
    const now = T + PERIOD.day - 1;
    assert.equal(limiter.used(now), limit);
    assert.ok(limiter.state().ended.length <= 1_002, String(limiter.state().ended.length));
    const at = refusedUntil(limiter, now);
    assert.ok(at > T + 50 + PERIOD.day && at <= T + 50 + PERIOD.day * 1.001 + 1, String(at - T - PERIOD.day));
  });

  it('never lets the server count more than the limit in any window, whatever happens', () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 800 }),
      duration: fc.integer({ min: 0, max: 3_000 }),
      // When in the attempt the server counts it.
      counted: fc.double({ min: 0, max: 1, noNaN: true }),
      restart: fc.boolean(),
      back: fc.oneof({ arbitrary: fc.constant(0), weight: 5 }, fc.integer({ min: 1, max: 5_000 })),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(step, { minLength: 10, maxLength: 60 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (limit, steps, offset) => {
          let limiter = createRateLimit({ limit, period: 'second' });
          let real = offset;
          let setBack = 0;
          const clock = (time: number) => T + Math.floor(time) - setBack;
          let underWay: { slot: number; end: number; index: number }[] = [];
          const counts: number[] = [];
          for (const { wait, duration, counted, restart, back } of steps) {
            real += wait;
            setBack += back;
            for (const done of underWay.filter(({ end }) => end <= real))
              limiter.release(done.slot, clock(done.end));
            underWay = underWay.filter(({ end }) => end > real);
            if (restart) {
              // The process is killed: what was under way can not be counted any later.
              for (const { index } of underWay) counts[index] = Math.min(counts[index] as number, real);
              underWay = [];
              limiter = createRateLimit({ limit, period: 'second' }, throughJson(limiter.state()));
            }
            const reservation = limiter.reserve(clock(real));
            if (!reservation.ok) continue;
            underWay.push({ slot: reservation.slot, end: real + duration, index: counts.length });
            counts.push(real + duration * counted);
          }
          counts.sort((a, b) => a - b);
          for (let i = 0; i + limit < counts.length; i++) {
            const span = (counts[i + limit] as number) - (counts[i] as number);
            assert.ok(span > PERIOD.second, `${limit + 1} mails in ${span} ms`);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
