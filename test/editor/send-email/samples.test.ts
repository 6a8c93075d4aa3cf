import assert from 'node:assert/strict';
import { firstMail, readSamples, startSamples, writeSamples } from '../../../nodes/editor/send-email/samples';

const WORDS = { topic: 'T', first: 'first', second: 'second "quoted"' };

describe('sample msgs', () => {
  it('are one msg or a list of them', () => {
    assert.deepEqual(readSamples('{"payload": 1}'), { samples: [{ payload: 1 }] });
    assert.deepEqual(readSamples('[{"payload": 1}, {}]'), { samples: [{ payload: 1 }, {}] });
  });

  it('are refused with the reason', () => {
    const key = (json: string) => {
      const read = readSamples(json);
      return 'problem' in read ? read.problem.key : 'none at all';
    };
    assert.equal(key('{payload: 1}'), 'json');
    assert.equal(key(''), 'json');
    for (const json of ['1', 'null', '"text"', '[1]', '[{}, null]', '[[]]'])
      assert.equal(key(json), 'shape', json);
    assert.equal(key('[]'), 'none');
    assert.equal(key(JSON.stringify(Array.from({ length: 1001 }, () => ({})))), 'many');
  });

  it('of a JSON mistake the parser says what it is', () => {
    const read = readSamples('{');
    assert.match('problem' in read ? (read.problem.reason ?? '') : '', /JSON/);
  });

  it('share a mail up to the number of events in one', () => {
    const samples = [{ n: 1 }, { n: 2 }, { n: 3 }];
    assert.deepEqual(firstMail(samples, '1'), [{ n: 1 }]);
    assert.deepEqual(firstMail(samples, ' 2 '), [{ n: 1 }, { n: 2 }]);
    assert.deepEqual(firstMail(samples, '10'), samples);
  });

  it('share a mail all together when the number is not known yet, and are at least one', () => {
    const samples = [{ n: 1 }, { n: 2 }];
    for (const size of ['${SIZE}', '', 'two']) assert.deepEqual(firstMail(samples, size), samples, size);
    assert.deepEqual(firstMail(samples, '0'), [{ n: 1 }]);
  });

  it('to start with can be read, and name a recipient only when it is needed', () => {
    for (const needed of [true, false]) {
      const read = readSamples(startSamples(WORDS, needed));
      assert.ok('samples' in read);
      assert.equal(read.samples.length, 3);
      assert.ok(read.samples.every((sample) => 'to' in sample === needed));
    }
  });

  it('are written with one msg on a line, long ones indented, and read back as they were', () => {
    const samples = [{ payload: 1 }, { payload: 'x'.repeat(100), topic: 'long' }];
    const written = writeSamples(samples);
    assert.match(
      written,
      /^\[\n {2}\{"payload":1\},\n {2}\{\n {4}"payload": "x+",\n {4}"topic": "long"\n {2}\}\n\]$/,
    );
    assert.deepEqual(readSamples(written), { samples });
  });
});
