import assert from 'node:assert/strict';
import {
  addEvent,
  batchKey,
  countEvents,
  dueBatches,
  emptyBatches,
  flushBatches,
  nextDue,
  resetBatches,
  type Batches,
} from '../../nodes/mail/batch';

const rules = { size: 3, timeout: 10_000 };

function add(batches: Batches<string>, event: string, now: number, key = 'k', alone = false) {
  return addEvent(batches, rules, { key, event, now, alone });
}

const waitingIn = (batches: Batches<string>) => flushBatches(batches).send.map(({ events }) => events);

describe('A batch', () => {
  it('is sent when it is full, with its events in order', () => {
    const first = add(emptyBatches(), 'a', 0);
    const second = add(first.batches, 'b', 1);
    const third = add(second.batches, 'c', 2);
    assert.equal(first.send, null);
    assert.equal(second.send, null);
    assert.deepEqual(third.send?.events, ['a', 'b', 'c']);
    assert.equal(third.batches.size, 0);
  });

  it('has a clock that starts with its first event and is not restarted', () => {
    const first = add(emptyBatches(), 'a', 1000);
    assert.equal(first.startTimer, 11_000);
    const second = add(first.batches, 'b', 9000);
    assert.equal(second.startTimer, null);
    assert.equal(nextDue(second.batches), 11_000);
    assert.deepEqual(dueBatches(second.batches, 10_999).send, []);
    const due = dueBatches(second.batches, 11_000);
    assert.deepEqual(
      due.send.map(({ events }) => events),
      [['a', 'b']],
    );
    assert.equal(due.batches.size, 0);
  });

  it('of one is each event at once', () => {
    const { send, batches } = addEvent(
      emptyBatches<string>(),
      { size: 1, timeout: 10_000 },
      { key: 'k', event: 'a', now: 0, alone: false },
    );
    assert.deepEqual(send?.events, ['a']);
    assert.equal(nextDue(batches), null);
  });

  it('never holds events with different keys', () => {
    let batches = add(emptyBatches(), 'a1', 0, 'a').batches;
    batches = add(batches, 'b1', 1, 'b').batches;
    batches = add(batches, 'a2', 2, 'a').batches;
    const full = add(batches, 'a3', 3, 'a');
    assert.deepEqual(full.send?.events, ['a1', 'a2', 'a3']);
    assert.deepEqual(waitingIn(full.batches), [['b1']]);
    assert.equal(countEvents(batches), 3);
  });

  it('is passed over by an event that leaves alone', () => {
    const waiting = add(emptyBatches(), 'a', 0).batches;
    const { send, batches, startTimer } = add(waiting, 'urgent', 1, 'k', true);
    assert.deepEqual(send?.events, ['urgent']);
    assert.equal(startTimer, null);
    assert.deepEqual(waitingIn(batches), [['a']]);
  });

  it('is flushed with all others, the oldest first', () => {
    let batches = add(emptyBatches(), 'a', 0, 'a').batches;
    batches = add(batches, 'b', 1, 'b').batches;
    const flushed = flushBatches(batches);
    assert.deepEqual(
      flushed.send.map(({ key }) => key),
      ['a', 'b'],
    );
    assert.equal(flushed.batches.size, 0);
  });

  it('is dropped by a reset, which names the events', () => {
    let batches = add(emptyBatches(), 'a', 0, 'a').batches;
    batches = add(batches, 'b', 1, 'b').batches;
    const reset = resetBatches(batches);
    assert.deepEqual(reset.dropped, ['a', 'b']);
    assert.equal(reset.batches.size, 0);
  });

  it('leaves the state that it was added to unchanged', () => {
    const before = add(emptyBatches(), 'a', 0).batches;
    const { batches } = add(before, 'b', 1);
    add(before, 'c', 2);
    assert.deepEqual(waitingIn(batches), [['a', 'b']]);
    assert.deepEqual(waitingIn(before), [['a']]);
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
