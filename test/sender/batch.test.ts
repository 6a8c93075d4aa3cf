import assert from 'node:assert/strict';
import { batchKey } from '../../nodes/mail/batch-key';
import { createBatches, type Batch, type Batches } from '../../nodes/sender/batch';

const rules = { size: 3, timeout: 10_000 };

function add(batches: Batches<string>, event: string, now: number, key = 'k', alone = false) {
  return batches.add({ key, event, now, alone });
}

const eventsOf = (taken: Batch<string>[]) => taken.map(({ events }) => events);

describe('A batch', () => {
  let batches: Batches<string>;

  beforeEach(() => {
    batches = createBatches(rules);
  });

  it('is sent when it is full, with its events in order', () => {
    assert.equal(add(batches, 'a', 0), null);
    assert.equal(add(batches, 'b', 1), null);
    assert.deepEqual(add(batches, 'c', 2)?.events, ['a', 'b', 'c']);
    assert.equal(batches.nextDue(), null);
    assert.equal(batches.waiting, 0);
  });

  it('has a clock that starts with its first event and is not restarted', () => {
    add(batches, 'a', 1000);
    assert.equal(batches.nextDue(), 11_000);
    add(batches, 'b', 9000);
    assert.equal(batches.nextDue(), 11_000);
    assert.deepEqual(batches.takeDue(10_999), []);
    assert.deepEqual(eventsOf(batches.takeDue(11_000)), [['a', 'b']]);
    assert.equal(batches.nextDue(), null);
  });

  it('of one is each event at once', () => {
    batches = createBatches({ size: 1, timeout: 10_000 });
    assert.deepEqual(add(batches, 'a', 0)?.events, ['a']);
    assert.equal(batches.nextDue(), null);
  });

  it('never holds events with different keys', () => {
    add(batches, 'a1', 0, 'a');
    add(batches, 'b1', 1, 'b');
    add(batches, 'a2', 2, 'a');
    assert.equal(batches.waiting, 3);
    assert.deepEqual(add(batches, 'a3', 3, 'a')?.events, ['a1', 'a2', 'a3']);
    assert.deepEqual(eventsOf(batches.takeAll()), [['b1']]);
  });

  it('is passed over by an event that leaves alone', () => {
    add(batches, 'a', 0);
    assert.deepEqual(add(batches, 'urgent', 1, 'k', true)?.events, ['urgent']);
    assert.equal(batches.nextDue(), 10_000);
    assert.deepEqual(eventsOf(batches.takeAll()), [['a']]);
  });

  it('is taken out with all others, the oldest first', () => {
    add(batches, 'a', 0, 'a');
    add(batches, 'b', 1, 'b');
    assert.deepEqual(
      batches.takeAll().map(({ key }) => key),
      ['a', 'b'],
    );
    assert.equal(batches.waiting, 0);
    assert.equal(batches.nextDue(), null);
  });

  it('that is due leaves, the oldest first, and the younger ones go on waiting', () => {
    for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) add(batches, `${key}1`, i * 1000, key);
    add(batches, 'a2', 5000, 'a');
    assert.deepEqual(eventsOf(batches.takeDue(11_500)), [['a1', 'a2'], ['b1']]);
    assert.equal(batches.nextDue(), 12_000);
    assert.equal(batches.waiting, 2);
  });

  it('that began before others takes its place among them, whenever it is added', () => {
    add(batches, 'late', 5000, 'late');
    add(batches, 'early', 1000, 'early');
    add(batches, 'between', 3000, 'between');
    add(batches, 'last', 5000, 'last');
    assert.equal(batches.nextDue(), 11_000);
    assert.deepEqual(eventsOf(batches.takeDue(13_000)), [['early'], ['between']]);
    assert.deepEqual(eventsOf(batches.takeAll()), [['late'], ['last']]);
  });

  it('gives an event back, keeps its clock and its others, and is gone without any', () => {
    for (const [now, event] of ['a', 'b'].entries()) add(batches, event, now);
    add(batches, 'x', 2, 'other');
    assert.equal(batches.remove('k', 'a'), true);
    assert.equal(batches.remove('k', 'a'), false);
    assert.equal(batches.remove('nobody', 'a'), false);
    assert.equal(batches.nextDue(), 10_000);
    assert.equal(batches.waiting, 2);
    assert.equal(batches.remove('k', 'b'), true);
    assert.equal(batches.nextDue(), 10_002);
    assert.deepEqual(eventsOf(batches.takeAll()), [['x']]);
  });

  it('that has left gives no event back', () => {
    for (const event of ['a', 'b', 'c']) add(batches, event, 0);
    add(batches, 'd', 0);
    assert.equal(batches.remove('k', 'b'), false);
    assert.deepEqual(eventsOf(batches.takeAll()), [['d']]);
  });

  it('waits among 50,000 others', () => {
    // Steps that grew with the number of batches would take minutes, and the time limit of the test ends them.
    for (let i = 0; i < 50_000; i++) {
      add(batches, 'e', i, `k${i}`);
      assert.equal(batches.nextDue(), 10_000);
    }
    assert.equal(batches.waiting, 50_000);
    assert.equal(batches.takeDue(10_000 + 24_999).length, 25_000);
    assert.equal(batches.nextDue(), 10_000 + 25_000);
  });
});

describe('batchKey', () => {
  it('is the same for the same parts and never for others', () => {
    assert.equal(batchKey(['a', 'b']), batchKey(['a', 'b']));
    const keys = [['a', 'b'], ['a,b'], ['a', '', 'b'], ['ab', ''], ['', 'ab'], ['a","b'], ['a', 'b', '']].map(
      batchKey,
    );
    assert.equal(new Set(keys).size, keys.length);
  });
});
