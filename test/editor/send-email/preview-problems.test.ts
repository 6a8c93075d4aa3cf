import assert from 'node:assert/strict';
import { problemsByField } from '../../../nodes/editor/send-email/preview-problems';

describe('problems of a preview', () => {
  it('are shown at their field, the others at the samples', () => {
    const problems = [
      { field: 'to', code: 'A', message: 'first' },
      { field: 'to', code: 'B', message: 'second' },
      { field: 'msg.headers.x', code: 'C', message: 'of a msg' },
      { field: '', code: 'D', message: 'of nothing' },
    ];
    assert.deepEqual(
      problemsByField(problems, ['to', 'template']),
      new Map([
        ['to', ['first', 'second']],
        ['samples', ['of a msg', 'of nothing']],
      ]),
    );
  });
});
