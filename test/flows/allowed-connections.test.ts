import assert from 'node:assert/strict';
import { closedAfterEach } from '../servers/closing';
import { replyAndFin, slow } from '../servers/fault-script';
import { startFaultServer } from '../servers/fault-server';
import { deployMailFlow, isProblem, type MailFlow } from './mail-flow';
import { startNodeRed, type NodeRed } from './node-red';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const MSGS = 40;

describe('a connector that may have more connections than the server allows', () => {
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

  const msgs = (count: number) => Array.from({ length: count }, (_, i) => ({ topic: String(i) }));

  it(`sends ${MSGS} msgs over one without a pause or a problem, and over two within ten minutes after the server allows them`, async function () {
    this.timeout(60_000);
    let limit = 1;
    let refused = 0;
    const server = await opened(startFaultServer());
    server.script = ({ phase }) => {
      if (phase === 'greeting' && server.connections.open > limit) {
        refused += 1;
        return replyAndFin('421 4.7.0 mail.test Error: too many connections from 127.0.0.1');
      }
      return phase === 'dot' ? slow(20) : undefined;
    };
    const flow = await deployMailFlow(red, { server, connector: { connections: 2 } });
    await flow.send(...msgs(MSGS));
    // A pause would be a minute.
    const results = await flow.sent.waitFor(MSGS, 20 * SECOND);
    assert.ok(results.every(({ email }) => email.attempts === 1 && email.duplicatePossible === false));
    assert.equal(server.ledger.items.length, MSGS);
    assert.equal(new Set(server.ledger.items.map(({ connection }) => connection)).size, 1);
    assert.equal(refused, 1);
    assert.equal((await status(flow)).problem, null);
    assert.deepEqual([...flow.connectorStatuses.items, ...flow.statuses.items].filter(isProblem), []);
    assert.deepEqual([flow.failed.items, flow.caught.items], [[], []]);

    limit = 2;
    while ((await status(flow)).counts.sending > 0);
    red.clock({ pass: 10 * MINUTE });
    await flow.send(...msgs(MSGS));
    await flow.sent.waitFor(2 * MSGS, 20 * SECOND);
    const connections = new Set(server.ledger.items.slice(MSGS).map(({ connection }) => connection));
    assert.equal(connections.size, 2);
    assert.equal(refused, 1);
    assert.deepEqual([...flow.connectorStatuses.items, ...flow.statuses.items].filter(isProblem), []);
  });
});
