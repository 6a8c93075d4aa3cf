import assert from 'node:assert/strict';
import { refusedPart } from '../../nodes/outbox/completion';
import type { EmailResult } from '../../nodes/types';

const RESULT: EmailResult = {
  status: 'sent',
  id: '1',
  messageId: '<1@x.test>',
  subject: 's',
  envelope: { from: 'me@x.test', to: ['a@x.test', 'b@x.test'] },
  accepted: ['a@x.test'],
  rejected: [{ address: 'b@x.test', code: 550, response: '550 no such user' }],
  response: '250 ok',
  attempts: 1,
  queuedAt: 1,
  finishedAt: 2,
  count: 1,
  messages: [],
  attachments: [],
  skippedAttachments: [],
  duplicatePossible: false,
  recovered: false,
};

describe('the refused part of a result', () => {
  it('is a failure that names the recipients who did not get the mail', () => {
    const refused = refusedPart(RESULT);
    assert.equal(refused?.status, 'failed');
    assert.match(refused?.error?.message ?? '', /1 of 2 .*b@x\.test.*550 no such user/);
    assert.equal(refused?.error?.responseCode, 550);
  });

  it('does not exist when everybody got the mail, or nobody', () => {
    assert.equal(refusedPart({ ...RESULT, rejected: [] }), null);
    assert.equal(refusedPart({ ...RESULT, status: 'failed', accepted: [] }), null);
  });
});
