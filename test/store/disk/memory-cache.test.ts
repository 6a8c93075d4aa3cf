import assert from 'node:assert/strict';
import { createMemoryShare } from '../../../nodes/store/disk/memory-cache';

describe('the share of mails in memory', () => {
  const evicted: string[] = [];
  const setUp = (mails: number, bytes: number) => {
    evicted.length = 0;
    const share = createMemoryShare({ mails, bytes });
    return { share, keep: (id: string, size: number) => share.keep(id, size, () => evicted.push(id)) };
  };

  it('drops the oldest when there are too many', () => {
    const { share, keep } = setUp(2, 100);
    for (const id of ['a', 'b', 'c']) keep(id, 1);
    assert.deepEqual(evicted, ['a']);
    assert.deepEqual([share.has('a'), share.has('b'), share.has('c')], [false, true, true]);
  });

  it('drops as many of the oldest as a new one needs', () => {
    const { keep } = setUp(10, 100);
    keep('a', 40);
    keep('b', 40);
    keep('c', 10);
    keep('d', 90);
    assert.deepEqual(evicted, ['a', 'b']);
  });

  it('does not take one that is larger than all of it', () => {
    const { share, keep } = setUp(10, 100);
    keep('a', 100);
    keep('b', 101);
    assert.deepEqual(evicted, ['b']);
    assert.equal(share.has('a'), true);
  });

  it('has room again for what was forgotten, without dropping it', () => {
    const { share, keep } = setUp(10, 100);
    keep('a', 100);
    share.forget('a');
    share.forget('a');
    keep('b', 100);
    assert.deepEqual(evicted, []);
  });
});
