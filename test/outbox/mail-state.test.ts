import assert from 'node:assert/strict';
import {
  afterAttempt,
  giveUp,
  isFinished,
  nextRecipients,
  recovered,
  type Circumstances,
} from '../../nodes/outbox/mail-state';
import { newProgress, type Progress } from '../../nodes/store/store';
import type { Attempt } from '../../nodes/types';
import { accept, answer, fail, failureOf } from '../builders';

const NOW = 1_000_000;
const AT: Circumstances = { now: NOW, expires: NOW + 86_400_000, random: () => 0 };
const TOO_LATE: Circumstances = { ...AT, expires: NOW };

const [A, B, C] = ['a@x.test', 'b@x.test', 'c@x.test'];
const before = (more: Partial<Progress> = {}): Progress => ({ ...newProgress([A, B]), ...more });

const later = failureOf('message', { message: 'later' });
const never = failureOf('message', {
  message: 'never',
  permanent: true,
  response: '550 no',
  responseCode: 550,
});
const account = failureOf('account');
const connection = failureOf('connection');
const ambiguous = failureOf('ambiguous');

interface Row {
  when: string;
  before?: Partial<Progress>;
  attempt: Attempt;
  at?: Circumstances;
  state: 'sent' | 'failed' | 'deferred' | 'queued';
  /** What became of the mail, as far as the row is about it. */
  progress?: Partial<Progress>;
  /** The attempt says that the account is out of order. */
  tripped?: true;
}

const rejected = (address: string, { error } = never) => ({
  address,
  code: error.responseCode ?? null,
  response: error.response ?? '',
});

const ROWS: Row[] = [
  {
    when: 'everybody was accepted',
    attempt: accept([A, B]),
    state: 'sent',
    progress: { accepted: [A, B], pending: [], attempts: 1, response: '250 ok' },
  },
  {
    when: 'one was accepted and the other refused for good',
    attempt: answer([A], { [B]: never }),
    state: 'sent',
    progress: { accepted: [A], rejected: [rejected(B)], pending: [], attempts: 1 },
  },
  {
    when: 'all were refused for good',
    attempt: answer([], { [A]: never, [B]: never }),
    state: 'failed',
    progress: { accepted: [], rejected: [rejected(A), rejected(B)], pending: [], attempts: 1 },
  },
  {
    when: 'one was accepted and the other refused for now',
    attempt: answer([A], { [B]: later }),
    state: 'deferred',
    progress: { accepted: [A], pending: [B], attempts: 1, nextAttempt: NOW + 15_000 },
  },
  {
    when: 'a recipient asks for a longer wait than the schedule',
    attempt: answer([A], { [B]: failureOf('message', { minWait: 300_000 }) }),
    state: 'deferred',
    progress: { nextAttempt: NOW + 300_000 },
  },
  {
    when: 'a recipient has first waits of its own',
    before: { attempts: 1, pending: [B] },
    attempt: answer([], { [B]: failureOf('message', { minWait: 1, firstWaits: [15_000, 60_000] }) }),
    state: 'deferred',
    progress: { attempts: 2, nextAttempt: NOW + 60_000 },
  },
  {
    when: 'a recipient is refused for now after the time of the mail is over',
    attempt: answer([A], { [B]: later }),
    at: TOO_LATE,
    state: 'sent',
    progress: { accepted: [A], rejected: [rejected(B, later)], pending: [] },
  },
  {
    when: 'the mail was refused for good',
    attempt: fail(never),
    state: 'failed',
    progress: { rejected: [rejected(A), rejected(B)], pending: [], attempts: 1 },
  },
  {
    when: 'the mail was refused for now',
    before: { attempts: 2 },
    attempt: fail(later),
    state: 'deferred',
    progress: { pending: [A, B], attempts: 3, nextAttempt: NOW + 60_000 },
  },
  {
    when: 'the mail was refused for now after its time is over',
    attempt: fail(later),
    at: TOO_LATE,
    state: 'failed',
    progress: { pending: [], rejected: [rejected(A, later), rejected(B, later)] },
  },
  {
    when: 'the account failed: that uses up no attempt',
    attempt: fail(account),
    state: 'queued',
    tripped: true,
    progress: { pending: [A, B], attempts: 0, nextAttempt: 0 },
  },
  {
    when: 'the account failed after the time of the mail is over: whoever trips the circuit gives it up',
    attempt: fail(account),
    at: TOO_LATE,
    state: 'queued',
    tripped: true,
    progress: { pending: [A, B] },
  },
  {
    when: 'every recipient was refused because of the account',
    attempt: answer([], { [A]: account, [B]: account }),
    state: 'queued',
    tripped: true,
    progress: { pending: [A, B], attempts: 0 },
  },
  {
    when: 'one was accepted, and the other refused because of the account: it is asked again in its place',
    attempt: answer([A], { [B]: account }),
    state: 'queued',
    tripped: true,
    progress: { accepted: [A], pending: [B], attempts: 1 },
  },
  {
    when: 'one was refused because of the account, and the other for now: that one waits until later',
    attempt: answer([], { [A]: account, [B]: failureOf('message', { minWait: 60_000 }) }),
    state: 'queued',
    tripped: true,
    progress: { pending: [A, B], postponed: { recipients: [B], minWait: 60_000 }, attempts: 0 },
  },
  {
    when: 'a reused connection died: once more at once',
    attempt: fail(connection),
    state: 'queued',
    progress: { brokenConnections: 1, attempts: 0 },
  },
  {
    when: 'the next connection died too: the server is taken to be down',
    before: { brokenConnections: 1 },
    attempt: fail(connection),
    state: 'queued',
    tripped: true,
    progress: { brokenConnections: 0, attempts: 0 },
  },
  {
    when: 'a connection died, and the next one answered',
    before: { brokenConnections: 1 },
    attempt: fail(later),
    state: 'deferred',
    progress: { brokenConnections: 0, attempts: 1 },
  },
  {
    when: 'nobody knows whether it arrived',
    before: { dotSent: true },
    attempt: fail(ambiguous),
    state: 'deferred',
    progress: { dotSent: false, duplicatePossible: true, ambiguous: 1, attempts: 1, pending: [A, B] },
  },
  {
    when: 'nobody knows so for the third time',
    before: { ambiguous: 2, duplicatePossible: true },
    attempt: fail(ambiguous),
    state: 'failed',
    progress: { ambiguous: 3, pending: [] },
  },
  {
    when: 'the attempt was ended by a stop: as if it had not been',
    before: { dotSent: true, attempts: 1, lastError: null },
    attempt: fail(failureOf('aborted')),
    state: 'queued',
    progress: { dotSent: false, attempts: 1, lastError: null, pending: [A, B] },
  },
  {
    when: 'one connection more was refused: as if it had not been',
    attempt: { ...fail(failureOf('crowded')), working: 1 },
    state: 'queued',
    progress: { attempts: 0, lastError: null },
  },
  {
    when: 'some recipients are left for the next transaction: both are one attempt',
    before: { pending: [A, B, C] },
    attempt: { ...accept([A]), left: [B, C] },
    state: 'queued',
    progress: { accepted: [A], pending: [B, C], attempts: 0 },
  },
  {
    when: 'one is left, and one was refused for now in an earlier transaction: that one waits',
    before: { pending: [A, B, C] },
    attempt: { ...answer([], { [A]: later }), left: [B, C] },
    state: 'queued',
    progress: { pending: [B, C, A], postponed: { recipients: [A], minWait: 0 }, attempts: 0 },
  },
  {
    when: 'the last transaction ends while one recipient is postponed',
    before: { pending: [B, A], postponed: { recipients: [A], minWait: 60_000 } },
    attempt: accept([B]),
    state: 'deferred',
    progress: { accepted: [B], pending: [A], postponed: undefined, attempts: 1, nextAttempt: NOW + 60_000 },
  },
  {
    when: 'the last transaction ends after the time of the mail, with a postponed recipient: it is asked once more',
    before: { pending: [B, A], postponed: { recipients: [A], minWait: 0 } },
    attempt: accept([B]),
    at: TOO_LATE,
    state: 'deferred',
    progress: { pending: [A] },
  },
  {
    when: 'one of several transactions is refused for good: the failure is that of its recipients',
    before: { accepted: [A], pending: [B, C] },
    attempt: { ...fail(never), left: [C] },
    state: 'queued',
    progress: { accepted: [A], rejected: [rejected(B)], pending: [C] },
  },
];

describe('what becomes of a mail after an attempt', () => {
  for (const { when, before: more, attempt, at = AT, state, progress = {}, tripped } of ROWS) {
    it(`${state}${tripped ? ', and the circuit trips' : ''}: ${when}`, () => {
      const start = before(more);
      const copy = structuredClone(start);
      const next = afterAttempt(start, attempt, at);
      assert.equal(next.state, state);
      for (const [name, value] of Object.entries(progress)) {
        assert.deepEqual(next.progress[name as keyof Progress], value, name);
      }
      assert.equal('account' in next, tripped === true);
      // It is a function: the mail is as it was until the outbox takes the result.
      assert.deepEqual(start, copy);
    });
  }

  it('keeps what the server said last, and why', () => {
    const first = afterAttempt(before(), fail(failureOf('message', { message: 'busy', hint: 'wait' })), AT);
    assert.deepEqual(first.progress.lastError, {
      code: 'TEST',
      message: 'busy',
      responseCode: 400,
      hint: 'wait',
    });
    const second = afterAttempt(first.progress, { ...fail(later), response: '451 later' }, AT);
    assert.equal(second.progress.response, '451 later');
  });
});

describe('the progress of a mail', () => {
  it('counts as of unknown outcome when the process died between the dot and its reply', () => {
    const progress = recovered(before({ dotSent: true, ambiguous: 1 }));
    assert.deepEqual([progress.dotSent, progress.duplicatePossible, progress.ambiguous], [false, true, 2]);
  });

  it('is as it was when it died before', () => {
    const progress = before({ attempts: 3 });
    assert.equal(recovered(progress), progress);
  });

  it('names as the next recipients those who were not postponed', () => {
    assert.deepEqual(nextRecipients(before()), [A, B]);
    assert.deepEqual(nextRecipients(before({ postponed: { recipients: [A], minWait: 0 } })), [B]);
  });

  it('is finished when every recipient is accepted or refused for good', () => {
    assert.equal(isFinished(before()), false);
    assert.equal(isFinished(giveUp(before(), never.error).progress), true);
  });

  for (const [accepted, state] of [
    [[], 'failed'],
    [[C], 'sent'],
  ] as const) {
    it(`given up ends as ${state} when ${accepted.length} recipients have the mail`, () => {
      const ended = giveUp(before({ accepted: [...accepted] }), never.error);
      assert.equal(ended.state, state);
      assert.deepEqual(ended.progress.rejected, [rejected(A), rejected(B)]);
    });
  }
});
