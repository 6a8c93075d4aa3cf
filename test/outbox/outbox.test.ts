import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Deliver } from '../../nodes/outbox/dispatcher';
import { createMemoryStore } from '../../nodes/store/memory';
import { createOutbox, type Outbox, type Policy } from '../../nodes/outbox/outbox';
import { classifyRecipient } from '../../nodes/failures/classify';
import { MailError, type Attempt, type EmailResult, type Priority } from '../../nodes/types';
import {
  accept,
  answer,
  createWatch,
  eventsWith,
  fail,
  failureOf,
  HOUR,
  newMail,
  POLICY as UNLIMITED,
  receiverFor,
  type Watch,
} from '../builders';
import { mockedClock } from './clocks';

const POLICY: Policy = { ...UNLIMITED, connections: 2, limit: 100 };

const mail = (subject: string, to = ['a@x.test'], priority: Priority = 'normal') =>
  newMail(to, { subject, priority, messages: [] });

describe('the outbox', () => {
  let outbox: Outbox;
  let results: EmailResult[];
  /** Why mails wait for their next attempt. */
  let reasons: string[];
  /** Subjects in the order in which the server was asked. */
  let tried: string[];
  let clock: ReturnType<typeof mockedClock>;
  let watch: Watch;

  /** Resolves when no attempt is under way. */
  const quiet = (one = outbox) => watch.until(() => one.counts().sending === 0);

  beforeEach(() => {
    clock = mockedClock();
    watch = createWatch();
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
    results = [];
    reasons = [];
    tried = [];
    outbox = createOutbox({
      store: createMemoryStore(),
      policy: POLICY,
      receiver: receiverFor((result) => results.push(result)),
      events: eventsWith({
        changed: watch.changed,
        deferred: ({ subject }, { message }, attempts) => reasons.push(`${subject} ${attempts}: ${message}`),
      }),
      clock,
      random: () => 0,
    });
  });

  afterEach(() => mock.timers.reset());

  /** Starts with a server that answers each attempt as the function says. */
  function start(
    answer: (subject: string, recipients: string[], attempt: number) => Attempt | Promise<Attempt>,
    policy: Partial<Policy> = {},
  ): void {
    const attempts = new Map<string, number>();
    const deliver: Deliver = async (one, recipients, { connections, connected }) => {
      connected(connections);
      tried.push(one.subject);
      attempts.set(one.id, (attempts.get(one.id) ?? 0) + 1);
      return answer(one.subject, recipients, attempts.get(one.id) as number);
    };
    outbox.start(deliver, { ...POLICY, ...policy });
  }

  it('reports a mail that the server took', async () => {
    start((_, recipients) => accept(recipients));
    await outbox.add(mail('one'));
    await quiet();
    assert.equal(results.length, 1);
    const [result] = results as [EmailResult];
    assert.equal(result.status, 'sent');
    assert.deepEqual(result.accepted, ['a@x.test']);
    assert.equal(result.response, '250 ok');
    assert.equal(result.attempts, 1);
    assert.equal(outbox.counts().sent, 1);
  });

  it('tells why a mail waits for its next attempt', async () => {
    start((_, recipients, attempt) => (attempt < 3 ? fail(failureOf('message')) : accept(recipients)));
    await outbox.add(mail('one'));
    await quiet();
    assert.deepEqual(reasons, ['one 1: message failed']);
    for (const wait of [15_000, 30_000]) {
      mock.timers.tick(wait);
      await quiet();
    }
    assert.deepEqual(reasons, ['one 1: message failed', 'one 2: message failed']);
    assert.equal(results[0]?.status, 'sent');
  });

  it('shows no problem any more when no mail is left to probe with', async () => {
    start(() => fail(failureOf('account')), { retryFor: 0 });
    await outbox.add(mail('one'));
    await quiet();
    assert.equal(results[0]?.status, 'failed');
    assert.notEqual(outbox.problem(), null);
    mock.timers.tick(15_000);
    assert.equal(outbox.problem(), null);
    // And a mail that comes before the pause is over waits for its end.
    await outbox.add(mail('two'));
    await quiet();
    await outbox.add(mail('three'));
    await quiet();
    assert.deepEqual(tried, ['one', 'two']);
  });

  it('holds mails while it is stopped and delivers them in order, urgent ones first, after the start', async () => {
    await outbox.add(mail('low', undefined, 'low'));
    await outbox.add(mail('first'));
    await outbox.add(mail('second'));
    await outbox.add(mail('urgent', undefined, 'high'));
    assert.equal(outbox.counts().queued, 4);
    start((_, recipients) => accept(recipients), { connections: 1 });
    await quiet();
    assert.deepEqual(tried, ['urgent', 'first', 'second', 'low']);
  });

  it('never has more attempts under way than connections', async () => {
    let now = 0;
    let most = 0;
    start(
      async (_, recipients) => {
        now += 1;
        most = Math.max(most, now);
        await nextTurn();
        now -= 1;
        return accept(recipients);
      },
      { connections: 3 },
    );
    await Promise.all(Array.from({ length: 10 }, (_, i) => outbox.add(mail(`m${i}`))));
    await watch.until(() => results.length === 10);
    assert.equal(most, 3);
  });

  it('tries a mail with a temporary failure again after a wait and counts the attempts', async () => {
    start((_, recipients, attempt) => (attempt < 3 ? fail(failureOf('message')) : accept(recipients)));
    await outbox.add(mail('one'));
    await quiet();
    assert.equal(outbox.counts().deferred, 1);
    mock.timers.tick(15_000);
    await quiet();
    assert.equal(tried.length, 2);
    mock.timers.tick(30_000);
    await quiet();
    assert.equal(results[0]?.attempts, 3);
    assert.equal(results[0]?.status, 'sent');
  });

  it('fails a mail that is refused for good, with the reason', async () => {
    start(() => fail(failureOf('message', { permanent: true })));
    await outbox.add(mail('one'));
    await quiet();
    assert.equal(results[0]?.status, 'failed');
    assert.equal(results[0]?.error?.message, 'message failed');
    assert.deepEqual(results[0]?.rejected, [{ address: 'a@x.test', code: 400, response: '400 no' }]);
  });

  it('stops trying a mail after the time that it may be tried', async () => {
    start(() => fail(failureOf('message')), { retryFor: HOUR });
    await outbox.add(mail('one'));
    await quiet();
    for (let minute = 0; minute < 90 && results.length === 0; minute++) {
      mock.timers.tick(60_000);
      await quiet();
    }
    assert.equal(results[0]?.status, 'failed');
    assert.ok((results[0]?.finishedAt ?? 0) - (results[0]?.queuedAt ?? 0) >= HOUR);
  });

  it('pauses when the account fails, probes with one mail, and drains in order when it is back', async () => {
    let up = false;
    start((_, recipients) => (up ? accept(recipients) : fail(failureOf('account'))), { connections: 1 });
    for (const subject of ['a', 'b', 'c', 'd']) await outbox.add(mail(subject));
    await quiet();
    assert.deepEqual(tried, ['a']);
    assert.equal(outbox.problem()?.since, 1_000_000);
    assert.equal(outbox.problem()?.nextAttempt, 1_015_000);
    mock.timers.tick(14_999);
    await quiet();
    assert.deepEqual(tried, ['a']);
    mock.timers.tick(1);
    await quiet();
    assert.deepEqual(tried, ['a', 'a']);
    assert.equal(outbox.problem()?.since, 1_000_000);
    up = true;
    mock.timers.tick(30_000);
    await quiet();
    assert.deepEqual(tried, ['a', 'a', 'a', 'b', 'c', 'd']);
    assert.equal(outbox.problem(), null);
    assert.deepEqual(
      results.map((result) => result.attempts),
      [1, 1, 1, 1],
    );
  });

  it('waits at least as long as the account failure asks for', async () => {
    start(() => fail(failureOf('account', { minWait: HOUR })));
    await outbox.add(mail('one'));
    await quiet();
    mock.timers.tick(HOUR - 1);
    await quiet();
    assert.equal(tried.length, 1);
    mock.timers.tick(1);
    await quiet();
    assert.equal(tried.length, 2);
  });

  it('does not let one mail that the server answers as if the account were out of order hold up the others', async () => {
    const poison = failureOf('account', { responseCode: 452, command: 'MAIL FROM' });
    start((subject, recipients) => (subject === 'poison' ? fail(poison) : accept(recipients)), {
      connections: 1,
    });
    for (const subject of ['poison', 'a', 'b', 'c']) await outbox.add(mail(subject));
    for (let i = 0; i < 6; i++) {
      await quiet();
      mock.timers.tick(30_000);
    }
    await quiet();
    assert.deepEqual(
      results.map((result) => result.subject),
      ['a', 'b', 'c'],
    );
    assert.equal(outbox.problem(), null);
    assert.equal(outbox.counts().deferred, 1);
  });

  it('does so too when each recipient of that mail is refused for a reason of the account', async () => {
    const poison = answer([], {
      'a@x.test': failureOf('account', { responseCode: 553, command: 'RCPT TO' }),
    });
    start((subject, recipients) => (subject === 'poison' ? poison : accept(recipients)), { connections: 1 });
    for (const subject of ['poison', 'a', 'b', 'c']) await outbox.add(mail(subject));
    for (let i = 0; i < 6; i++) {
      await quiet();
      mock.timers.tick(30_000);
    }
    await quiet();
    assert.deepEqual(
      results.map((result) => result.subject),
      ['a', 'b', 'c'],
    );
    assert.equal(outbox.problem(), null);
    assert.deepEqual(outbox.counts().deferred, 1);
  });

  it('reports mails that waited too long for an account that does not come back', async () => {
    start(() => fail(failureOf('account', { minWait: HOUR })), { retryFor: 2 * HOUR, connections: 1 });
    await outbox.add(mail('a'));
    await outbox.add(mail('b'));
    await quiet();
    for (let i = 0; i < 3; i++) {
      mock.timers.tick(HOUR);
      await quiet();
    }
    assert.deepEqual(
      results.map((result) => [result.subject, result.status, result.error?.message]),
      [
        ['a', 'failed', 'account failed'],
        ['b', 'failed', 'account failed'],
      ],
    );
  });

  it('mails only the recipients that were deferred, and tells which were refused', async () => {
    const asked: string[][] = [];
    start((_, recipients, attempt) => {
      asked.push(recipients);
      if (attempt > 1) return accept(recipients);
      return {
        accepted: ['good@x.test'],
        refused: [
          { address: 'later@x.test', failure: failureOf('message') },
          { address: 'never@x.test', failure: failureOf('message', { permanent: true }) },
        ],
        response: '250 ok',
      };
    });
    await outbox.add(mail('one', ['good@x.test', 'later@x.test', 'never@x.test']));
    await quiet();
    assert.equal(results.length, 0);
    mock.timers.tick(20_000);
    await quiet();
    assert.deepEqual(asked, [['good@x.test', 'later@x.test', 'never@x.test'], ['later@x.test']]);
    assert.equal(results[0]?.status, 'sent');
    assert.deepEqual(results[0]?.accepted, ['good@x.test', 'later@x.test']);
    assert.deepEqual(
      results[0]?.rejected.map((rejection) => rejection.address),
      ['never@x.test'],
    );
  });

  it('tries a recipient that is refused for now after 15 s, a minute and five minutes, and then as any mail', async () => {
    const error = { code: 'EENVELOPE', command: 'RCPT TO', response: '450 4.2.0 busy', responseCode: 450 };
    const asked: number[] = [];
    start((_, recipients) => {
      asked.push((Date.now() - 1_000_000) / 1_000);
      const refused = recipients.map((address) => ({ address, failure: classifyRecipient(error) }));
      return { accepted: [], refused, response: null };
    });
    await outbox.add(mail('one'));
    for (let second = 0; second <= 3_000; second += 15) {
      await quiet();
      mock.timers.tick(15_000);
    }
    const waits = asked.slice(1).map((time, i) => time - (asked[i] as number));
    assert.deepEqual(waits.slice(0, 7), [15, 60, 300, 300, 300, 480, 720]);
    assert.equal(outbox.problem(), null);
  });

  it('repeats an attempt of unknown outcome twice at most and says that a duplicate is possible', async () => {
    start(() => fail(failureOf('ambiguous')));
    await outbox.add(mail('one'));
    for (let i = 0; i < 5; i++) {
      await quiet();
      mock.timers.tick(HOUR);
    }
    assert.equal(tried.length, 3);
    assert.equal(results[0]?.status, 'failed');
    assert.equal(results[0]?.duplicatePossible, true);
  });

  it('tries at once again when a connection died, and takes the server for down when the next one dies too', async () => {
    start(() => fail(failureOf('connection')));
    await outbox.add(mail('one'));
    await quiet();
    assert.equal(tried.length, 2);
    assert.notEqual(outbox.problem(), null);
  });

  it('keeps the order of mails when a connection dies under one of them', async () => {
    start(
      (subject, recipients, attempt) =>
        subject === 'a' && attempt === 1 ? fail(failureOf('connection')) : accept(recipients),
      { connections: 1 },
    );
    for (const subject of ['a', 'b', 'c']) await outbox.add(mail(subject));
    await quiet();
    assert.deepEqual(tried, ['a', 'a', 'b', 'c']);
  });

  it('lets the pauses grow, with one mail as a probe, while each new connection dies before it is of use', async () => {
    start(() => fail(failureOf('connection')));
    for (const subject of ['a', 'b', 'c']) await outbox.add(mail(subject));
    await quiet();
    const since = outbox.problem()?.since;
    for (const wait of [15_000, 30_000, 60_000, 120_000]) {
      tried.length = 0;
      mock.timers.tick(wait - 1);
      await quiet();
      assert.deepEqual(tried, []);
      mock.timers.tick(1);
      await quiet();
      assert.deepEqual(new Set(tried), new Set(['a']));
      assert.ok(tried.length <= 2);
      assert.equal(outbox.problem()?.since, since);
    }
  });

  it('refuses a mail when it is full and keeps what it has', async () => {
    start(() => new Promise(() => undefined), { limit: 2 });
    await outbox.add(mail('a'));
    await outbox.add(mail('b'));
    await assert.rejects(outbox.add(mail('c')), { code: 'OUTBOX_FULL' });
    assert.equal(outbox.counts().sending, 2);
  });

  it('never starts more attempts in a window than the rate limit says', async () => {
    start((_, recipients) => accept(recipients), { rate: { limit: 3, period: 'minute' } });
    for (let i = 0; i < 7; i++) await outbox.add(mail(`m${i}`));
    await quiet();
    assert.equal(tried.length, 3);
    mock.timers.tick(59_000);
    await quiet();
    assert.equal(tried.length, 3);
    mock.timers.tick(2_000);
    await quiet();
    assert.equal(tried.length, 6);
    mock.timers.tick(61_000);
    await quiet();
    assert.equal(tried.length, 7);
  });

  it('keeps mails whose attempt is ended by a stop and delivers them after the next start', async () => {
    outbox.start(
      (_, __, { signal }) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(fail(failureOf('aborted'))))),
      POLICY,
    );
    await outbox.add(mail('one'));
    const stopped = outbox.stop();
    mock.timers.tick(3_000);
    await stopped;
    assert.deepEqual(outbox.counts(), { queued: 1, deferred: 0, sending: 0, sent: 0, failed: 0 });
    start((_, recipients) => accept(recipients));
    await quiet();
    assert.equal(results[0]?.status, 'sent');
  });

  it('lets an attempt go on for longer after the dot than before it when it stops', async () => {
    const ended: string[] = [];
    const begun: string[] = [];
    outbox.start(async (one, _, { signal, aboutToSendDot, connections, connected }) => {
      connected(connections);
      if (one.subject === 'after') await aboutToSendDot();
      begun.push(one.subject);
      watch.changed();
      return new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          ended.push(one.subject);
          resolve(fail(failureOf(one.subject === 'after' ? 'ambiguous' : 'aborted')));
        }),
      );
    }, POLICY);
    await outbox.add(mail('before'));
    await outbox.add(mail('after'));
    await watch.until(() => begun.length === 2);
    const stopped = outbox.stop();
    mock.timers.tick(3_000);
    assert.deepEqual(ended, ['before']);
    mock.timers.tick(5_000);
    await stopped;
    assert.deepEqual(ended, ['before', 'after']);
    assert.equal(outbox.counts().deferred, 1);
  });

  it('fails what it holds when it is abandoned', async () => {
    await outbox.add(mail('one'));
    await outbox.abandon(new MailError('DELETED', 'the connector was deleted'));
    assert.equal(results[0]?.error?.code, 'DELETED');
    assert.equal(outbox.counts().queued, 0);
  });

  it('tries a mail that was queued after now, for the clock was set back since, no longer than any other', async () => {
    start(() => fail(failureOf('message')), { retryFor: HOUR });
    await outbox.add(newMail(['a@x.test'], { subject: 'one', queuedAt: Date.now() + 24 * HOUR }));
    for (let minute = 0; minute < 59; minute++) {
      mock.timers.tick(60_000);
      await quiet();
    }
    assert.equal(results.length, 0);
    for (let minute = 0; minute < 20; minute++) {
      mock.timers.tick(60_000);
      await quiet();
    }
    assert.equal(results[0]?.status, 'failed');
  });

  const DAY = 24 * HOUR;
  for (const [words, by] of [
    ['forwards', DAY],
    ['backwards', -DAY],
  ] as const) {
    describe(`when the clock is set ${words} by a day`, () => {
      it('tries a deferred mail again when its wait is over, no sooner and no later', async () => {
        start((_, recipients, attempt) => (attempt < 2 ? fail(failureOf('message')) : accept(recipients)));
        await outbox.add(mail('one'));
        await quiet();
        clock.set(by);
        mock.timers.tick(14_999);
        await quiet();
        assert.equal(tried.length, 1);
        mock.timers.tick(1);
        await quiet();
        assert.equal(results[0]?.status, 'sent');
      });

      it('probes an account that failed when its wait is over, and shows the times as the clock has them now', async () => {
        let up = false;
        start((_, recipients) => (up ? accept(recipients) : fail(failureOf('account'))));
        await outbox.add(mail('one'));
        await quiet();
        clock.set(by);
        assert.equal(outbox.problem()?.nextAttempt, 1_015_000 + by);
        up = true;
        mock.timers.tick(15_000);
        await quiet();
        assert.equal(results[0]?.status, 'sent');
        assert.equal(outbox.problem(), null);
      });

      it('neither gives a mail up early nor tries it for longer', async () => {
        start(() => fail(failureOf('message')), { retryFor: HOUR });
        await outbox.add(mail('one'));
        await quiet();
        clock.set(by);
        for (let minute = 0; minute < 59; minute++) {
          mock.timers.tick(60_000);
          await quiet();
        }
        assert.equal(results.length, 0);
        for (let minute = 0; minute < 20; minute++) {
          mock.timers.tick(60_000);
          await quiet();
        }
        assert.equal(results[0]?.status, 'failed');
      });

      it('keeps the rate limit', async () => {
        start((_, recipients) => accept(recipients), { rate: { limit: 1, period: 'minute' } });
        await outbox.add(mail('one'));
        await outbox.add(mail('two'));
        await quiet();
        clock.set(by);
        mock.timers.tick(59_000);
        await outbox.add(mail('three'));
        await quiet();
        assert.equal(tried.length, 1);
        mock.timers.tick(2_000);
        await quiet();
        assert.equal(tried.length, 2);
      });
    });
  }

  it('loses no mail to an error of the code below it, and does not try it without a pause', async () => {
    const errors: unknown[] = [];
    const tolerant = createOutbox({
      store: createMemoryStore(),
      policy: POLICY,
      receiver: receiverFor((result) => results.push(result)),
      events: eventsWith({ changed: watch.changed, onError: (error) => errors.push(error) }),
      clock,
      random: () => 0,
    });
    tolerant.start(() => Promise.reject(new TypeError('a bug')), POLICY);
    await tolerant.add(mail('one'));
    await quiet(tolerant);
    assert.equal(tolerant.counts().deferred, 1);
    assert.equal(errors.length, 1);
    await tolerant.stop();
    tolerant.start((_, recipients) => Promise.resolve(accept(recipients)), POLICY);
    mock.timers.tick(15_000);
    await quiet(tolerant);
    assert.equal(results[0]?.status, 'sent');
  });

  it('keeps a mail that was about to go when the connector stopped', async () => {
    let writeRate: () => void = () => undefined;
    const store = createMemoryStore();
    store.saveRate = () => new Promise((resolve) => (writeRate = resolve));
    const slow = createOutbox({
      store,
      policy: POLICY,
      receiver: receiverFor((result) => results.push(result)),
      events: eventsWith({ changed: watch.changed }),
      clock,
    });
    const limited = { ...POLICY, rate: { limit: 5, period: 'minute' as const } };
    const deliver: Deliver = (one, recipients) => {
      tried.push(one.subject);
      return Promise.resolve(accept(recipients));
    };
    slow.start(deliver, limited);
    await slow.add(mail('one'));
    const stopped = slow.stop();
    writeRate();
    await stopped;
    assert.deepEqual(tried, []);
    assert.deepEqual(slow.counts(), { queued: 1, deferred: 0, sending: 0, sent: 0, failed: 0 });
    store.saveRate = () => Promise.resolve();
    slow.start(deliver, limited);
    await quiet(slow);
    assert.equal(results[0]?.status, 'sent');
  });

  it('ends a stop in less than nine seconds although an attempt does not end, and keeps that mail', async () => {
    let end: (attempt: Attempt) => void = () => undefined;
    outbox.start(() => new Promise((resolve) => (end = resolve)), POLICY);
    await outbox.add(mail('one'));
    let over = false;
    const stopped = outbox.stop().then(() => (over = true));
    mock.timers.tick(8_899);
    await nextTurn();
    assert.equal(over, false);
    mock.timers.tick(1);
    await stopped;
    end(fail(failureOf('aborted')));
    await quiet();
    assert.equal(outbox.counts().queued, 1);
  });

  it('hands its mails to another outbox, and keeps those that the other does not take', async () => {
    const store = createMemoryStore();
    const other = createOutbox({
      store,
      policy: POLICY,
      receiver: receiverFor((result) => results.push(result)),
      events: eventsWith({ changed: watch.changed }),
      clock,
    });
    for (const subject of ['a', 'b', 'c']) await outbox.add(mail(subject));
    let room = 1;
    store.add = () => (room-- > 0 ? Promise.resolve() : Promise.reject(new MailError('OUTBOX_DISK', 'full')));
    await assert.rejects(outbox.moveTo(other), { code: 'OUTBOX_DISK' });
    assert.deepEqual([outbox.counts().queued, other.counts().queued], [2, 1]);
    room = 2;
    await outbox.moveTo(other);
    assert.deepEqual([outbox.counts().queued, other.counts().queued], [0, 3]);
  });

  it('tells the flow and forgets the mail although the flow throws when it is told', async () => {
    const errors: unknown[] = [];
    const finished: string[] = [];
    const store = createMemoryStore();
    store.finish = (entry) => {
      finished.push(entry.mail.subject);
      return Promise.resolve();
    };
    const told = createOutbox({
      store,
      policy: POLICY,
      receiver: receiverFor(() => {
        throw new Error('from the flow');
      }),
      events: eventsWith({ changed: watch.changed, onError: (error) => errors.push(error) }),
      clock,
    });
    told.start(() => Promise.resolve(fail(failureOf('message', { permanent: true }))), POLICY);
    await told.add(mail('one'));
    await told.add(mail('two'));
    await quiet(told);
    assert.deepEqual(finished, ['one', 'two']);
    assert.equal(errors.length, 2);
  });
});
