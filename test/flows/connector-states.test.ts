import assert from 'node:assert/strict';
import { closedAfterEach } from '../servers/closing';
import { startInbox, type Inbox } from '../servers/inbox';
import { startFaultServer } from '../servers/fault-server';
import { at, reply } from '../servers/fault-script';
import { deployMailFlow, isProblem, mailFlow, type MailFlow } from './mail-flow';
import type { NodeRed } from './node-red';
import { sharedNodeRed } from './shared-node-red';

describe('the state of a connector', () => {
  let red: NodeRed;
  let inbox: Inbox;
  before(async function () {
    this.timeout(30_000);
    red = await sharedNodeRed();
  });
  const opened = closedAfterEach();
  beforeEach(async () => {
    inbox = await opened(startInbox());
  });

  /** The answer to msg.action. */
  async function act(flow: MailFlow, action: string) {
    await flow.send({ _msgid: `${action}-${Date.now()}`, action });
    return flow.sent.next();
  }

  it('STOPPED ignores requests visibly', async () => {
    const flow = await deployMailFlow(red, { server: inbox, connector: { autostart: false } });
    await flow.statuses.waitForOne(
      (status) => status.fill === 'grey' && status.shape === 'ring' && /^STOPPED/.test(status.text ?? ''),
    );
    await flow.connectorStatuses.waitForOne((status) => /^STOPPED/.test(status.text ?? ''));
    await flow.send({ _msgid: 'ignored', topic: 't', payload: 1 });
    const msg = await flow.failed.next();
    assert.equal(msg.email.status, 'ignored');
    assert.equal(msg.payload, 1);
    assert.equal((await flow.completed.next())._msgid, 'ignored');
    assert.equal((await act(flow, 'status')).payload.counts.ignored, 1);
    assert.deepEqual([flow.caught.items, inbox.mails.items], [[], []]);
  });

  it('follows msg.action start and stop, and each answer tells it', async () => {
    const flow = await deployMailFlow(red, {
      server: inbox,
      connector: { autostart: false, rateLimit: 30, ratePeriod: 'hour' },
    });
    const started = await act(flow, 'start');
    assert.equal(started.payload.state, 'RUN');
    await flow.statuses.waitForOne((status) => status.fill === 'green' && status.shape === 'dot');

    await flow.send({ topic: 'now' });
    assert.equal((await inbox.nextMail()).parsed.subject, 'now');
    assert.equal((await flow.sent.next()).email.status, 'sent');

    const { payload } = await act(flow, 'status');
    assert.deepEqual(Object.keys(payload).sort(), [
      'counts',
      'lastError',
      'problem',
      'rate',
      'settings',
      'state',
    ]);
    assert.equal(payload.counts.sent, 1);
    assert.deepEqual(Object.keys(payload.counts).sort(), [
      'deferred',
      'failed',
      'ignored',
      'queued',
      'sending',
      'sent',
    ]);
    assert.deepEqual(payload.rate, { limit: 30, period: 'hour', used: 1 });
    assert.deepEqual([payload.settings.host, payload.settings.port], [inbox.host, inbox.port]);
    assert.equal(payload.problem, null);

    assert.equal((await act(flow, 'stop')).payload.state, 'STOPPED');
    await flow.statuses.waitForOne((status) => status.fill === 'grey' && /^STOPPED/.test(status.text ?? ''));
    await flow.send({ topic: 'later' });
    assert.equal((await flow.failed.next()).email.status, 'ignored');
    await inbox.idle();
    assert.equal((await act(flow, 'start')).payload.state, 'RUN');
  });

  it('puts what waits in a batch into the outbox when it stops, and sends it when it starts', async () => {
    const flow = await deployMailFlow(red, {
      server: inbox,
      sendEmail: { batchSize: 10, batchTimeout: 3600 },
    });
    await flow.send({ topic: 'waiting' });
    await act(flow, 'stop');
    await act(flow, 'start');
    assert.equal((await inbox.nextMail()).parsed.subject, 'waiting');
  });

  const broken: [string, Partial<Parameters<typeof mailFlow>[1]>, RegExp][] = [
    ['an unset variable', { properties: ['mail.smtp.from=${NO_SUCH_NAME}@example.com'] }, /NO_SUCH_NAME/],
    ['a junk boolean', { properties: ['mail.smtp.starttls.enable=yes'] }, /starttls\.enable/],
    ['a password among the properties', { properties: ['mail.smtp.password=hunter2'] }, /password/],
    ['a missing password', { properties: ['mail.smtp.auth=true'] }, /user|password|credential/i],
    ['too many connections', { connector: { connections: 99 } }, /connections/],
    ['no host', { connector: { properties: 'mail.smtp.port=25' } }, /mail\.smtp\.host/],
  ];
  for (const [what, parts, named] of broken) {
    it(`INIT_ERROR comes with ${what}, and makes each msg fail with the reason`, async () => {
      const flow = await deployMailFlow(red, { server: inbox, ...parts });
      const ring = (status: { fill?: string; shape?: string; text?: string }): boolean =>
        status.fill === 'red' && status.shape === 'ring' && /^INIT_ERROR/.test(status.text ?? '');
      await flow.statuses.waitForOne(ring);
      await flow.connectorStatuses.waitForOne(ring);
      await flow.send({ _msgid: 'lost', topic: 't' });
      const { email } = await flow.failed.next();
      assert.equal(email.status, 'failed');
      assert.match(email.error.message, named);
      const caught = await flow.caught.next();
      assert.equal(caught._msgid, 'lost');
      assert.match(caught.error.message, named);
      assert.deepEqual(flow.completed.items, []);
      assert.equal((await act(flow, 'status')).payload.state, 'INIT_ERROR');
      const told = JSON.stringify([
        flow.statuses,
        flow.connectorStatuses,
        flow.failed,
        flow.caught,
        flow.sent,
      ]);
      assert.doesNotMatch(told + red.logs(), /hunter2/);
    });
  }

  it('stays RUN in an outage and carries the problem', async () => {
    const server = await opened(
      startFaultServer({ script: at('greeting', reply('421 4.3.2 down for maintenance')) }),
    );
    const flow = await deployMailFlow(red, { server });
    await flow.send({ topic: 't' });
    await flow.connectorStatuses.waitForOne(isProblem);
    const { payload } = await act(flow, 'status');
    assert.equal(payload.state, 'RUN');
    assert.match(payload.problem.error.message, /down for maintenance/);
    assert.ok(payload.problem.nextAttempt >= payload.problem.since);
    assert.equal(payload.counts.failed, 0);
    assert.deepEqual([flow.failed.items, flow.caught.items], [[], []]);
  });

  it('of one connector is nothing to another', async () => {
    const other = await opened(startInbox());
    const first = mailFlow(red, { server: inbox });
    const second = mailFlow(red, { server: other });
    await red.deploy([...first.nodes, ...second.nodes]);
    await act(first, 'stop');
    await Promise.all([first.send({ topic: 'to the first' }), second.send({ topic: 'to the second' })]);
    assert.equal((await first.failed.next()).email.status, 'ignored');
    assert.equal((await second.sent.next()).email.status, 'sent');
    const counts = await act(second, 'status');
    assert.deepEqual([counts.payload.counts.sent, counts.payload.counts.ignored], [1, 0]);
    assert.deepEqual([inbox.mails.items.length, other.mails.items.length], [0, 1]);
  });

  it('is the same for all send-email nodes that share it', async () => {
    const flow = mailFlow(red, { server: inbox });
    const twin = flow.nodes.find((node) => node.type === 'send-email');
    assert.ok(twin);
    const second = { ...twin, id: 'f7150010', wires: [[], []] };
    await red.deploy([...flow.nodes, second]);
    await act(flow, 'stop');
    await red.statuses('f7150010').waitForOne((status) => /^STOPPED/.test(status.text ?? ''));
  });
});
