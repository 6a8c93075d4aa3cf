import assert from 'node:assert/strict';
import type { Node } from 'node-red';
import { takerCame, takerLeft, takerOf, untilBack, type Taker } from '../../nodes/connector/takers';

const taker = (id: string): Taker => ({ node: { id } as Node, report: () => undefined });

/** The start of the flows of a deploy. */
function deploy(): { flows: Promise<void>; started: () => Promise<void> } {
  let resolve = (): void => undefined;
  const flows = new Promise<void>((done) => (resolve = done));
  return {
    flows,
    async started() {
      resolve();
      await flows;
    },
  };
}

describe('the takers of outcomes', () => {
  let told: string[];
  const tell = (what: string) => () => told.push(what);
  let serial = 0;
  let id: string;
  beforeEach(() => {
    told = [];
    // They are those of the process.
    id = `taker-${++serial}`;
  });

  it('are unknown before they came, and nothing is put off for them', () => {
    assert.equal(takerOf(id), undefined);
    assert.equal(untilBack(id), null);
  });

  it('take at once while they are there', async () => {
    const one = taker(id);
    takerCame(one, Promise.resolve());
    assert.equal(takerOf(id), one);
    await Promise.resolve();
    assert.equal(untilBack(id), null);
  });

  it('are told in order what was put off, when the flows of the next deploy have started', async () => {
    const one = taker(id);
    takerCame(one, Promise.resolve());
    takerLeft(one, false);
    assert.equal(takerOf(id), undefined);
    untilBack(id)?.(tell('first'));
    untilBack(id)?.(tell('second'));
    const { flows, started } = deploy();
    const next = taker(id);
    takerCame(next, flows);
    assert.equal(takerOf(id), next);
    // It is there, but what it sends would not arrive yet.
    untilBack(id)?.(tell('third'));
    await new Promise(setImmediate);
    assert.deepEqual(told, []);
    await started();
    assert.deepEqual(told, ['first', 'second', 'third']);
    assert.equal(untilBack(id), null);
  });

  it('keep what waits over a deploy that begins before the last one has started', async () => {
    const one = taker(id);
    takerCame(one, Promise.resolve());
    takerLeft(one, false);
    untilBack(id)?.(tell('kept'));
    const second = deploy();
    const two = taker(id);
    takerCame(two, second.flows);
    takerLeft(two, false);
    await second.started();
    assert.deepEqual(told, []);
    const third = deploy();
    takerCame(taker(id), third.flows);
    await third.started();
    assert.deepEqual(told, ['kept']);
  });

  it('put nothing off when they were removed, and let go what waited', () => {
    const one = taker(id);
    takerCame(one, Promise.resolve());
    takerLeft(one, false);
    untilBack(id)?.(tell('waited'));
    takerLeft(one, true);
    assert.deepEqual(told, ['waited']);
    assert.equal(takerOf(id), undefined);
    assert.equal(untilBack(id), null);
  });

  it('stay when an older one of the same node leaves late', () => {
    const old = taker(id);
    const current = taker(id);
    takerCame(old, Promise.resolve());
    takerCame(current, Promise.resolve());
    takerLeft(old, true);
    assert.equal(takerOf(id), current);
  });

  it('are told apart', async () => {
    const one = taker(id);
    takerCame(one, Promise.resolve());
    takerLeft(one, false);
    untilBack(id)?.(tell('one'));
    const other = deploy();
    takerCame(taker(`${id}-other`), other.flows);
    await other.started();
    assert.deepEqual(told, []);
    assert.equal(untilBack(`${id}-other`), null);
  });
});
