import assert from 'node:assert/strict';
import { createMemoryShare } from '../../../nodes/store/disk/memory-cache';

describe('the share of mails in memory', () => {
  it('keeps those that came first, which leave first', () => {
    const share = createMemoryShare({ mails: 2, bytes: 100 });
    assert.deepEqual(
      ['a', 'b', 'c'].map((id) => share.keep(id, 1)),
      [true, true, false],
    );
    assert.deepEqual([share.has('a'), share.has('b'), share.has('c')], [true, true, false]);
  });

  it('has no room for more bytes than it may have', () => {
    const share = createMemoryShare({ mails: 10, bytes: 100 });
    assert.deepEqual([share.keep('a', 60), share.keep('b', 41), share.keep('c', 40)], [true, false, true]);
  });

  it('has room again for what was forgotten', () => {
    const share = createMemoryShare({ mails: 10, bytes: 100 });
    share.keep('a', 100);
    share.forget('a');
    share.forget('a');
    assert.equal(share.keep('b', 100), true);
  });
});
