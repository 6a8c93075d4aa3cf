/** Mails that were left with one connector while their send-email node went to another, or stayed without one. */
import assert from 'node:assert/strict';
import { closedAfterEach } from '../servers/closing';
import { at, reply, slow } from '../servers/fault-script';
import { startFaultServer } from '../servers/fault-server';
import { isProblem, mailFlow, type MailFlow } from './mail-flow';
import type { FlowMsg, FlowNode, NodeRed } from './node-red';
import { sharedNodeRed } from './shared-node-red';
import { freePort } from './user-dir';

/** Longer than Node-RED needs to begin with a deploy, shorter than a connector waits for a reply when it stops (ms). */
const REPLY_MS = 1_500;

const topics = (msgs: readonly FlowMsg[]): string[] => msgs.map(({ topic }) => String(topic)).sort();

describe('the mails of a send-email node that leaves its connector', () => {
  let red: NodeRed;
  const opened = closedAfterEach();
  before(async function () {
    this.timeout(30_000);
    red = await sharedNodeRed();
  });

  const SECOND = 'f7150020';
  const pointedAt = (node: FlowNode, { host, port }: { host: string; port: number }): FlowNode => ({
    ...node,
    properties: `mail.smtp.host=${host}\nmail.smtp.port=${port}`,
  });
  const isConnector = ({ type }: FlowNode): boolean => type === 'email-server-connector';
  /** The nodes of a flow with a second connector, which its send-email node uses. */
  function moved({ nodes, ids }: MailFlow, server: { host: string; port: number }): FlowNode[] {
    const own = nodes.find(isConnector) as FlowNode;
    return [
      ...nodes.map((node) => (node.id === ids.sendEmail ? { ...node, server: SECOND } : node)),
      { ...pointedAt(own, server), id: SECOND, title: 'second' },
    ];
  }

  /** A flow whose mails wait with the first connector. */
  async function inOutage(connector: Record<string, unknown>): Promise<MailFlow> {
    const server = { host: '127.0.0.1', port: await freePort() };
    const flow = mailFlow(red, { server, connector, sendEmail: { to: '' } });
    await red.deploy(flow.nodes);
    await flow.send({ topic: 'good', to: 'good@example.com' }, { topic: 'bad', to: 'bad@example.com' });
    await flow.connectorStatuses.waitForOne(isProblem);
    return flow;
  }

  it('have their outcomes at the node when it uses another one by now', async function () {
    this.timeout(40_000);
    const server = await opened(
      startFaultServer({
        script: (moment) =>
          moment.address === 'bad@example.com' ? at('rcpt', reply('550 5.1.1 nobody'))(moment) : undefined,
      }),
    );
    const flow = await inOutage({ outbox: 'disk' });
    await red.deploy(moved(flow, server));
    await flow.send({ topic: 'marker', to: 'good@example.com' });
    assert.equal((await flow.sent.next()).topic, 'marker');

    // The outage of the first ends.
    const nodes = moved(flow, server).map((node) =>
      node.id === flow.ids.connector ? pointedAt(node, server) : node,
    );
    await red.deploy(nodes, 'nodes');
    assert.equal((await flow.sent.next()).topic, 'good');
    const failed = await flow.failed.next();
    assert.deepEqual([failed.topic, failed.email.error.responseCode], ['bad', 550]);
    await flow.caught.waitFor(1);
    await flow.send({ topic: 'end', to: 'good@example.com' });
    await flow.sent.waitFor(3);
    assert.deepEqual(topics(flow.sent.items), ['end', 'good', 'marker']);
    assert.deepEqual([topics(flow.failed.items), topics(flow.caught.items)], [['bad'], ['bad']]);
    assert.doesNotMatch(red.logs(), new RegExp(`send-email node ${flow.ids.sendEmail} is gone`));
  });

  const after: [string, (flow: MailFlow) => FlowNode[]][] = [
    ['has none', ({ nodes }) => nodes],
    ['uses another one', (flow) => moved(flow, { host: '127.0.0.1', port: 1 })],
  ];
  for (const [what, nodesOf] of after) {
    it(`fail with DELETED when the connector was deleted with its memory and the node ${what}`, async function () {
      this.timeout(40_000);
      const flow = await inOutage({ outbox: 'memory' });
      await red.deploy(nodesOf(flow).filter(({ id }) => id !== flow.ids.connector));
      const failed = await flow.failed.waitFor(2);
      assert.deepEqual(topics(failed), ['bad', 'good']);
      for (const { email } of failed) {
        assert.deepEqual([email.status, email.error.code], ['failed', 'DELETED']);
      }
      assert.deepEqual(topics(await flow.caught.waitFor(2)), ['bad', 'good']);
      // What a node without a connector says to a msg comes after all else.
      await flow.send({ topic: 'end', to: 'nowhere' });
      await flow.caught.waitFor(3);
      assert.deepEqual(topics(flow.failed.items), ['bad', 'end', 'good']);
      assert.deepEqual([flow.sent.items, flow.caught.items.length], [[], 3]);
    });
  }

  const ends: [string, (flow: MailFlow) => FlowNode[]][] = [
    ['was deleted', ({ nodes }) => nodes.filter((node) => !isConnector(node))],
    [
      'keeps its mails in memory now',
      ({ nodes }) => nodes.map((node) => (isConnector(node) ? { ...node, outbox: 'memory' } : node)),
    ],
  ];
  for (const [what, nodesOf] of ends) {
    it(`have their outcomes once when they end while the outbox on disk closes: the connector ${what}`, async function () {
      this.timeout(40_000);
      const server = await opened(startFaultServer({ script: at('dot', slow(REPLY_MS)) }));
      const flow = mailFlow(red, { server, connector: { outbox: 'disk' } });
      await red.deploy(flow.nodes);
      await flow.send({ topic: 'under way' });
      await server.bodies.waitFor(1);
      await red.deploy(nodesOf(flow));
      assert.equal((await flow.sent.next()).email.status, 'sent');
      // The same connector with the same folder again, and a mail that nothing hinders.
      await red.deploy(flow.nodes);
      server.script = () => undefined;
      await flow.send({ topic: 'marker' });
      await flow.sent.waitForOne(({ topic }) => topic === 'marker');
      assert.deepEqual(topics(flow.sent.items), ['marker', 'under way']);
      assert.doesNotMatch(red.logs(), new RegExp(`${flow.ids.connector} is closed`));
    });
  }
});
