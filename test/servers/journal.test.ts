import assert from 'node:assert/strict';
import { createJournal } from './journal';

describe('a journal', () => {
  const numbers = () => createJournal<number>('numbers', (n) => `number ${n}`);

  it('gives what came before the wait and what comes after it', async () => {
    const journal = numbers();
    journal.add(1);
    const both = journal.waitFor(2);
    journal.add(2);
    assert.deepEqual(await both, [1, 2]);
    assert.equal(await journal.waitForOne((n) => n > 1), 2);
  });

  it('hands out each item once, in order, to those who ask for the next', async () => {
    const journal = numbers();
    const first = journal.next();
    const second = journal.next();
    journal.add(7);
    journal.add(8);
    assert.deepEqual([await first, await second], [7, 8]);
  });

  it('lists what did come when a wait runs out', async () => {
    const journal = numbers();
    journal.add(5);
    await assert.rejects(journal.waitFor(2, 5), /waited 5 ms for 2 of numbers: 1 came[^]*number 5/);
    await assert.rejects(
      numbers().waitForOne(() => true, 5),
      /nothing came/,
    );
  });

  it('ends every wait when it fails', async () => {
    const journal = numbers();
    const waiting = journal.waitForOne(() => true);
    journal.fail(new Error('the process is gone'));
    await assert.rejects(waiting, /the process is gone/);
    await assert.rejects(journal.next(), /the process is gone/);
  });
});
