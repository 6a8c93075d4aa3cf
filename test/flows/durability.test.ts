import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { closedAfterEach } from '../servers/closing';
import { at, slow } from '../servers/fault-script';
import { startFaultServer } from '../servers/fault-server';
import { startInbox } from '../servers/inbox';
import { ALL, backlogFlow, changed, fill, pointedAt, taken, TO, topicsIn } from './backlog';
import type { MailFlow } from './mail-flow';
import { startNodeRed, type FlowNode, type NodeRed } from './node-red';
import { freePort } from './user-dir';

describe('what waits in the outbox', () => {
  const opened = closedAfterEach();
  const started = (red: Promise<NodeRed>) =>
    red.then(async (one) => {
      await opened({ close: async () => void (await one.stop('SIGKILL')) });
      return one;
    });
  let userDir: string;
  beforeEach(() => {
    userDir = mkdtempSync(path.join(tmpdir(), 'durability-'));
  });
  // After the processes of the test have ended, which the hook before this one sees to.
  afterEach(() => rmSync(userDir, { recursive: true, force: true }));

  const down = async () => ({ host: '127.0.0.1', port: await freePort() });

  /** Waits for the done() of each msg; a Complete node hears nothing while a deploy replaces nodes. */
  async function allDone(red: NodeRed, flow: MailFlow): Promise<void> {
    for (const id of ALL) {
      await red.dones.waitForOne(({ node, msgid }) => node === flow.ids.sendEmail && msgid === id);
    }
  }

  const doneIds = (red: NodeRed, flow: MailFlow) =>
    red.dones.items
      .filter(({ node, msgid }) => node === flow.ids.sendEmail && ALL.includes(msgid))
      .map(({ msgid }) => msgid)
      .sort();

  for (const [what, type, change] of [
    ['only the send-email node', 'send-email', { name: 'another name' }],
    ['only the connector', 'email-server-connector', { connections: 2 }],
  ] as const) {
    it(`stays and leaves, with the events of batches, when a deploy changes ${what}`, async function () {
      this.timeout(40_000);
      const red = await started(startNodeRed({ userDir }));
      const server = await opened(startFaultServer({ script: at('dot', slow(300)), keepBodies: true }));
      const flow = backlogFlow(red, { server });
      await red.deploy(flow.nodes);
      await fill(flow);
      await taken(red, flow);
      await red.deploy(changed(flow.nodes, type, change), 'nodes');
      await allDone(red, flow);
      assert.deepEqual(topicsIn(server), ALL);
      assert.equal(server.ledger.items.length, 4);
      assert.deepEqual(doneIds(red, flow), ALL);
      assert.deepEqual(
        flow.failed.items.filter(({ topic }) => ALL.includes(topic)),
        [],
      );
    });
  }

  it('is joined by msgs that are on their way to the node at the moment of the deploy', async function () {
    this.timeout(40_000);
    const red = await started(startNodeRed({ userDir }));
    const server = await opened(startFaultServer({ keepBodies: true }));
    const flow = backlogFlow(red, { server });
    await red.deploy(flow.nodes);
    await fill(flow);
    await red.deploy(changed(flow.nodes, 'send-email', { name: 'another name' }), 'nodes');
    await allDone(red, flow);
    assert.deepEqual(topicsIn(server), ALL);
    assert.deepEqual(doneIds(red, flow), ALL);
  });

  it('stays on disk when the connector is deleted, which the log says, and leaves when it is back', async function () {
    this.timeout(40_000);
    const red = await started(startNodeRed({ userDir }));
    const flow = backlogFlow(red, { server: await down() });
    await red.deploy(flow.nodes);
    await fill(flow);
    await taken(red, flow);
    await red.deploy([]);
    const folder = path.join(userDir, 'email-outbox', flow.ids.connector);
    assert.match(red.logs(), /\[warn\].* mails stay in .*: a connector with this id/);
    assert.ok(red.logs().includes(folder));
    assert.ok(readdirSync(path.join(folder, 'journal')).length > 0);

    const server = await opened(startFaultServer({ keepBodies: true }));
    await red.deploy(changed(flow.nodes, 'email-server-connector', pointedAt(server)));
    await server.ledger.waitFor(4);
    assert.deepEqual(topicsIn(server), ALL);
    const sent = await flow.sent.waitFor(4);
    assert.ok(sent.every(({ email }) => email.status === 'sent'));
  });

  it('moves from memory to disk when a deploy says so, and survives the end of the process from then on', async function () {
    this.timeout(60_000);
    const first = await startNodeRed({ userDir });
    const server = await down();
    const flow = backlogFlow(first, { server, connector: { outbox: 'memory' } });
    await first.deploy(flow.nodes);
    await fill(flow);
    await taken(first, flow);
    await first.deploy(changed(flow.nodes, 'email-server-connector', { outbox: 'disk' }), 'nodes');
    await flow.connectorStatuses.waitForOne(({ fill, text }) => fill === 'yellow' && !/^ST/.test(text ?? ''));
    await first.logged(/Started modified nodes/);
    await flow.send({ action: 'start' });
    const { payload } = await flow.sent.next();
    await first.stop('SIGKILL');
    assert.equal(payload.counts.queued + payload.counts.sending, 4);

    const back = await opened(startFaultServer({ port: server.port, keepBodies: true }));
    await started(startNodeRed({ userDir }));
    await back.ledger.waitFor(4);
    assert.deepEqual(topicsIn(back), ALL);
  });

  it('and waits for a send-email node that is gone stays there, the log names the node, and leaves when it is back', async function () {
    this.timeout(60_000);
    const server = await opened(startFaultServer({ keepBodies: true }));
    const first = await startNodeRed({ userDir });
    const flow = backlogFlow(first, { server });
    await first.deploy(flow.nodes);
    await fill(flow);
    await taken(first, flow);
    await flow.sent.waitFor(3);
    await first.stop('SIGKILL');
    const file = path.join(userDir, 'flows.json');
    const nodes = JSON.parse(readFileSync(file, 'utf8')) as FlowNode[];
    writeFileSync(file, JSON.stringify(nodes.filter(({ id }) => id !== flow.ids.sendEmail)));

    const second = await started(startNodeRed({ userDir }));
    const warning = await second.logged(/\[warn\].*2 events that waited in batches stay in .*/);
    assert.ok(warning.includes(flow.ids.sendEmail) && warning.includes(userDir));

    await second.deploy(flow.nodes, 'nodes');
    await second.send(flow.ids.input, { flush: true });
    await server.ledger.waitFor(4);
    assert.deepEqual(topicsIn(server), ALL);
    const [sent] = await second.probe(flow.nodes.find(({ name }) => name === 'sent')?.id ?? '').waitFor(1);
    assert.deepEqual([sent?.email.recovered, sent?.email.count], [true, 2]);
  });

  it('belongs to one process: a second on the same folder says whose it is, and the first goes on', async function () {
    this.timeout(60_000);
    const inbox = await opened(startInbox());
    const first = await started(startNodeRed({ userDir }));
    const flow = backlogFlow(first, { server: inbox });
    await first.deploy(flow.nodes);
    const second = await started(startNodeRed({ userDir }));
    const error = await second.logged(/\[error\].*The outbox .* is in use by the process with pid \d+.*/);
    assert.ok(error.includes(path.join(userDir, 'email-outbox', flow.ids.connector)));
    assert.ok(error.includes(`pid ${first.pid}`));
    const { body } = await second.request('GET', `/email-server-connector/${flow.ids.connector}`);
    assert.equal(body.state, 'INIT_ERROR');
    await second.send(flow.ids.input, { _msgid: 'second', topic: 'a', to: TO });
    const done = await second.dones.waitForOne(({ msgid }) => msgid === 'second');
    assert.match(done.error ?? '', /in use by the process/);

    await flow.send({ _msgid: 'first', topic: 'b', to: TO, priority: 'high' });
    assert.equal((await inbox.nextMail()).parsed.text?.trim(), '[b]');
    assert.equal(inbox.mails.items.length, 1);
  });

  it('has a folder that can be used, or the connector says which one can not, and takes nothing', async function () {
    this.timeout(40_000);
    const inbox = await opened(startInbox());
    writeFileSync(path.join(userDir, 'email-outbox'), 'not a folder');
    const red = await started(startNodeRed({ userDir }));
    const flow = backlogFlow(red, { server: inbox });
    await red.deploy(flow.nodes);
    await flow.statuses.waitForOne(({ text, fill }) => fill === 'red' && /^INIT_ERROR/.test(text ?? ''));
    await flow.send({ _msgid: 'one', topic: 'a', to: TO });
    const { email } = await flow.failed.next();
    assert.equal(email.status, 'failed');
    assert.equal(email.error.code, 'OUTBOX_FOLDER');
    assert.ok(email.error.message.includes(path.join(userDir, 'email-outbox', flow.ids.connector)));
    assert.match(email.error.hint, /writable/);
    assert.match((await flow.caught.next()).error.message, /can not be used/);

    // Put right, the next start takes mails.
    rmSync(path.join(userDir, 'email-outbox'));
    await flow.send({ action: 'start' });
    await flow.send({ topic: 'b', to: TO, priority: 'high' });
    assert.equal((await inbox.nextMail()).parsed.text?.trim(), '[b]');
  });
});
