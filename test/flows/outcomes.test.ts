/** Outcomes of mails that end while a deploy takes their nodes away. */
import assert from 'node:assert/strict';
import { closedAfterEach } from '../servers/closing';
import { at, slow, type Fault } from '../servers/fault-script';
import { startFaultServer, type FaultServer } from '../servers/fault-server';
import { mailFlow, type MailFlow } from './mail-flow';
import type { FlowMsg, FlowNode, NodeRed } from './node-red';
import { sharedNodeRed } from './shared-node-red';

/** Longer than Node-RED needs to begin with a deploy, shorter than a connector waits for a reply when it stops (ms). */
const REPLY_MS = 1_500;
const REFUSED: Fault = { delay: REPLY_MS, reply: '554 5.7.1 spam' };

const topics = (msgs: readonly FlowMsg[]): string[] => msgs.map(({ topic }) => String(topic));

/** The nodes of a flow with its connector changed, so that each kind of deploy replaces it. */
const changed = (nodes: FlowNode[]): FlowNode[] =>
  nodes.map((node) => (node.type === 'email-server-connector' ? { ...node, connections: 1 } : node));

describe('a mail that ends while a deploy replaces its node', () => {
  let red: NodeRed;
  let server: FaultServer;
  const opened = closedAfterEach();
  before(async function () {
    this.timeout(30_000);
    red = await sharedNodeRed();
  });
  beforeEach(async () => {
    server = await opened(startFaultServer());
  });

  /** A mail that nothing hinders: what leaves the node after its outcome came twice, or too late. */
  async function sendMarker(flow: MailFlow): Promise<void> {
    server.script = () => undefined;
    await flow.send({ topic: 'marker' });
    await flow.sent.waitForOne(({ topic }) => topic === 'marker');
  }

  const deploys: [string, (flow: MailFlow) => Promise<void>][] = [
    ['a full deploy', ({ nodes }) => red.deploy(nodes)],
    ['a deploy of the changed connector', ({ nodes }) => red.deploy(changed(nodes), 'nodes')],
    ['a reload', ({ nodes }) => red.deploy(nodes, 'reload')],
  ];
  for (const [what, deploy] of deploys) {
    it(`leaves the first output once after ${what}`, async function () {
      this.timeout(30_000);
      server.script = at('dot', slow(REPLY_MS));
      const flow = mailFlow(red, { server });
      await red.deploy(flow.nodes);
      await flow.send({ topic: 'under way' });
      await server.bodies.waitFor(1);
      assert.deepEqual(server.ledger.items, []);
      await deploy(flow);
      const { email } = await flow.sent.next();
      assert.deepEqual([email.status, email.recovered], ['sent', false]);
      await sendMarker(flow);
      assert.deepEqual(topics(flow.sent.items), ['under way', 'marker']);
      await flow.completed.waitForOne(({ topic }) => topic === 'marker');
      assert.deepEqual([flow.failed.items, flow.caught.items], [[], []]);
      assert.equal(server.ledger.items.length, 2);
    });

    it(`leaves the second output once and is caught once after ${what} when the server refuses it`, async function () {
      this.timeout(30_000);
      server.script = at('dot', REFUSED);
      const flow = mailFlow(red, { server });
      await red.deploy(flow.nodes);
      await flow.send({ topic: 'refused' });
      await server.bodies.waitFor(1);
      await deploy(flow);
      const { email } = await flow.failed.next();
      assert.deepEqual([email.status, email.error.responseCode], ['failed', 554]);
      assert.match((await flow.caught.next()).error.message, /spam/);
      await sendMarker(flow);
      assert.deepEqual(topics(flow.failed.items), ['refused']);
      assert.deepEqual(topics(flow.caught.items), ['refused']);
      assert.deepEqual(topics(flow.sent.items), ['marker']);
    });

    it(`has its outcome once after ${what} when it was a waiting batch`, async function () {
      this.timeout(30_000);
      server.script = at('dot', slow(REPLY_MS));
      const flow = mailFlow(red, { server, sendEmail: { batchSize: 9, batchTimeout: 3600 } });
      await red.deploy(flow.nodes);
      await flow.send({ topic: 'first' }, { topic: 'second' });
      await flow.statuses.waitForOne(({ text = '' }) => /2/.test(text));
      await deploy(flow);
      const { email } = await flow.sent.next();
      assert.deepEqual([email.status, email.count], ['sent', 2]);
      assert.deepEqual(topics(email.messages), ['first', 'second']);
      server.script = () => undefined;
      await flow.send({ topic: 'marker', priority: 'high' });
      await flow.sent.waitFor(2);
      assert.deepEqual(topics(flow.sent.items), ['second', 'marker']);
      assert.deepEqual([flow.failed.items, flow.caught.items], [[], []]);
    });
  }
});
