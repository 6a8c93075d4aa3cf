import assert from 'node:assert/strict';
import { connectorStatus, plainStatus } from '../../nodes/connector/status';
import { MailError } from '../../nodes/types';

const same = (text: string) => text;

describe('the status of a connector', () => {
  it('is a green dot in RUN, a grey ring when STOPPED', () => {
    assert.deepEqual(connectorStatus('RUN', null, null, same), { fill: 'green', shape: 'dot', text: 'RUN' });
    assert.deepEqual(connectorStatus('STOPPED', null, null, same), {
      fill: 'grey',
      shape: 'ring',
      text: 'STOPPED',
    });
  });

  it('is a yellow dot in RUN with a problem: since when, when it is tried again, and why', () => {
    const problem = {
      error: { code: 'CONNECTION', message: 'No answer' },
      since: new Date(2026, 0, 1, 13, 5, 42).getTime(),
      nextAttempt: new Date(2026, 0, 1, 13, 20, 7).getTime(),
    };
    const status = connectorStatus('RUN', problem, null, same);
    assert.equal(status.fill, 'yellow');
    assert.equal(status.shape, 'dot');
    assert.equal(status.text, '13:05:42 ↻ 13:20:07 No answer');
  });

  it('is a red ring that begins with INIT_ERROR and gives the reason, secrets masked', () => {
    const error = new MailError('CONFIG', 'mail.smtp.port: "hunter2" is no port');
    const status = connectorStatus('INIT_ERROR', null, error, (text) => text.replace('hunter2', '***'));
    assert.equal(status.fill, 'red');
    assert.equal(status.shape, 'ring');
    assert.match(status.text, /^INIT_ERROR mail\.smtp\.port/);
    assert.ok(status.text.includes('***') && !status.text.includes('hunter2'));
  });

  it('holds no colon after a letter at its beginning, which the editor would take for a namespace', () => {
    assert.ok(!plainStatus('INIT_ERROR mail.smtp.host: none').includes(':'));
    assert.equal(plainStatus('12:03:45 sent'), '12:03:45 sent');
  });

  it('is one line of a readable length', () => {
    const text = plainStatus(`STOPPED ${'long\n'.repeat(100)}`);
    assert.ok(text.length <= 100 && !text.includes('\n'));
  });
});
