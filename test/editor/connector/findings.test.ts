import assert from 'node:assert/strict';
import { marksOf } from '../../../nodes/editor/connector/findings';

const finding = (line: number | null) => ({ line, key: 'k', code: 'C', message: 'm' });
const places = (text: string, line: number | null) =>
  marksOf(text, 'error', [finding(line)]).map((mark) => [mark.line, mark.from, mark.to]);

describe('marks in the properties', () => {
  it('reach from the first character of the line to its last, without the spaces around', () => {
    assert.deepEqual(places('a=1\n  bc=2 \nd=3', 2), [[2, 3, 7]]);
    assert.deepEqual(places('a=1\r\nbc=2\r\nd=3', 2), [[2, 1, 5]]);
  });

  it('are visible on an empty line', () => {
    assert.deepEqual(places('a=1\n\nb=2', 2), [[2, 1, 2]]);
    assert.deepEqual(places('', 1), [[1, 1, 2]]);
  });

  it('stay inside the text when it became shorter meanwhile', () => {
    assert.deepEqual(places('a=1', 9), [[1, 1, 4]]);
  });

  it('are not made for what is about no line', () => {
    assert.deepEqual(places('a=1', null), []);
  });

  it('say how bad it is, and what', () => {
    assert.deepEqual(marksOf('a=1', 'warning', [finding(1)]), [
      { line: 1, from: 1, to: 4, severity: 'warning', message: 'm' },
    ]);
  });
});
