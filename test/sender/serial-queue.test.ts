import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createSerialQueue } from '../../nodes/sender/pipeline/serial-queue';

describe('A serial queue', () => {
  it('runs steps one after the other, in the order in which they came', async () => {
    const next = createSerialQueue();
    const log: string[] = [];
    const slow = next(async () => {
      log.push('slow begins');
      await nextTurn();
      await nextTurn();
      log.push('slow ends');
    });
    const quick = next(async () => log.push('quick'));
    await Promise.all([slow, quick]);
    assert.deepEqual(log, ['slow begins', 'slow ends', 'quick']);
  });

  it('gives the result of each step to who asked for it, and goes on after one that fails', async () => {
    const next = createSerialQueue();
    const failing = next(() => Promise.reject(new Error('no')));
    const other = next(() => Promise.resolve(2));
    await assert.rejects(failing, { message: 'no' });
    assert.equal(await other, 2);
  });

  it('lets the rest of the process go on between steps that wait for nothing', async () => {
    const next = createSerialQueue();
    let steps = 0;
    /** Two milliseconds of work. */
    const step = async () => {
      for (const end = performance.now() + 2; performance.now() < end;);
      steps += 1;
    };
    const all = Array.from({ length: 50 }, () => next(step));
    const seen: number[] = [];
    while (steps < 50) {
      await nextTurn();
      seen.push(steps);
    }
    await Promise.all(all);
    const longest = Math.max(...seen.map((count, i) => count - (seen[i - 1] ?? 0)));
    assert.ok(longest <= 10, `${longest} steps in one turn`);
  });
});
