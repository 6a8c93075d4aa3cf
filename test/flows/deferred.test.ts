import assert from 'node:assert/strict';
import { closedAfterEach } from '../servers/closing';
import { at, fin, firstOf, reply, stall } from '../servers/fault-script';
import { startFaultServer } from '../servers/fault-server';
import { taken, TO } from './backlog';
import { deployMailFlow, isProblem, type MailFlow } from './mail-flow';
import { startNodeRed, type NodeRed } from './node-red';
import { freePort } from './user-dir';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const PRIORITIES: Record<string, string> = { urgent: 'high', low: 'low' };

describe('a mail that has to wait', () => {
  const opened = closedAfterEach();
  let red: NodeRed;
  before(async function () {
    this.timeout(30_000);
    red = await startNodeRed({ preload: ['clock'] });
  });
  after(() => red.stop('SIGKILL'));

  async function status(flow: MailFlow) {
    const { body } = await red.request('GET', `/email-server-connector/${flow.ids.connector}`);
    return body;
  }

  /** Lets time go by when no attempt is under way, which would end with it. */
  async function pass(flow: MailFlow, ms: number): Promise<void> {
    while ((await status(flow)).counts.sending > 0);
    red.clock({ pass: ms });
  }

  it('for one of three recipients reaches the good one once, the deferred one later once, and names the refused one on the second output', async function () {
    const [good, later, never] = ['good@x.test', 'later@x.test', 'never@x.test'];
    const server = await opened(
      startFaultServer({
        script: firstOf(
          ({ phase, address, count }) =>
            phase === 'rcpt' && address === later && count <= 2 ? reply('451 4.7.1 greylisted') : undefined,
          ({ phase, address }) =>
            phase === 'rcpt' && address === never ? reply('550 5.1.1 nobody') : undefined,
        ),
      }),
    );
    const flow = await deployMailFlow(red, { server, sendEmail: { to: [good, later, never].join() } });
    await flow.send({ _msgid: 'three', topic: 't' });
    await server.ledger.waitFor(1);
    // Not told before it is over: the deferred one is still to come.
    await pass(flow, 14 * SECOND);
    assert.equal((await status(flow)).counts.deferred, 1);
    assert.deepEqual([flow.sent.items, flow.failed.items], [[], []]);
    await pass(flow, 5 * SECOND);
    await server.commands.waitForOne(({ line, transaction, connection }) => {
      return line.includes(later) && transaction + connection > 2;
    });
    await pass(flow, 2 * MINUTE);
    const { email } = await flow.sent.next();
    assert.deepEqual(
      server.ledger.items.map(({ recipients }) => recipients),
      [[good], [later]],
    );
    assert.equal(new Set(server.ledger.items.map(({ messageId }) => messageId)).size, 1);
    assert.deepEqual([email.status, email.accepted, email.attempts], ['sent', [good, later], 3]);
    const rejected = [{ address: never, code: 550, response: '550 5.1.1 nobody' }];
    assert.deepEqual(email.rejected, rejected);
    const refused = (await flow.failed.next()).email;
    assert.deepEqual([refused.status, refused.rejected], ['failed', rejected]);
    assert.match(refused.error.message, /never@x\.test.*550 5\.1\.1 nobody/);
    assert.equal(refused.error.responseCode, 550);
    assert.equal((await flow.completed.next())._msgid, 'three');
    assert.equal(red.dones.items.filter(({ msgid }) => msgid === 'three').length, 1);
    assert.deepEqual([flow.sent.items.length, flow.failed.items.length], [1, 1]);
  });

  it('for a server that talks without end is freed by the deadline before the dot, with no attempt used up', async function () {
    const server = await opened(
      startFaultServer({ script: at('ehlo', { endless: { line: '250-more', everyMs: 20 } }, 1) }),
    );
    const flow = await deployMailFlow(red, { server });
    await flow.send({ topic: 't' });
    await server.commands.waitForOne(({ phase }) => phase === 'ehlo');
    red.clock({ pass: 2 * MINUTE - 5 * SECOND });
    assert.equal((await status(flow)).counts.sending, 1);
    red.clock({ pass: 6 * SECOND });
    await flow.connectorStatuses.waitForOne(isProblem);
    assert.equal((await status(flow)).problem.error.code, 'TIMEOUT');
    await pass(flow, 20 * SECOND);
    const { email } = await flow.sent.next();
    assert.deepEqual([email.attempts, email.duplicatePossible], [1, false]);
    assert.equal(server.bodies.items.length, 1);
  });

  it('for the reply to its dot is freed by the deadline after it, sent again with the same Message-ID and marked', async function () {
    const server = await opened(startFaultServer({ script: at('dot', stall(), 1) }));
    const flow = await deployMailFlow(red, { server });
    await flow.send({ topic: 't' });
    await server.bodies.waitFor(1);
    red.clock({ pass: 10 * MINUTE - 5 * SECOND });
    assert.equal((await status(flow)).counts.sending, 1);
    red.clock({ pass: 6 * SECOND });
    while ((await status(flow)).counts.deferred === 0);
    assert.equal((await status(flow)).problem, null);
    await pass(flow, 20 * SECOND);
    const { email } = await flow.sent.next();
    assert.deepEqual([email.attempts, email.duplicatePossible], [2, true]);
    const ids = server.bodies.items.map(({ messageId }) => messageId);
    assert.deepEqual(ids, [email.messageId, email.messageId]);
  });

  it('for the reply to its dot in vain three times has failed, and is not sent a fourth time', async function () {
    const server = await opened(startFaultServer({ script: at('dot', fin()) }));
    const flow = await deployMailFlow(red, { server });
    await flow.send({ topic: 't' });
    for (let times = 1; times <= 3; times++) {
      await server.bodies.waitFor(times);
      await pass(flow, 15 * MINUTE);
    }
    const { email } = await flow.failed.next();
    assert.deepEqual([email.error.code, email.duplicatePossible, email.attempts], ['AMBIGUOUS', true, 3]);
    assert.equal(server.bodies.items.length, 3);
  });

  it('because the password is wrong is tried so seldom that no server bans the machine, and leaves with the others when the login works', async function () {
    const login = { user: 'plant', password: 'correct' };
    let right = false;
    const server = await opened(
      startFaultServer({
        auth: ['PLAIN'],
        login,
        script: ({ phase }) =>
          phase === 'auth' && !right ? reply('535 5.7.8 wrong user or password') : undefined,
      }),
    );
    const flow = await deployMailFlow(red, {
      server,
      properties: ['mail.smtp.auth=true'],
      credentials: { username: login.user, password: login.password },
      connector: { connections: 10 },
    });
    const logins = () => server.commands.items.filter(({ phase }) => phase === 'auth').length;
    await flow.send({ topic: '0' });
    await flow.connectorStatuses.waitForOne(isProblem);
    assert.equal(logins(), 1);
    await flow.send(...Array.from({ length: 30 }, (_, i) => ({ topic: String(i + 1) })));
    while ((await status(flow)).counts.queued < 31);
    // A day of it: fail2ban counts five in ten minutes.
    for (let passed = 0; passed < 60; passed += 5) {
      const before = logins();
      await pass(flow, 5 * MINUTE);
      while ((await status(flow)).counts.sending > 0);
      assert.ok(logins() - before <= 1, `${logins() - before} logins in five minutes`);
    }
    assert.ok(logins() >= 3);
    const { state, problem, counts, lastError } = await status(flow);
    assert.deepEqual([state, problem.error.code, counts.queued], ['RUN', 'AUTH', 31]);
    assert.ok(problem.nextAttempt > problem.since);
    assert.equal(lastError.code, 'AUTH');
    assert.deepEqual([flow.sent.items, flow.failed.items], [[], []]);

    right = true;
    await pass(flow, 16 * MINUTE);
    const results = await flow.sent.waitFor(31);
    assert.ok(results.every(({ email }) => email.attempts === 1));
    assert.equal((await status(flow)).problem, null);
    assert.equal(server.ledger.items.length, 31);
  });

  it('for a server that is down lets urgent ones go first when it is back, the others in order', async function () {
    const port = await freePort();
    const flow = await deployMailFlow(red, {
      server: { host: '127.0.0.1', port },
      connector: { connections: 1, outbox: 'disk' },
      sendEmail: { to: '' },
    });
    const send = (...topics: string[]) =>
      flow.send(...topics.map((topic) => ({ topic, to: TO, priority: PRIORITIES[topic] ?? 'normal' })));
    await send('low', 'first', 'second');
    await flow.connectorStatuses.waitForOne(isProblem);
    await send('third', 'urgent', 'last');
    await taken(red, flow);
    const server = await opened(startFaultServer({ port }));
    while (flow.sent.items.length < 6) {
      await pass(flow, 15 * MINUTE);
      await flow.sent.waitFor(6, 1_000).catch(() => undefined);
    }
    const subjects = flow.sent.items.map(({ email }) => email.subject as string);
    assert.deepEqual(subjects, ['urgent', 'first', 'second', 'third', 'last', 'low']);
    assert.equal(server.ledger.items.length, 6);
  });
});
