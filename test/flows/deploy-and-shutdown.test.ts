import assert from 'node:assert/strict';
import { closedAfterEach } from '../servers/closing';
import { startFaultServer, type FaultServer } from '../servers/fault-server';
import { at, stall } from '../servers/fault-script';
import { startInbox } from '../servers/inbox';
import { mailFlow, type MailFlow } from './mail-flow';
import { startNodeRed, type FlowNode, type NodeRed } from './node-red';

/** Closing takes less than this, whatever the server does (ms). */
const CLOSE_MS = 10_000;

describe('a deploy and the end of Node-RED, with mails waiting', () => {
  let red: NodeRed;
  let hanging: FaultServer;
  const opened = closedAfterEach();
  before(async function () {
    this.timeout(30_000);
    red = await startNodeRed();
  });
  beforeEach(async () => {
    hanging = await opened(startFaultServer());
  });
  after(() => red.stop('SIGKILL'));

  const pointedAt = (nodes: FlowNode[], server: { host: string; port: number }): FlowNode[] =>
    nodes.map((node) =>
      node.type === 'email-server-connector'
        ? { ...node, properties: `mail.smtp.host=${server.host}\nmail.smtp.port=${server.port}` }
        : node,
    );

  async function fill(flow: MailFlow): Promise<void> {
    await flow.send(...[1, 2, 3, 4, 5].map((n) => ({ _msgid: `${flow.ids.tab}-${n}`, topic: `mail ${n}` })));
    await flow.send({ _msgid: `${flow.ids.tab}-b`, topic: 'batched', batched: true });
  }

  it('lose nothing: what waited leaves through the new connection, each msg with one done()', async function () {
    this.timeout(40_000);
    hanging.script = at('rcpt', stall());
    const flow = mailFlow(red, { server: hanging, sendEmail: { batchSize: 2, batchTimeout: 3600 } });
    await red.deploy(flow.nodes);
    await fill(flow);
    await flow.send({ _msgid: `${flow.ids.tab}-c`, topic: 'left over' });
    await hanging.commands.waitForOne((command) => command.phase === 'rcpt');

    const inbox = await opened(startInbox());
    const start = Date.now();
    await red.deploy(pointedAt(flow.nodes, inbox), 'nodes');
    assert.ok(Date.now() - start < CLOSE_MS, `the deploy took ${Date.now() - start} ms`);
    const mails = await inbox.waitFor(4, 20_000);
    assert.equal(mails.length, 4);
    await flow.completed.waitFor(7);
    const msgids = red.dones.items
      .filter((done) => done.node === flow.ids.sendEmail)
      .map((done) => done.msgid);
    assert.deepEqual([...new Set(msgids)].length, 7);
    assert.equal(msgids.length, 7);
    assert.deepEqual(flow.failed.items, []);
  });

  it('take less than ten seconds when the server never answers for a body', async function () {
    this.timeout(40_000);
    hanging.script = at('dot', stall());
    const flow = mailFlow(red, { server: hanging });
    await red.deploy(flow.nodes);
    await fill(flow);
    await hanging.bodies.waitFor(1);
    const start = Date.now();
    await red.deploy(flow.nodes);
    assert.ok(Date.now() - start < CLOSE_MS, `the deploy took ${Date.now() - start} ms`);
    assert.equal(red.exit(), undefined);
  });

  it('take less than ten seconds with SIGTERM, and the process ends as it should', async function () {
    this.timeout(40_000);
    hanging.script = at('greeting', stall());
    const flow = mailFlow(red, { server: hanging, sendEmail: { batchSize: 4, batchTimeout: 3600 } });
    await red.deploy(flow.nodes);
    await fill(flow);
    const { code, ms } = await red.stop('SIGTERM');
    assert.equal(code, 0);
    assert.ok(ms < CLOSE_MS, `the end took ${ms} ms`);
    assert.doesNotMatch(red.logs(), /Close timed out|Uncaught/);
  });
});
