/** The outbox and a mail server that takes fewer recipients in one mail than a mail has. */
import assert from 'node:assert/strict';
import { closedAfterEach } from '../servers/closing';
import { firstOf, reply, type Script } from '../servers/fault-script';
import { startFaultServer, type FaultServer, type FaultServerOptions } from '../servers/fault-server';
import { clockByHand } from './clocks';
import { newMail } from '../builders';
import { openLine, type LineOptions } from './delivery-fixture';
import { useFolder } from '../store/disk/disk-fixture';

const MINUTE = 60_000;
const addresses = (count: number) => Array.from({ length: count }, (_, i) => `${i}@x.test`);

describe('a server that takes fewer recipients in one mail', () => {
  const opened = closedAfterEach();
  const folder = useFolder();

  async function lineTo(server: FaultServer, options: Partial<LineOptions> = {}) {
    const clock = clockByHand();
    const line = await opened(openLine({ server, clock, ...options }));
    line.start();
    return { ...line, clock };
  }

  /** Refuses what comes after so many recipients that it took. */
  function atRcpt(limit: number, line: string, options: FaultServerOptions = {}): Promise<FaultServer> {
    let taken = 0;
    return opened(
      startFaultServer({
        ...options,
        script({ phase }) {
          if (phase === 'mail') taken = 0;
          if (phase !== 'rcpt') return undefined;
          return ++taken > limit ? reply(line) : undefined;
        },
      }),
    );
  }

  /** Refuses the mail as a whole when it has more. */
  function afterDot(limit: number, line: string): Promise<FaultServer> {
    let asked = 0;
    return opened(
      startFaultServer({
        script({ phase }) {
          if (phase === 'mail') asked = 0;
          if (phase === 'rcpt') asked += 1;
          return phase === 'dot' && asked > limit ? reply(line) : undefined;
        },
      }),
    );
  }

  const sizes = (server: FaultServer) => server.ledger.items.map(({ recipients }) => recipients.length);
  const asked = (server: FaultServer) => server.commands.items.filter(({ phase }) => phase === 'rcpt').length;

  for (const line of [
    '452 4.5.3 Error: too many recipients',
    '552 5.5.3 Maximum limit of 5 recipients reached',
    '550 5.5.3 Too many recipients',
  ]) {
    it(`gets a mail for 22 in further transactions at once, and the next ones in fitting parts: ${line}`, async () => {
      const server = await atRcpt(5, line);
      const { outbox, results, problems } = await lineTo(server);
      const to = addresses(22);
      await outbox.add(newMail(to));
      await outbox.add(newMail(to));
      // The clock stands still: no wait would end.
      for (const result of await results.waitFor(2)) {
        assert.deepEqual([result.status, result.attempts, result.rejected], ['sent', 1, []]);
        assert.deepEqual(result.accepted, to);
        assert.equal(result.duplicatePossible, false);
        assert.equal(result.error, undefined);
      }
      assert.deepEqual(sizes(server), [5, 5, 5, 5, 2, 5, 5, 5, 5, 2]);
      assert.equal(asked(server), 22 + 17 + 22);
      assert.equal(server.connections.total, 1);
      assert.deepEqual(problems.items, []);
    });
  }

  for (const [line, refused, parts] of [
    ['554 Recipient count exceeds 50', 1, [50, 50, 20]],
    // 120 and 60 are refused.
    ['550 5.5.3 RESOLVER.ADR.RecipLimit', 2, [30, 30, 30, 30]],
  ] as const) {
    it(`gets a mail for 120 in fitting parts at once when it says so after the dot: ${line}`, async () => {
      const server = await afterDot(50, line);
      const { outbox, results } = await lineTo(server);
      const to = addresses(120);
      await outbox.add(newMail(to));
      await outbox.add(newMail(to));
      for (const result of await results.waitFor(2)) {
        assert.deepEqual([result.status, result.attempts, result.accepted], ['sent', 1, to]);
        assert.equal(result.duplicatePossible, false);
      }
      assert.deepEqual(sizes(server), [...parts, ...parts]);
      assert.equal(server.bodies.items.length, refused + 2 * parts.length);
    });
  }

  it('may end the connection with its refusal: half of them are next, over a new one', async () => {
    const server = await atRcpt(5, '421 4.5.3 too many recipients');
    const { outbox, results, problems } = await lineTo(server);
    await outbox.add(newMail(addresses(8)));
    const result = await results.next();
    assert.deepEqual([result.attempts, result.accepted], [1, addresses(8)]);
    assert.deepEqual(sizes(server), [4, 4]);
    assert.deepEqual(problems.items, []);
  });

  it('may say it in its EHLO, which is read with the first mail', async () => {
    const server = await atRcpt(5, '452 4.5.3 too many', {
      capabilities: ['PIPELINING', 'LIMITS RCPTMAX=5'],
    });
    const { outbox, results } = await lineTo(server);
    await outbox.add(newMail());
    await outbox.add(newMail(addresses(12)));
    await results.waitFor(2);
    assert.deepEqual(sizes(server), [1, 5, 5, 2]);
    assert.equal(asked(server), 13);
  });

  for (const [where, server] of [
    ['at RCPT', () => atRcpt(0, '550 5.5.3 Too many recipients')],
    ['after the dot', () => afterDot(0, '554 5.5.3 Recipient count exceeds 0')],
  ] as const) {
    it(`fails for each recipient when it says so ${where} of a single one as well`, async () => {
      const { outbox, results } = await lineTo(await server());
      await outbox.add(newMail(addresses(5)));
      const result = await results.next();
      assert.equal(result.status, 'failed');
      assert.equal(result.error?.code, 'RECIPIENT');
      assert.deepEqual(result.rejected.map(({ address }) => address).sort(), addresses(5));
    });
  }

  it('that says 452 even for a single one is not asked again and again', async () => {
    const server = await atRcpt(0, '452 4.5.3 too many recipients');
    const { outbox, results, clock } = await lineTo(server);
    await outbox.add(newMail(addresses(5)));
    const deferred = () => outbox.counts().deferred;
    while (deferred() === 0) await new Promise(setImmediate);
    // All five, two of them, and each one by itself.
    assert.equal(asked(server), 5 + 2 + 5);
    server.script = () => undefined;
    clock.pass(15 * MINUTE);
    const result = await results.next();
    assert.deepEqual([result.attempts, result.accepted.length], [2, 5]);
  });

  it('asks those again later who were put off, once each, and rejects who is refused', async () => {
    const server = await atRcpt(2, '452 4.5.3 too many recipients');
    const { script } = server;
    const one =
      (address: string, line: string): Script =>
      (moment) =>
        moment.phase === 'rcpt' && moment.address === address && moment.count === 1 ? reply(line) : undefined;
    server.script = firstOf(
      one('2@x.test', '450 4.7.1 greylisted'),
      one('3@x.test', '451 4.7.1 greylisted'),
      one('4@x.test', '550 5.1.1 nobody'),
      script,
    );
    const { outbox, results, clock } = await lineTo(server, { folder: folder() });
    // So that the limit is known.
    await outbox.add(newMail(['a@x.test', 'b@x.test', 'c@x.test']));
    await results.next();
    const before = asked(server);
    await outbox.add(newMail(addresses(7)));
    while (outbox.counts().deferred === 0) await new Promise(setImmediate);
    assert.equal(asked(server) - before, 7);
    clock.pass(15 * MINUTE);
    const result = await results.next();
    assert.equal(asked(server) - before, 9);
    assert.deepEqual([result.status, result.attempts], ['sent', 2]);
    assert.deepEqual(result.accepted, [
      '0@x.test',
      '1@x.test',
      '5@x.test',
      '6@x.test',
      '2@x.test',
      '3@x.test',
    ]);
    assert.deepEqual(
      result.rejected.map(({ address, code }) => [address, code]),
      [['4@x.test', 550]],
    );
  });

  it('refuses one part of a mail after the dot: the other parts are sent all the same', async () => {
    const server = await atRcpt(2, '452 4.5.3 too many recipients');
    const { script } = server;
    server.script = firstOf(
      ({ phase, transaction }) =>
        phase === 'dot' && transaction === 2 ? reply('554 5.7.1 spam') : undefined,
      script,
    );
    const { outbox, results } = await lineTo(server);
    const [a, b, c, d, e] = addresses(5);
    await outbox.add(newMail(addresses(5)));
    const result = await results.next();
    assert.deepEqual([result.status, result.accepted], ['sent', [a, b, e]]);
    assert.deepEqual(
      result.rejected.map(({ address, code }) => [address, code]),
      [
        [c, 554],
        [d, 554],
      ],
    );
  });

  it('gets no more transactions in a window than the rate limit says', async () => {
    const server = await atRcpt(5, '452 4.5.3 too many recipients');
    const rate = { limit: 3, period: 'minute' } as const;
    const { outbox, results, clock } = await lineTo(server, { policy: { rate } });
    await outbox.add(newMail(addresses(22)));
    await server.ledger.waitFor(3);
    while (outbox.counts().sending > 0) await new Promise(setImmediate);
    assert.deepEqual(sizes(server), [5, 5, 5]);
    clock.pass(MINUTE + 1_000);
    const result = await results.next();
    assert.deepEqual([result.attempts, result.accepted.length], [1, 22]);
  });

  it('mails nobody twice when the process ends between two parts', async () => {
    const server = await atRcpt(5, '452 4.5.3 too many recipients');
    const rate = { limit: 2, period: 'hour' } as const;
    const options = { server, folder: folder(), clock: clockByHand() };
    const first = await openLine({ ...options, policy: { rate } });
    first.start();
    await first.outbox.add(newMail(addresses(12)));
    await server.ledger.waitFor(2);
    while (first.outbox.counts().sending > 0) await new Promise(setImmediate);
    await first.close();
    const second = await lineTo(server, { folder: folder() });
    const result = await second.results.next();
    assert.deepEqual(sizes(server), [5, 5, 2]);
    assert.deepEqual(result.accepted, addresses(12));
    assert.deepEqual([result.recovered, result.duplicatePossible], [true, false]);
  });
});
