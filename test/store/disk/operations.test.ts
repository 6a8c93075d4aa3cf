import assert from 'node:assert/strict';
import { createOperations, newestOnly } from '../../../nodes/store/disk/operations';

/** A call that ends when the test says so. */
function call<T = void>(): { work: () => Promise<T>; end: (value: T) => void; fail: (error: Error) => void } {
  let [end, fail]: [(value: T) => void, (error: Error) => void] = [() => undefined, () => undefined];
  const promise = new Promise<T>((resolve, reject) => ([end, fail] = [resolve, reject]));
  return { work: () => promise, end: (value) => end(value), fail: (error) => fail(error) };
}

describe('the calls of a store under way', () => {
  it('make what they are about busy until the last of them has ended, well or not', async () => {
    const operations = createOperations();
    const [first, second] = [call(), call()];
    const running = [operations.run(['a', 'b'], first.work), operations.run(['b'], second.work)];
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => operations.isBusy(key)),
      [true, true, false],
    );
    first.end();
    await running[0];
    assert.deepEqual(
      ['a', 'b'].map((key) => operations.isBusy(key)),
      [false, true],
    );
    second.fail(new Error('disk'));
    await assert.rejects(running[1] as Promise<void>, { message: 'disk' });
    assert.equal(operations.isBusy('b'), false);
  });

  it('give their result', async () => {
    const operations = createOperations();
    assert.equal(await operations.run([], () => Promise.resolve(7)), 7);
  });

  it('are all over when `ended` resolves, also those that began meanwhile', async () => {
    const operations = createOperations();
    const [first, second] = [call(), call()];
    let ended = false;
    const failing = operations.run(['a'], first.work);
    const all = operations.ended().then(() => (ended = true));
    const later = operations.run(['b'], second.work);
    first.fail(new Error('disk'));
    await assert.rejects(failing);
    assert.equal(ended, false);
    second.end();
    await later;
    await all;
  });
});

describe('values of which only the newest counts', () => {
  it('are written one at a time, and those that were overtaken are not written at all', async () => {
    const written: number[] = [];
    const writes: { end: () => void }[] = [];
    const write = newestOnly((value: number) => {
      written.push(value);
      const one = call();
      writes.push({ end: () => one.end() });
      return one.work();
    });
    const first = write(1);
    await Promise.resolve();
    assert.deepEqual(written, [1]);
    const [second, third, fourth] = [write(2), write(3), write(4)];
    // Who asked for an older value hears when the newer one is safe.
    assert.equal(second, third);
    assert.equal(third, fourth);
    writes[0]?.end();
    await first;
    await Promise.resolve();
    assert.deepEqual(written, [1, 4]);
    writes[1]?.end();
    await fourth;
  });

  it('tell whoever asked when they could not be written, and the next one is', async () => {
    const written: number[] = [];
    const write = newestOnly(async (value: number) => {
      if (value === 1) throw new Error('disk');
      written.push(value);
    });
    const first = write(1);
    const second = write(2);
    // The second replaced the first, which had not begun.
    assert.equal(first, second);
    await second;
    await assert.rejects(write(1), { message: 'disk' });
    await write(3);
    assert.deepEqual(written, [2, 3]);
  });
});
