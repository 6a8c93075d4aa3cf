import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createQueue } from '../../nodes/outbox/mail-queue';

describe('the queue of the outbox', () => {
  it('gives items in ascending order of rank, whatever the order they came in', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 })), (ranks) => {
        const queue = createQueue<number>((rank) => rank);
        ranks.forEach((rank) => queue.add(rank));
        const taken = [];
        while (queue.size > 0) taken.push(queue.take());
        assert.deepEqual(
          taken,
          [...ranks].sort((a, b) => a - b),
        );
      }),
    );
  });

  it('keeps the order of arrival among items of equal rank', () => {
    const queue = createQueue<{ rank: number; name: string }>((item) => item.rank);
    for (const name of ['a', 'b', 'c']) queue.add({ rank: 1, name });
    assert.deepEqual(
      [queue.take()?.name, queue.take()?.name, queue.take()?.name, queue.take()],
      ['a', 'b', 'c', undefined],
    );
  });

  it('puts an item that comes back in its old place', () => {
    const queue = createQueue<number>((rank) => rank);
    for (let i = 0; i < 5000; i++) queue.add(i);
    for (let i = 0; i < 3000; i++) queue.take();
    queue.add(2990);
    assert.equal(queue.first(), 2990);
    assert.equal(queue.size, 2001);
  });

  it('takes out the items that a test holds for and leaves the others in order', () => {
    const queue = createQueue<number>((rank) => rank);
    [5, 1, 4, 2, 3].forEach((rank) => queue.add(rank));
    queue.take();
    assert.deepEqual(
      queue.takeWhere((rank) => rank % 2 === 0),
      [2, 4],
    );
    assert.deepEqual([queue.take(), queue.take(), queue.take()], [3, 5, undefined]);
  });
});
