import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { closedAfterEach } from '../servers/closing';
import { fin, reply, replyAndFin, rst, slow, type Fault, type Script } from '../servers/fault-script';
import { startFaultServer, type FaultServer } from '../servers/fault-server';
import { taken, TO } from './backlog';
import { mailFlow, type MailFlow } from './mail-flow';
import { startNodeRed, type FlowMsg, type NodeRed } from './node-red';

const SECOND = 1_000;
/** The server writes times down in whole ms. */
const ROUNDING_MS = 1;

describe('the sending limit', () => {
  const opened = closedAfterEach();
  let userDir: string;
  beforeEach(() => {
    userDir = mkdtempSync(path.join(tmpdir(), 'rate-limit-'));
  });
  // After the processes of the test have ended, which the hook before this one sees to.
  afterEach(() => rmSync(userDir, { recursive: true, force: true }));

  async function started(): Promise<NodeRed> {
    const red = await startNodeRed({ userDir, preload: ['clock'] });
    await opened({ close: async () => void (await red.stop('SIGKILL')) });
    return red;
  }

  const attempts = (server: FaultServer) =>
    server.commands.items.filter(({ phase }) => phase === 'mail').map(({ at }) => at);

  /** Most of ascending times within any window. */
  function mostInAnyWindow(times: number[], window: number): number {
    let most = 0;
    for (let first = 0, last = 0; last < times.length; last++) {
      while ((times[last] as number) - (times[first] as number) >= window - ROUNDING_MS) first += 1;
      most = Math.max(most, last - first + 1);
    }
    return most;
  }

  /** Every few mails something else goes wrong; where a connection ends, it has carried a mail before. */
  function trouble(): Script {
    const faults: Partial<Record<number, [string, Fault]>> = {
      3: ['dot', slow(300)],
      11: ['dot', { reply: '250 ok', then: 'rst' }],
      19: ['mail', fin()],
      27: ['data', rst()],
      35: ['dot', reply('451 4.3.0 later')],
      43: ['mail', replyAndFin('421 4.4.2 session too long')],
      51: ['dot', slow(150)],
      59: ['dot', reply('554 5.7.1 no')],
    };
    let mails = 0;
    return ({ phase, transaction }) => {
      if (phase === 'mail') mails += 1;
      const [where, fault] = faults[mails % 64] ?? [];
      return where === phase && (transaction > 1 || !fault?.then) ? fault : undefined;
    };
  }

  async function status(red: NodeRed, flow: MailFlow) {
    const { body } = await red.request('GET', `/email-server-connector/${flow.ids.connector}`);
    return body;
  }

  it('is never exceeded in any window, counted at the server: ten connections, failures, new connections, a restart and a kill -9 in between', async function () {
    this.timeout(120_000);
    const LIMIT = 20;
    const MSGS = 200;
    const server = await opened(startFaultServer({ script: trouble(), keepBodies: true }));
    const first = await started();
    const flow = mailFlow(first, {
      server,
      connector: { outbox: 'disk', connections: 10, rateLimit: LIMIT, ratePeriod: 'second' },
      sendEmail: { to: '', format: 'text', template: '[{{payload}}]' },
    });
    await first.deploy(flow.nodes);
    await flow.send(...Array.from({ length: MSGS }, (_, payload) => ({ topic: 't', payload, to: TO })));
    await taken(first, flow);
    await server.ledger.waitFor(30, 20_000);
    await first.stop('SIGTERM');
    const between = server.ledger.items.length;
    const second = await started();
    await server.ledger.waitFor(between + 30, 30_000);
    await second.stop('SIGKILL');
    const third = await started();

    for (;;) {
      const { state, counts } = await status(third, flow);
      const { queued, deferred, sending } = counts;
      if (state === 'RUN' && queued + sending + deferred === 0) break;
      await new Promise((resolve) => setTimeout(resolve, SECOND + 100));
      // Mails that were refused for now are all that is left, and the window is empty: their wait may be cut short.
      if (state === 'RUN' && queued + sending === 0) third.clock({ pass: 20 * SECOND });
    }
    const times = attempts(server);
    const most = mostInAnyWindow(times, SECOND);
    console.log(
      `      limit ${LIMIT} a second, ten connections: ${times.length} attempts, at most ${most} in any second`,
    );
    assert.ok(most <= LIMIT, `${most} attempts in one second`);
    assert.ok(most > LIMIT / 2, `only ${most} in the fullest second`);
    assert.ok(times.length > MSGS, 'nothing went wrong');
    assert.ok(server.connections.most > 1);
    const arrived = new Set(
      server.bodies.items.map(({ body }) => /\[(\d+)\]/.exec(body?.toString('latin1') ?? '')?.[1]),
    );
    assert.equal(arrived.size, MSGS);
  });

  it('counts over a kill -9: what was sent in the minute before takes its places in the minute after', async function () {
    this.timeout(60_000);
    const server = await opened(startFaultServer());
    const first = await started();
    const flow = mailFlow(first, {
      server,
      connector: { outbox: 'disk', connections: 10, rateLimit: 20, ratePeriod: 'minute' },
      sendEmail: { to: '' },
    });
    await first.deploy(flow.nodes);
    await flow.send(...Array.from({ length: 12 }, (_, i) => ({ topic: String(i), to: TO })));
    await flow.sent.waitFor(12);
    await first.stop('SIGKILL');
    const second = await started();
    await second.statuses(flow.ids.connector).waitForOne(({ fill }) => fill === 'green');
    assert.equal((await status(second, flow)).rate.used, 12);
    const again = { ...flow, send: (...msgs: FlowMsg[]) => second.send(flow.ids.input, ...msgs) };
    await again.send(...Array.from({ length: 30 }, (_, i) => ({ topic: `more ${i}`, to: TO })));
    await taken(second, again);
    await server.ledger.waitFor(20);
    const { counts, rate } = await status(second, flow);
    assert.deepEqual([counts.queued, rate.used, attempts(server).length], [22, 20, 20]);
    second.clock({ pass: 61 * SECOND });
    await server.ledger.waitFor(40);
    assert.deepEqual([(await status(second, flow)).counts.queued, attempts(server).length], [2, 40]);
  });

  it('lets batches grow up to batchSize while it holds, instead of many mails', async function () {
    this.timeout(60_000);
    const server = await opened(startFaultServer());
    const red = await started();
    const flow = mailFlow(red, {
      server,
      connector: { outbox: 'disk', rateLimit: 1, ratePeriod: 'minute' },
      sendEmail: { to: '', batchSize: 40, batchTimeout: 5 },
    });
    await red.deploy(flow.nodes);
    await flow.send({ topic: 't', payload: 0, to: TO }, { flush: true });
    await flow.sent.waitFor(1);
    for (let passed = 0; passed < 5; passed++) {
      await flow.send(...Array.from({ length: 6 }, (_, i) => ({ topic: 't', payload: i, to: TO })));
      await taken(red, flow);
      // Their time is over again and again.
      red.clock({ pass: 10 * SECOND });
    }
    assert.equal(server.ledger.items.length, 1);
    red.clock({ pass: 12 * SECOND });
    const [, second] = await flow.sent.waitFor(2);
    assert.equal(second?.email.count, 30);
    assert.equal(server.ledger.items.length, 2);
  });
});
