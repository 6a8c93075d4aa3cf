import assert from 'node:assert/strict';
import { closedAfterEach } from '../servers/closing';
import { reply } from '../servers/fault-script';
import { startFaultServer } from '../servers/fault-server';
import { deployMailFlow } from './mail-flow';
import type { NodeRed } from './node-red';
import { sharedNodeRed } from './shared-node-red';

describe('a mail with more recipients than the server takes', () => {
  const opened = closedAfterEach();
  let red: NodeRed;
  before(async function () {
    this.timeout(30_000);
    red = await sharedNodeRed();
  });

  const cases: [line: string, where: 'rcpt' | 'dot', recipients: number, limit: number, asked: number][] = [
    ['452 4.5.3 Error: too many recipients', 'rcpt', 22, 5, 22 + 17],
    ['552 5.5.3 Maximum limit of 5 recipients reached', 'rcpt', 22, 5, 22 + 17],
    ['550 5.5.3 Too many recipients', 'rcpt', 22, 5, 22 + 17],
    ['554 Recipient count exceeds 50', 'dot', 120, 50, 120 + 120],
    ['550 5.5.3 RESOLVER.ADR.RecipLimit', 'dot', 120, 50, 120 + 60 + 120],
  ];
  for (const [line, where, recipients, limit, first] of cases) {
    it(`is told as sent once, when each of them has it, at once and once: ${line}`, async function () {
      this.timeout(20_000);
      let asked = 0;
      const server = await opened(
        startFaultServer({
          script({ phase }) {
            if (phase === 'mail') asked = 0;
            if (phase === 'rcpt') asked += 1;
            return phase === where && asked > limit ? reply(line) : undefined;
          },
        }),
      );
      const to = Array.from({ length: recipients }, (_, i) => `${i}@x.test`);
      const flow = await deployMailFlow(red, { server, sendEmail: { to: to.join() } });
      await flow.send({ topic: 't' });
      // The shortest wait between two attempts would be 15 s.
      const { email } = await flow.sent.next();
      assert.deepEqual([email.status, email.attempts, email.rejected], ['sent', 1, []]);
      assert.deepEqual(email.accepted, to);
      assert.equal(email.duplicatePossible, false);
      assert.deepEqual(
        server.ledger.items.flatMap((entry) => entry.recipients),
        to,
      );
      assert.equal(new Set(server.ledger.items.map(({ messageId }) => messageId)).size, 1);
      assert.ok(server.ledger.items.every((entry) => entry.recipients.length <= limit));
      assert.equal(server.connections.total, 1);
      await flow.send({ topic: 'next' });
      await flow.completed.waitFor(2);
      // Those that follow are split beforehand.
      const commands = server.commands.items.filter(({ phase }) => phase === 'rcpt');
      assert.equal(commands.length, first + recipients);
      assert.deepEqual([flow.failed.items, flow.caught.items], [[], []]);
      assert.equal(flow.sent.items.length, 2);
    });
  }
});
