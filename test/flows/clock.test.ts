import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { closedAfterEach } from '../servers/closing';
import { reply } from '../servers/fault-script';
import { startFaultServer, type FaultServer } from '../servers/fault-server';
import { backlogFlow, taken, TO, topicsIn } from './backlog';
import type { MailFlow } from './mail-flow';
import { startNodeRed, type NodeRed } from './node-red';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const LATER = 'later@example.com';

describe('a clock that is set by hours while mails wait', () => {
  const opened = closedAfterEach();
  let userDir: string;
  beforeEach(() => {
    userDir = mkdtempSync(path.join(tmpdir(), 'clock-'));
  });
  // After the processes of the test have ended, which the hook before this one sees to.
  afterEach(() => rmSync(userDir, { recursive: true, force: true }));

  async function started(env: Record<string, string> = {}): Promise<NodeRed> {
    const red = await startNodeRed({ userDir, preload: ['clock'], env });
    await opened({ close: async () => void (await red.stop('SIGKILL')) });
    return red;
  }

  /** A server that refuses one address for now, so many times. */
  const greylisting = (refusals = 1) =>
    opened(
      startFaultServer({
        keepBodies: true,
        script: ({ phase, address, count }) =>
          phase === 'rcpt' && address === LATER && count <= refusals
            ? reply('451 4.7.1 greylisted')
            : undefined,
      }),
    );

  const asked = (server: FaultServer) =>
    server.commands.items.filter(({ line }) => line.includes(LATER)).length;

  async function counts(red: NodeRed, flow: MailFlow) {
    const { body } = await red.request('GET', `/email-server-connector/${flow.ids.connector}`);
    return { ...body.counts, state: body.state, used: body.rate.used };
  }

  /** Resolves when the connector runs and no attempt is under way: time that passes would end it. */
  async function settled(red: NodeRed, flow: MailFlow): Promise<void> {
    for (;;) {
      const { state, sending } = await counts(red, flow);
      if (state === 'RUN' && sending === 0) return;
    }
  }

  for (const hours of [-5, 5]) {
    const set = hours * HOUR;
    const name = hours < 0 ? 'back' : 'forwards';

    it(`${name} changes nothing for a deferred mail and for a batch`, async function () {
      this.timeout(40_000);
      const server = await greylisting(2);
      const red = await started();
      const flow = backlogFlow(red, { server, sendEmail: { batchTimeout: 60, batchSize: 2 } });
      await red.deploy(flow.nodes);
      await flow.send(
        { topic: 'a', to: LATER, priority: 'high' },
        { topic: 'b', to: TO, batch: '1' },
        { topic: 'c', to: TO, batch: '2' },
      );
      await taken(red, flow);
      await server.commands.waitForOne(({ line }) => line.includes(LATER));
      red.clock({ set });
      // One batch gets full, so that the next is looked for in the new time.
      await flow.send({ topic: 'd', to: TO, batch: '1' });
      await server.ledger.waitFor(1);
      red.clock({ pass: 14 * SECOND });
      await taken(red, flow);
      assert.deepEqual([topicsIn(server), asked(server)], [['b', 'd'], 1]);
      // The wait of 15 s has up to a quarter more by chance.
      red.clock({ pass: 5 * SECOND });
      await server.commands.waitForOne(() => asked(server) === 2);
      await settled(red, flow);
      red.clock({ pass: 39 * SECOND });
      await taken(red, flow);
      assert.deepEqual([topicsIn(server), asked(server)], [['b', 'd'], 2]);
      red.clock({ pass: 3 * SECOND });
      await server.ledger.waitFor(2);
      assert.deepEqual([topicsIn(server), asked(server)], [['b', 'c', 'd'], 2]);
      red.clock({ pass: 36 * SECOND });
      await server.ledger.waitFor(3);
      assert.deepEqual(topicsIn(server), ['a', 'b', 'c', 'd']);
    });

    it(`${name} frees no place of the rate limit and takes none`, async function () {
      this.timeout(40_000);
      const server = await greylisting();
      const red = await started();
      const flow = backlogFlow(red, { server, connector: { rateLimit: 2, ratePeriod: 'minute' } });
      await red.deploy(flow.nodes);
      const urgent = (topic: string) => ({ topic, to: TO, priority: 'high' });
      await flow.send(urgent('a'), urgent('b'));
      await flow.sent.waitFor(2);
      red.clock({ set });
      await flow.send(urgent('c'), urgent('d'));
      await taken(red, flow);
      red.clock({ pass: 55 * SECOND });
      await taken(red, flow);
      const { used, queued } = await counts(red, flow);
      assert.deepEqual([used, queued], [2, 2]);
      red.clock({ pass: 6 * SECOND });
      await server.ledger.waitFor(4);
      assert.deepEqual(topicsIn(server), ['a', 'b', 'c', 'd']);
    });

    it(`${name} while Node-RED is not running holds nothing up for longer than an hour, nor breaks the rate limit`, async function () {
      this.timeout(60_000);
      const server = await greylisting();
      const first = await started();
      const flow = backlogFlow(first, {
        server,
        connector: { rateLimit: 2, ratePeriod: 'minute' },
        sendEmail: { batchTimeout: 600 },
      });
      await first.deploy(flow.nodes);
      await flow.send(
        { topic: 'a', to: LATER, priority: 'high' },
        { topic: 'b', to: TO, priority: 'high' },
        { topic: 'c', to: TO, priority: 'high' },
        { topic: 'd', to: TO, batch: '1' },
      );
      await taken(first, flow);
      await flow.sent.waitFor(1);
      await first.stop('SIGKILL');
      assert.deepEqual([topicsIn(server), asked(server)], [['b'], 1]);

      const second = await started({ CLOCK_SET: String(set) });
      const mails = () => server.commands.items.filter(({ phase }) => phase === 'mail').length;
      await settled(second, flow);
      if (hours < 0) {
        // Two attempts were just before: as far as anyone can know, also on this clock.
        second.clock({ pass: 50 * SECOND });
        assert.deepEqual([(await counts(second, flow)).used, mails()], [2, 2]);
      }
      for (let passed = 0; passed < HOUR; passed += 10 * MINUTE) {
        const before = mails();
        second.clock({ pass: 10 * MINUTE });
        await settled(second, flow);
        assert.ok(mails() - before <= 2, `${mails() - before} attempts`);
      }
      await server.ledger.waitFor(4);
      assert.deepEqual(topicsIn(server), ['a', 'b', 'c', 'd']);
    });
  }
});
