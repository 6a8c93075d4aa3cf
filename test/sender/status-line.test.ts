import assert from 'node:assert/strict';
import { mock } from 'node:test';
import type { StatusView } from '../../nodes/connector/status';
import { createStatusLine } from '../../nodes/sender/status';

const view = (text: string): StatusView => ({ fill: 'green', shape: 'dot', text });

describe('A status line', () => {
  let written: string[];
  let line: ReturnType<typeof createStatusLine>;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    written = [];
    line = createStatusLine(({ text }) => written.push(text));
  });

  afterEach(() => mock.timers.reset());

  it('shows the first status at once and of those that follow quickly only the last', () => {
    for (const text of ['a', 'b', 'c']) line.show(() => view(text));
    assert.deepEqual(written, ['a']);
    mock.timers.tick(1_000);
    assert.deepEqual(written, ['a', 'c']);
    mock.timers.tick(1_000);
    line.show(() => view('d'));
    assert.deepEqual(written, ['a', 'c', 'd']);
  });

  it('looks at the node only when it shows something', () => {
    let looks = 0;
    for (let i = 0; i < 1_000; i++) {
      line.show(() => {
        looks += 1;
        return view(`${i}`);
      });
    }
    mock.timers.tick(1_000);
    assert.deepEqual(written, ['0', '999']);
    assert.equal(looks, 2);
  });

  it('shows what holds when the pause is over', () => {
    let now = 'first';
    line.show(() => view(now));
    line.show(() => view(now));
    now = 'second';
    mock.timers.tick(1_000);
    assert.deepEqual(written, ['first', 'second']);
  });

  it('writes nothing twice', () => {
    line.show(() => view('a'));
    line.show(() => view('a'));
    mock.timers.tick(1_000);
    assert.deepEqual(written, ['a']);
  });

  it('is silent after it was closed', () => {
    line.show(() => view('a'));
    line.show(() => view('b'));
    line.close();
    line.show(() => view('c'));
    line.repeat();
    mock.timers.tick(1_000);
    assert.deepEqual(written, ['a']);
  });

  it('repeats at once what it shows', () => {
    line.show(() => view('a'));
    line.show(() => view('b'));
    line.repeat();
    assert.deepEqual(written, ['a', 'a']);
    mock.timers.tick(1_000);
    line.repeat();
    assert.deepEqual(written, ['a', 'a', 'b', 'b']);
  });

  it('has nothing to repeat before it showed anything', () => {
    line.repeat();
    assert.deepEqual(written, []);
  });
});
