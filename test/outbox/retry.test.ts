import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FIRST_WAIT, LONGEST_WAIT, nextAttempt, plannedAttempt, retryWait } from '../../nodes/outbox/retry';

const least = () => 0;
const most = () => 1;
const SECOND = 1_000;

describe('retryWait', () => {
  it('begins at 15 s and doubles until 12 min, when chance adds nothing', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => retryWait(attempt, least) / SECOND);
    assert.deepEqual(waits, [15, 30, 60, 120, 240, 480, 720, 720]);
  });

  it('is longer by a quarter at most, and then ends at 15 min', () => {
    const waits = [1, 2, 6, 7, 100].map((attempt) => retryWait(attempt, most) / SECOND);
    assert.deepEqual(waits, [18.75, 37.5, 600, 900, 900]);
  });

  it('stays from 15 s to 15 min, whatever the attempt and the chance', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, chance) => {
          const wait = retryWait(attempt, () => chance);
          assert.ok(Number.isInteger(wait) && wait >= FIRST_WAIT && wait <= LONGEST_WAIT, String(wait));
        },
      ),
    );
  });

  it('spreads attempts that failed together', () => {
    const waits = [0, 0.1, 0.5, 0.9].map((chance) => retryWait(9, () => chance));
    assert.equal(new Set(waits).size, waits.length);
  });
});

describe('nextAttempt', () => {
  it('follows the schedule when that is longer than the least wait', () => {
    assert.equal(nextAttempt(1_000_000, 3, 5 * SECOND, least), 1_000_000 + 60 * SECOND);
  });

  it('is not before the least wait', () => {
    assert.equal(nextAttempt(1_000_000, 1, 3600 * SECOND, most), 1_000_000 + 3600 * SECOND);
  });
});

describe('plannedAttempt', () => {
  it('is as planned, but no more than an hour away when the clock was set back', () => {
    const now = 10_000_000;
    assert.equal(plannedAttempt(now + 900 * SECOND, now), now + 900 * SECOND);
    assert.equal(plannedAttempt(now - 1, now), now - 1);
    assert.equal(plannedAttempt(now + 86_400 * SECOND, now), now + 3600 * SECOND);
  });
});
