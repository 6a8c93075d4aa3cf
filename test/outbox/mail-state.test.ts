import assert from 'node:assert/strict';
import {
  afterAttempt,
  giveUp,
  isFinished,
  MAX_RESENDS,
  nextRecipients,
  recovered,
  summarize,
} from '../../nodes/outbox/mail-state';
import { newProgress, type Progress } from '../../nodes/store/store';
import { MailError, type Attempt, type Failure, type FailureScope } from '../../nodes/types';

const SECOND = 1_000;
const NOW = 1_000_000;
const LATER = { now: NOW, expires: NOW + 3_600_000, random: () => 0 };
const TOO_LATE = { ...LATER, expires: NOW };
const [A, B, C] = ['a@example.com', 'b@example.com', 'c@example.com'] as const;

function progressOf(changes: Partial<Progress> = {}): Progress {
  return { ...newProgress([A, B, C]), ...changes };
}

function failure(scope: FailureScope, more: Partial<Failure> = {}): Failure {
  const error = new MailError('REFUSED', 'The server said no', { responseCode: 451, response: '451 later' });
  return { scope, permanent: false, minWait: 0, error, ...more };
}

function attempt(more: Partial<Attempt> = {}): Attempt {
  return { accepted: [], refused: [], response: null, ...more };
}

describe('the life of a mail: after an attempt', () => {
  it('that the server took for everybody, it is sent', () => {
    const before = progressOf({ dotSent: true, response: 'earlier' });
    const { state, progress } = afterAttempt(
      before,
      attempt({ accepted: [A, B, C], response: '250 ok' }),
      LATER,
    );
    assert.equal(state, 'sent');
    assert.deepEqual([progress.accepted, progress.pending, progress.attempts], [[A, B, C], [], 1]);
    assert.deepEqual([progress.response, progress.dotSent, progress.lastError], ['250 ok', false, null]);
    assert.deepEqual(before.accepted, [], 'what was known before is not changed');
  });

  it('without a reply, the last reply stays', () => {
    const next = afterAttempt(
      progressOf({ response: '250 earlier' }),
      attempt({ failure: failure('message') }),
      LATER,
    );
    assert.equal(next.progress.response, '250 earlier');
  });

  it('that refused one for good, the others have it and the one is named with the words of the server', () => {
    const refused = [{ address: B, failure: failure('message', { permanent: true }) }];
    const { state, progress } = afterAttempt(progressOf(), attempt({ accepted: [A, C], refused }), LATER);
    assert.equal(state, 'sent');
    assert.deepEqual(progress.rejected, [{ address: B, code: 451, response: '451 later' }]);
  });

  it('that refused all for good, it is failed', () => {
    const refused = [A, B, C].map((address) => ({
      address,
      failure: failure('message', { permanent: true }),
    }));
    const { state, progress } = afterAttempt(progressOf(), attempt({ refused }), LATER);
    assert.equal(state, 'failed');
    assert.equal(progress.lastError?.code, 'REFUSED');
  });

  it('that put one off, only that one is tried again, and not before the wait that the failure asks for', () => {
    const refused = [{ address: B, failure: failure('message', { minWait: 300 * SECOND }) }];
    const next = afterAttempt(progressOf(), attempt({ accepted: [A, C], refused }), LATER);
    assert.equal(next.state, 'deferred');
    assert.deepEqual(nextRecipients(next.progress), [B]);
    assert.equal(next.progress.nextAttempt, NOW + 300 * SECOND);
    assert.equal(next.progress.attempts, 1);
  });

  it('that put one off at the end of its time, it is given up and the others have it', () => {
    const refused = [{ address: B, failure: failure('message') }];
    const { state, progress } = afterAttempt(progressOf(), attempt({ accepted: [A, C], refused }), TOO_LATE);
    assert.equal(state, 'sent');
    assert.deepEqual(progress.rejected, [{ address: B, code: 451, response: '451 later' }]);
  });

  it('that failed for now, it waits; for good or at the end of its time, it fails', () => {
    const failed = attempt({ failure: failure('message') });
    const next = afterAttempt(progressOf(), failed, LATER);
    assert.deepEqual([next.state, next.progress.nextAttempt], ['deferred', NOW + 15 * SECOND]);
    assert.equal(afterAttempt(progressOf(), failed, TOO_LATE).state, 'failed');
    const forGood = attempt({ failure: failure('message', { permanent: true }) });
    assert.equal(afterAttempt(progressOf(), forGood, LATER).state, 'failed');
    assert.equal(afterAttempt(progressOf({ accepted: [C], pending: [A, B] }), forGood, LATER).state, 'sent');
  });

  it('that a stop or one connection too many ended, nothing was used up', () => {
    for (const scope of ['aborted', 'crowded'] as const) {
      const { state, progress } = afterAttempt(progressOf(), attempt({ failure: failure(scope) }), TOO_LATE);
      assert.deepEqual([state, progress.attempts, progress.lastError], ['queued', 0, null], scope);
    }
  });

  it('that an outage of the account ended, the account is held and the mail loses no attempt', () => {
    const outage = failure('account');
    const next = afterAttempt(progressOf(), attempt({ failure: outage }), TOO_LATE);
    assert.ok(next.state === 'queued');
    assert.equal(next.account, outage);
    assert.deepEqual([next.progress.attempts, next.progress.pending], [0, [A, B, C]]);
  });

  it('that an outage of the account ended at every recipient, the same', () => {
    const outage = failure('account');
    const refused = [A, B, C].map((address) => ({ address, failure: outage }));
    const next = afterAttempt(progressOf(), attempt({ refused }), TOO_LATE);
    assert.ok(next.state === 'queued');
    assert.equal(next.account, outage);
    assert.deepEqual(
      [next.progress.attempts, next.progress.pending, next.progress.rejected],
      [0, [A, B, C], []],
    );
  });

  it('in which the account failed at one recipient of those whom the server took, the one waits and it is an attempt', () => {
    const refused = [{ address: B, failure: failure('account') }];
    const next = afterAttempt(progressOf(), attempt({ accepted: [A, C], refused }), LATER);
    assert.ok(next.state === 'queued');
    assert.equal(next.account?.scope, 'account');
    assert.deepEqual([next.progress.attempts, next.progress.pending], [1, [B]]);
  });

  it('in which the connection died that was kept open, it is tried at once; the second time the server is down', () => {
    const died = attempt({ failure: failure('connection') });
    const once = afterAttempt(progressOf(), died, TOO_LATE);
    assert.ok(once.state === 'queued');
    assert.deepEqual(
      [once.account, once.progress.attempts, once.progress.brokenConnections],
      [undefined, 0, 1],
    );
    const twice = afterAttempt(once.progress, died, TOO_LATE);
    assert.ok(twice.state === 'queued');
    assert.deepEqual([twice.account?.scope, twice.progress.brokenConnections], ['connection', 0]);
  });

  it('whose reply was lost, it may be a duplicate, and is sent again at most twice', () => {
    const lost = attempt({ failure: failure('ambiguous') });
    let progress = progressOf({ dotSent: true });
    for (let i = 1; i <= MAX_RESENDS; i++) {
      const next = afterAttempt(progress, lost, LATER);
      assert.equal(next.state, 'deferred');
      progress = next.progress;
      assert.deepEqual([progress.duplicatePossible, progress.ambiguous, progress.attempts], [true, i, i]);
    }
    const last = afterAttempt(progress, lost, LATER);
    assert.equal(last.state, 'failed');
    assert.deepEqual(last.progress.pending, []);
  });
});

describe('a mail with more recipients than the server takes at once', () => {
  const first = (more: Partial<Attempt>) =>
    afterAttempt(progressOf(), attempt({ left: [C], ...more }), LATER);

  it('goes to the rest at once, and all of it is one attempt', () => {
    const part = first({ accepted: [A, B] });
    assert.deepEqual([part.state, part.progress.attempts], ['queued', 0]);
    assert.deepEqual(nextRecipients(part.progress), [C]);
    const rest = afterAttempt(part.progress, attempt({ accepted: [C] }), LATER);
    assert.deepEqual([rest.state, rest.progress.attempts, rest.progress.accepted], ['sent', 1, [A, B, C]]);
  });

  it('asks those who were put off only after the rest, and not before their wait', () => {
    const refused = [{ address: A, failure: failure('message', { minWait: 300 * SECOND }) }];
    const part = first({ accepted: [B], refused });
    assert.deepEqual(part.progress.postponed, { recipients: [A], minWait: 300 * SECOND });
    assert.deepEqual(nextRecipients(part.progress), [C]);
    const rest = afterAttempt(part.progress, attempt({ accepted: [C] }), LATER);
    assert.equal(rest.state, 'deferred');
    assert.deepEqual(nextRecipients(rest.progress), [A]);
    assert.equal(rest.progress.nextAttempt, NOW + 300 * SECOND);
  });

  it('asks them once more even at the end of its time', () => {
    const refused = [{ address: A, failure: failure('message') }];
    const part = first({ accepted: [B], refused });
    const rest = afterAttempt(part.progress, attempt({ accepted: [C] }), TOO_LATE);
    assert.deepEqual([rest.state, rest.progress.pending], ['deferred', [A]]);
  });

  it('waits as long as the first of the waits for its attempt', () => {
    const greylisted = failure('message', { firstWaits: [60 * SECOND, 300 * SECOND], minWait: 900 * SECOND });
    const part = first({ accepted: [B], refused: [{ address: A, failure: greylisted }] });
    assert.equal(part.progress.postponed?.minWait, 60 * SECOND);
  });

  it('fails for those who were asked when a transaction fails as a whole, and goes on with the rest', () => {
    const part = first({ failure: failure('message', { permanent: true }) });
    assert.equal(part.state, 'queued');
    assert.deepEqual(
      part.progress.rejected.map(({ address }) => address),
      [A, B],
    );
    assert.deepEqual(nextRecipients(part.progress), [C]);
  });

  it('does not fail for those who were put off when the last transaction fails', () => {
    const part = first({ accepted: [B], refused: [{ address: A, failure: failure('message') }] });
    const forGood = attempt({ failure: failure('message', { permanent: true }) });
    const rest = afterAttempt(part.progress, forGood, LATER);
    assert.equal(rest.state, 'deferred');
    assert.deepEqual(
      [rest.progress.pending, rest.progress.rejected.map(({ address }) => address)],
      [[A], [C]],
    );
  });

  it('keeps the rest while the account is out of order', () => {
    const outage = failure('account');
    const part = first({ accepted: [A], refused: [{ address: B, failure: outage }] });
    assert.ok(part.state === 'queued');
    assert.equal(part.account, outage);
    assert.deepEqual(nextRecipients(part.progress).sort(), [B, C]);
    assert.equal(part.progress.postponed, undefined);
  });
});

describe('a mail as a new process finds it', () => {
  it('may be a duplicate when the old one died between the final dot and the reply', () => {
    const { dotSent, duplicatePossible, ambiguous } = recovered(progressOf({ dotSent: true, ambiguous: 1 }));
    assert.deepEqual([dotSent, duplicatePossible, ambiguous], [false, true, 2]);
  });

  it('is as it was when it did not', () => {
    const before = progressOf();
    assert.equal(recovered(before), before);
  });
});

describe('a mail that is given up', () => {
  it('is failed for all who do not have it, with the reason where the server gave none', () => {
    const { state, progress } = giveUp(
      progressOf({ accepted: [A], pending: [B, C], postponed: { recipients: [C], minWait: 1 } }),
      new MailError('DELETED', 'The connector was deleted'),
    );
    assert.equal(state, 'sent');
    assert.ok(isFinished(progress));
    assert.equal(progress.postponed, undefined);
    assert.deepEqual(
      progress.rejected,
      [B, C].map((address) => ({ address, code: null, response: 'The connector was deleted' })),
    );
  });
});

describe('the error that a result shows', () => {
  it('has code and remedy, and what the server said at which command', () => {
    const details = { responseCode: 550, command: 'RCPT TO', hint: 'Check it' };
    assert.deepEqual(summarize(new MailError('RECIPIENT', 'refused', details)), {
      code: 'RECIPIENT',
      message: 'refused',
      ...details,
    });
  });

  it('has nothing that is not known', () => {
    assert.deepEqual(Object.keys(summarize(new MailError('DNS', 'not found'))), ['code', 'message']);
  });
});
