/** The outbox with a mail server at the other end of a real connection, on a clock on which an hour takes 600 ms. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { closedAfterEach } from '../servers/closing';
import { at, fin, firstOf, reply } from '../servers/fault-script';
import { startFaultServer } from '../servers/fault-server';
import { freePort } from '../flows/user-dir';
import { fastClock } from './clocks';
import { newMail } from '../builders';
import { openLine, type LineOptions } from './delivery-fixture';
import { useFolder } from '../store/disk/disk-fixture';
import { tryOutage } from './outage-trial';

const MINUTE = 60_000;
const FACTOR = 6_000;
const MB = 1024 * 1024;

describe('the outbox and its mail server', () => {
  const opened = closedAfterEach();
  const folder = useFolder();
  const lineTo = (options: LineOptions) =>
    opened(openLine({ folder: folder(), clock: fastClock(FACTOR), ...options }));

  it('give each recipient exactly one mail when one is put off three times and one is refused', async () => {
    const [good, later, never] = ['good@x.test', 'later@x.test', 'never@x.test'] as const;
    const server = await opened(
      startFaultServer({
        script: firstOf(
          ({ phase, address, count }) =>
            phase === 'rcpt' && address === later && count <= 3 ? reply('451 4.7.1 greylisted') : undefined,
          ({ phase, address }) =>
            phase === 'rcpt' && address === never ? reply('550 5.1.1 nobody') : undefined,
        ),
      }),
    );
    const { outbox, results, start } = await lineTo({ server });
    start();
    await outbox.add(newMail([good, later, never]));
    const result = await results.next();
    assert.deepEqual(
      server.ledger.items.map(({ recipients }) => recipients),
      [[good], [later]],
    );
    assert.equal(result.status, 'sent');
    assert.deepEqual(result.accepted, [good, later]);
    assert.deepEqual(
      result.rejected.map(({ address, code }) => [address, code]),
      [[never, 550]],
    );
    assert.equal(result.attempts, 4);
    assert.equal(result.duplicatePossible, false);
    // Most greylists want five minutes at the most.
    const asked = server.commands.items
      .filter(({ line }) => line.includes(later))
      .map((command) => command.at);
    assert.equal(asked.length, 4);
    for (const [i, wait] of [MINUTE / 4, MINUTE, 5 * MINUTE].entries()) {
      assert.ok(((asked[i + 1] as number) - (asked[i] as number) + 2) * FACTOR >= wait);
    }
  });

  it('hold the mails when each recipient is denied without a login, and say to log in', async () => {
    const denied = '554 5.7.1 <a@x.test>: Recipient address rejected: Access denied';
    let open = false;
    const server = await opened(
      startFaultServer({ script: ({ phase }) => (phase === 'rcpt' && !open ? reply(denied) : undefined) }),
    );
    const { outbox, results, problems, start } = await lineTo({ server });
    await outbox.add(newMail(['a@x.test', 'b@x.test']));
    await outbox.add(newMail(['c@x.test']));
    start();
    assert.equal(await problems.next(), 'AUTH');
    assert.match(outbox.problem()?.error.hint ?? '', /^Log in: set mail\.smtp\.auth=true/);
    assert.deepEqual(results.items, []);
    open = true;
    const sent = [await results.next(), await results.next()];
    assert.deepEqual(
      sent.map(({ status, accepted }) => [status, accepted.length]),
      [
        ['sent', 2],
        ['sent', 1],
      ],
    );
    assert.equal(server.ledger.items.length, 2);
  });

  it('know after a restart who has the mail already', async () => {
    const server = await opened(
      startFaultServer({
        script: ({ phase, address, count }) =>
          phase === 'rcpt' && address === 'later@x.test' && count === 1
            ? reply('451 4.7.1 greylisted')
            : undefined,
      }),
    );
    const first = await openLine({ server, folder: folder() });
    first.start();
    await first.outbox.add(newMail(['good@x.test', 'later@x.test']));
    await server.ledger.waitFor(1);
    await first.close();
    assert.deepEqual(first.results.items, []);

    const second = await lineTo({ server });
    assert.equal(second.left.mails, 1);
    second.start();
    const result = await second.results.next();
    assert.deepEqual(
      server.ledger.items.map(({ recipients }) => recipients),
      [['good@x.test'], ['later@x.test']],
    );
    assert.deepEqual(result.accepted, ['good@x.test', 'later@x.test']);
    assert.deepEqual([result.recovered, result.duplicatePossible, result.attempts], [true, false, 2]);
  });

  it('say that a duplicate is possible when the connection ended between dot and reply, also after a restart, and only then', async () => {
    const server = await opened(startFaultServer({ script: at('dot', fin(), 1) }));
    const first = await openLine({ server, folder: folder() });
    first.start();
    await first.outbox.add(newMail());
    await first.outbox.add(newMail());
    await first.results.waitFor(1);
    await first.close();
    const second = await lineTo({ server });
    second.start();
    const result = await second.results.next();
    assert.equal(first.results.items[0]?.duplicatePossible, false);
    assert.equal(result.duplicatePossible, true);
    const ids = server.bodies.items.map(({ messageId }) => messageId);
    assert.deepEqual(
      ids.filter((id) => id === result.messageId),
      [result.messageId, result.messageId],
    );
  });

  it('begin with the urgent mails when a backlog drains, whenever they came', async () => {
    const port = await freePort();
    const { outbox, results, start } = await lineTo({ server: { host: '127.0.0.1', port } });
    start();
    const low = newMail(undefined, { priority: 'low' });
    const normal = Array.from({ length: 20 }, () => newMail());
    const high = Array.from({ length: 3 }, () => newMail(undefined, { priority: 'high' }));
    for (const one of [low, ...normal, ...high]) await outbox.add(one);
    const server = await opened(startFaultServer({ port }));
    await results.waitFor(24);
    assert.deepEqual(
      server.ledger.items.map(({ messageId }) => messageId),
      [...high, ...normal, low].map(({ messageId }) => messageId),
    );
  });

  for (const kind of ['memory', 'disk'] as const) {
    it(`deliver 500 mails that were in ${kind} while the server was down, in order and each once`, async () => {
      const { accepted, connections } = await tryOutage(500, kind === 'disk' ? folder() : undefined, FACTOR);
      assert.equal(accepted, 500);
      assert.ok(connections > 0);
    });
  }

  it('report a mail at once whose content is damaged on disk, once and for all, and send the others', async () => {
    const server = await opened(startFaultServer());
    const first = await openLine({ server, folder: folder() });
    const large = newMail(undefined, { fill: MB });
    await first.outbox.add(large);
    await first.outbox.add(newMail());
    await first.close();
    truncateSync(join(folder(), 'mails', `${large.id}.eml`), 1000);

    const warnings: string[] = [];
    const warn = (text: string) => warnings.push(text);
    const second = await opened(openLine({ server, folder: folder(), clock: fastClock(FACTOR), warn }));
    second.start();
    const results = await second.results.waitFor(2);
    const damaged = results.find(({ id }) => id === large.id);
    assert.equal(damaged?.status, 'failed');
    assert.equal(damaged.error?.code, 'OUTBOX_DAMAGED');
    assert.match(damaged.error.message, /1000 of/);
    assert.equal(server.ledger.items.length, 1);
    await second.outbox.stop();
    assert.deepEqual(second.troubles, []);
    const aside = join(folder(), 'damaged', `${large.id}.eml`);
    assert.equal(statSync(aside).size, 1000);
    assert.deepEqual(warnings, [`The damaged content of the mail "${large.id}" was set aside in ${aside}.`]);
    const { error } = JSON.parse(readFileSync(join(folder(), 'failed', `${large.id}.json`), 'utf8'));
    assert.equal(error.code, 'OUTBOX_DAMAGED');
    await second.outbox.close();
    const third = await opened(openLine({ server, folder: folder() }));
    assert.equal(third.left.mails, 0);
  });
});
