import assert from 'node:assert/strict';
import type { ConnectorState, ConnectorStatus } from '../../nodes/connector/connector';
import { changeState, readState } from '../../nodes/editor-api/state';
import { MailError } from '../../nodes/types';

function connector(state: ConnectorState, initError: MailError | null = null) {
  const calls: string[] = [];
  const status = (): ConnectorStatus => ({
    state,
    problem: null,
    counts: { queued: 1, deferred: 2, sending: 3, sent: 4, failed: 5, ignored: 6 },
    rate: { limit: 7, period: 'hour', used: 8 },
    settings: { host: 'h.test', port: 25, security: 'none', auth: 'none', user: '' },
    lastError: { code: 'AUTH', message: 'an earlier one' },
  });
  return {
    calls,
    status,
    initError: () => initError,
    start: async () => {
      calls.push('start');
      state = 'RUN';
    },
    stop: async () => {
      calls.push('stop');
      state = 'STOPPED';
    },
  };
}

describe('the state of a connector in the editor', () => {
  it('is what msg.action answers', () => {
    const subject = connector('RUN');
    assert.deepEqual(readState(subject), subject.status());
  });

  it('tells the reason of INIT_ERROR as the last error', () => {
    const reason = new MailError('CONFIG', 'mail.smtp.host is missing', { hint: 'Write it.' });
    assert.deepEqual(readState(connector('INIT_ERROR', reason)).lastError, {
      code: 'CONFIG',
      message: 'mail.smtp.host is missing',
      hint: 'Write it.',
    });
  });

  for (const [state, call] of [
    ['RUN', 'start'],
    ['STOPPED', 'stop'],
  ] as const) {
    it(`is changed to ${state} before the answer comes`, async () => {
      const subject = connector(state === 'RUN' ? 'STOPPED' : 'RUN');
      assert.equal((await changeState(subject, { state })).state, state);
      assert.deepEqual(subject.calls, [call]);
    });
  }

  for (const body of [
    undefined,
    null,
    [],
    'RUN',
    {},
    { state: 'run' },
    { state: 'INIT_ERROR' },
    { state: 1 },
  ]) {
    it(`is not changed by ${JSON.stringify(body)}`, async () => {
      const subject = connector('STOPPED');
      await assert.rejects(changeState(subject, body), { code: 'BAD_REQUEST', message: /RUN|object/ });
      assert.deepEqual(subject.calls, []);
    });
  }
});
