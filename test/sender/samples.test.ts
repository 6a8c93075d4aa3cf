import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createSamples, sampleOf } from '../../nodes/sender/samples';

describe('samples of the last msgs', () => {
  it('are the last five, oldest first', () => {
    const samples = createSamples();
    for (let n = 1; n <= 7; n++) samples.add({ payload: n });
    assert.deepEqual(
      samples.list().map(({ payload }) => payload),
      [3, 4, 5, 6, 7],
    );
  });

  it('are copies, which do not change with the msg', () => {
    const samples = createSamples();
    const msg = { payload: { level: 1 } };
    samples.add(msg);
    msg.payload.level = 2;
    assert.deepEqual(samples.list(), [{ payload: { level: 1 } }]);
  });

  it('leave out what holds the login of whoever asked, and what is no data', () => {
    const request = Object.assign(new EventEmitter(), { headers: { authorization: 'Bearer x' } });
    const circle: Record<string, unknown> = { name: 'circle', act: () => 1 };
    circle['self'] = circle;
    assert.deepEqual(
      sampleOf({ payload: 'x', req: request, res: {}, circle, nothing: undefined, none: null }),
      {
        payload: 'x',
        circle: { name: 'circle' },
        none: null,
      },
    );
  });

  it('have what is no JSON in a form that reads as the same', () => {
    const msg = {
      payload: Buffer.from('pump'),
      when: new Date(0),
      big: 12n,
      error: Object.assign(new Error('broken'), { code: 'E1' }),
      map: new Map([['a', 1]]),
      list: new Set([1, undefined]),
    };
    assert.deepEqual(sampleOf(msg), {
      payload: { type: 'Buffer', data: [...Buffer.from('pump')] },
      when: '1970-01-01T00:00:00.000Z',
      big: '12',
      error: { code: 'E1', message: 'broken' },
      map: { a: 1 },
      list: [1, null],
    });
  });

  it('stay small, whatever the msg', () => {
    const deep = { at: {} };
    let at: Record<string, unknown> = deep.at;
    for (let n = 0; n < 1000; n++) at = at['next'] = {};
    const huge = {
      payload: Buffer.alloc(1_000_000),
      text: 'x'.repeat(1_000_000),
      list: Array.from({ length: 1_000_000 }, () => []),
      deep,
      rest: 'not reached',
    };
    const sample = sampleOf(huge);
    assert.equal((sample.payload as { data: number[] }).data.length, 32);
    assert.match(String(sample['text']), /^x{4000}…$/);
    assert.ok(JSON.stringify(sample).length < 100_000, String(JSON.stringify(sample).length));
    assert.equal(sample['rest'], undefined);
  });

  it('survive a property that throws', () => {
    const payload = Object.defineProperty({ good: 1 }, 'bad', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    assert.equal(sampleOf({ payload, topic: 't' }).topic, 't');
    assert.deepEqual(sampleOf(Object.assign(payload, { topic: 't' })), { good: 1, topic: 't' });
  });
});
