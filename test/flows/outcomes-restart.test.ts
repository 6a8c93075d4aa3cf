/** Outcomes of mails that end while Node-RED does, or whose node is gone by then. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { closedAfterEach } from '../servers/closing';
import type { Script } from '../servers/fault-script';
import { startFaultServer } from '../servers/fault-server';
import { flowIn, mailFlow, type MailFlow } from './mail-flow';
import { startNodeRed, type FlowMsg, type NodeRed } from './node-red';

/** Longer than Node-RED needs to begin with its end, shorter than a connector waits for a reply when it stops (ms). */
const REPLY_MS = 1_500;

const topics = (msgs: readonly FlowMsg[]): string[] => msgs.map(({ topic }) => String(topic)).sort();

/** Answers late; refuses each second mail. */
const late: Script = ({ phase, count }) => {
  if (phase !== 'dot') return undefined;
  return { delay: REPLY_MS, ...(count % 2 === 0 && { reply: '554 5.7.1 spam' }) };
};

describe('a mail that ends while Node-RED stops', () => {
  let userDir: string;
  let running: NodeRed[];
  const opened = closedAfterEach();
  const start = async (): Promise<NodeRed> => {
    const red = await startNodeRed({ userDir });
    running.push(red);
    return red;
  };
  beforeEach(async () => {
    running = [];
    userDir = await mkdtemp(path.join(tmpdir(), 'outcomes-'));
  });
  afterEach(async () => {
    await Promise.all(running.map((red) => red.stop('SIGKILL')));
    await rm(userDir, { recursive: true, force: true });
  });

  it('has its outcome once after the restart, and Catch nodes hear of those that failed', async function () {
    this.timeout(60_000);
    const server = await opened(startFaultServer({ script: late }));
    const first = await start();
    const before = mailFlow(first, { server, connector: { outbox: 'disk' } });
    await first.deploy(before.nodes);
    await before.send(...['1', '2', '3', '4'].map((topic) => ({ topic })));
    await server.bodies.waitFor(2);
    assert.equal((await first.stop('SIGTERM')).code, 0);
    assert.deepEqual([before.sent.items, before.failed.items, before.caught.items], [[], [], []]);
    // Both were answered before the process ended.
    assert.deepEqual(
      server.bodies.items
        .slice(0, 2)
        .map(({ reply }) => reply?.slice(0, 3))
        .sort(),
      ['250', '554'],
    );

    server.script = () => undefined;
    const second = await start();
    const after = flowIn(second, before);
    await after.sent.waitFor(3, 20_000);
    await after.failed.waitFor(1);
    await after.caught.waitFor(1);
    await markEnd(after);
    assert.deepEqual(topics([...after.sent.items, ...after.failed.items]), ['1', '2', '3', '4', 'marker']);
    const [failed] = after.failed.items;
    assert.equal(failed?.email.error.responseCode, 554);
    assert.deepEqual(topics(after.caught.items), [failed?.topic]);
    for (const { topic, email } of [...after.sent.items, ...after.failed.items]) {
      assert.equal(email.recovered, topic !== 'marker', topic);
    }
    // 1 to 4 once each, and the marker.
    assert.equal(server.bodies.items.length, 5);
  });

  for (const type of ['nodes', 'full'] as const) {
    it(`is told in the log when a ${type} deploy deleted its node, and never again`, async function () {
      this.timeout(60_000);
      const server = await opened(
        startFaultServer({
          script: ({ phase }) => (phase === 'dot' ? { delay: REPLY_MS, reply: '554 5.7.1 spam' } : undefined),
        }),
      );
      const first = await start();
      const flow = mailFlow(first, { server, connector: { outbox: 'disk' } });
      await first.deploy(flow.nodes);
      await flow.send({ topic: 'orphan' });
      await server.bodies.waitFor(1);
      await first.deploy(
        flow.nodes.filter(({ id }) => id !== flow.ids.sendEmail),
        type,
      );
      await first.logged(new RegExp(`orphan: .*spam.*its send-email node ${flow.ids.sendEmail} is gone`));
      assert.equal((await first.stop('SIGTERM')).code, 0);

      server.script = () => undefined;
      const second = await start();
      const after = flowIn(second, flow);
      await second.deploy(flow.nodes);
      await markEnd(after);
      assert.deepEqual(topics(after.sent.items), ['marker']);
      assert.deepEqual([after.failed.items, after.caught.items], [[], []]);
      assert.doesNotMatch(second.logs(), /is gone/);
      assert.equal(server.bodies.items.length, 2);
    });
  }
});

/** Sends a mail that nothing hinders: what comes before its outcome is all that comes. */
async function markEnd(flow: MailFlow): Promise<void> {
  await flow.send({ topic: 'marker' });
  await flow.sent.waitForOne(({ topic }) => topic === 'marker');
}
