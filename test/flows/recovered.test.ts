import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { at, stall } from '../servers/fault-script';
import { startFaultServer } from '../servers/fault-server';
import { mailFlow } from './mail-flow';
import { startNodeRed } from './node-red';

describe('a mail that was taken before a restart', () => {
  it('leaves after it, and its outcome comes out of the node that took it', async function () {
    this.timeout(60_000);
    const server = await startFaultServer({ script: at('mail', stall()) });
    const userDir = await mkdtemp(path.join(tmpdir(), 'recovered-'));
    try {
      const first = await startNodeRed({ userDir });
      const flow = mailFlow(first, { server, connector: { outbox: 'disk' } });
      await first.deploy(flow.nodes);
      await flow.send({ topic: 'outage', payload: Buffer.from('kept') });
      await server.commands.waitForOne(({ phase }) => phase === 'mail');
      await first.stop('SIGKILL');

      server.script = () => undefined;
      const second = await startNodeRed({ userDir });
      const sent = flow.nodes.find(({ type, name }) => type === 'probe' && name === 'sent');
      const { email, topic } = await second.probe(sent?.id ?? '').next(20_000);
      await second.stop();
      assert.equal(topic, 'outage');
      assert.equal(email.status, 'sent');
      assert.equal(email.recovered, true);
      assert.equal(email.duplicatePossible, false);
      assert.equal(String(email.messages[0].payload), 'kept');
      assert.equal(server.ledger.items.length, 1);
    } finally {
      await server.close();
      await rm(userDir, { recursive: true, force: true });
    }
  });
});
