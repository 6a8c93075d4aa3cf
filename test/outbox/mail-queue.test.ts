import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createMailQueue, createQueue, type MailQueue } from '../../nodes/outbox/mail-queue';
import { newProgress, type Entry } from '../../nodes/store/store';
import type { Priority } from '../../nodes/types';
import { newMail } from '../builders';

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

  it('keeps the order in which equal items came, wherever others are put in between', () => {
    const queue = createQueue<[rank: number, name: string]>(([rank]) => rank);
    for (const item of ['2a', '2b', '1a', '2c', '1b', '3a', '2d'])
      queue.add([Number(item[0]), item] as [number, string]);
    const taken = Array.from({ length: 7 }, () => queue.take()?.[1]);
    assert.deepEqual(taken, ['1a', '1b', '2a', '2b', '2c', '2d', '3a']);
  });

  it('gives each of many items once, in order, while further ones come', () => {
    const queue = createQueue<number>((rank) => rank);
    const taken: (number | undefined)[] = [];
    for (let i = 0; i < 9000; i++) {
      queue.add(i);
      if (i % 3 !== 0) taken.push(queue.take());
    }
    while (queue.size > 0) taken.push(queue.take());
    assert.deepEqual(taken, [...Array(9000).keys()]);
    assert.equal(queue.take(), undefined);
    assert.equal(queue.first(), undefined);
  });
});

describe('the mails that wait', () => {
  let queue: MailQueue;
  beforeEach(() => (queue = createMailQueue()));

  function add(subject: string, priority: Priority = 'normal', nextAttempt = 0): Entry {
    const mail = newMail([], { subject, priority });
    const entry = { mail, progress: { ...newProgress([]), nextAttempt }, recovered: false };
    queue.add(entry, 100);
    return entry;
  }
  const take = () => queue.take()?.mail.subject;

  it('leave by priority and then by age', () => {
    add('low', 'low');
    add('one');
    add('two');
    add('high', 'high');
    assert.deepEqual([take(), take(), take(), take(), take()], ['high', 'one', 'two', 'low', undefined]);
  });

  it('wait for their next attempt, and are back in their old place then', () => {
    add('old', 'normal', 200);
    add('new');
    assert.deepEqual([queue.ready, queue.deferred, queue.nextDue()], [1, 1, 200]);
    queue.promote(199);
    assert.equal(queue.ready, 1);
    queue.promote(200);
    assert.deepEqual([queue.ready, queue.deferred, queue.nextDue()], [2, 0, Infinity]);
    assert.deepEqual([take(), take()], ['old', 'new']);
  });

  it('can be picked out of those of the same priority', () => {
    for (const subject of ['a', 'b', 'c']) add(subject);
    add('low', 'low');
    assert.equal(queue.take((size) => size - 1)?.mail.subject, 'c');
    assert.deepEqual([take(), take(), take()], ['a', 'b', 'low']);
  });

  it('can be taken out all together, whatever they wait for', () => {
    add('deferred', 'high', 200);
    add('ready');
    const taken = queue.takeWhere(() => true).map(({ mail }) => mail.subject);
    assert.deepEqual(taken, ['ready', 'deferred']);
    assert.deepEqual([queue.ready, queue.deferred], [0, 0]);
  });
});
