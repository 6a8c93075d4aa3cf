/** The outbox and a mail server that takes fewer connections than the connector may have. */
import assert from 'node:assert/strict';
import { closedAfterEach } from '../servers/closing';
import { fin, reply, replyAndFin, rst, slow, stall, type Fault, type Phase } from '../servers/fault-script';
import { startFaultServer, type FaultServer, type FaultServerOptions } from '../servers/fault-server';
import { clockByHand } from './clocks';
import { newMail } from '../builders';
import { openLine, type Line } from './delivery-fixture';

const MINUTE = 60_000;
const MAILS = 300;
/** More than enough for what is refused while the pool finds its size. */
const HANDFUL = 5;

const login = { user: 'u', password: 'p' };

interface Limited {
  server: FaultServer;
  /** Connections at once; may be changed. */
  limit: number;
  refused: number;
}

describe('a server that allows fewer connections', () => {
  const opened = closedAfterEach();

  /** What comes over its limit meets this fault at this phase. */
  async function serverWith(
    limit: number,
    phase: Phase,
    fault: Fault,
    options: FaultServerOptions = {},
  ): Promise<Limited> {
    const server = await opened(startFaultServer(options));
    const limited = { server, limit, refused: 0 };
    const over = new Set<number>();
    server.script = (moment) => {
      if (moment.phase === 'greeting' && server.connections.open > limited.limit) over.add(moment.connection);
      if (moment.phase === phase && over.has(moment.connection)) {
        limited.refused += 1;
        return fault;
      }
      // Long enough for several to be under way, so that the next connection is wanted.
      return moment.phase === 'dot' ? slow(2) : undefined;
    };
    return limited;
  }

  async function lineTo({ server }: Limited, connections = 10, properties: string[] = []) {
    const clock = clockByHand();
    const line = await opened(openLine({ server, clock, policy: { connections }, login, properties }));
    line.start();
    return { ...line, clock };
  }

  async function addMails({ outbox }: Line, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => outbox.add(newMail())));
  }

  const TOO_MANY = replyAndFin('421 4.7.0 fault.test Error: too many connections from 127.0.0.1');

  for (const limit of [1, 2, 3]) {
    it(`gets ${MAILS} mails over ${limit} without a pause, and over 10 within ten minutes after it allows them`, async () => {
      const limited = await serverWith(limit, 'greeting', TOO_MANY, { auth: ['PLAIN'] });
      const { server } = limited;
      const { clock, ...line } = await lineTo(limited);
      await addMails(line, MAILS);
      // The clock stands still: whatever waits for a time would not come.
      const results = await line.results.waitFor(MAILS);
      assert.ok(results.every(({ status, attempts }) => status === 'sent' && attempts === 1));
      assert.equal(server.ledger.items.length, MAILS);
      assert.deepEqual(line.problems.items, []);
      assert.ok(limited.refused >= 1 && limited.refused <= HANDFUL, `${limited.refused} were refused`);
      const carried = new Map<number, number>();
      for (const { connection } of server.ledger.items)
        carried.set(connection, (carried.get(connection) ?? 0) + 1);
      assert.equal(carried.size, limit);
      for (const mails of carried.values())
        assert.ok(mails > MAILS / limit / 2, `${mails} over one connection`);

      for (let minute = 1; minute <= 40; minute++) {
        clock.pass(MINUTE);
        await addMails(line, 10);
        await line.results.waitFor(MAILS + 10 * minute);
      }
      assert.ok(limited.refused <= 2 * HANDFUL, `${limited.refused} were refused in 40 minutes`);
      assert.deepEqual(line.problems.items, []);

      limited.limit = 10;
      const before = limited.refused;
      let total = line.results.items.length;
      for (let minute = 1; minute <= 10; minute++) {
        clock.pass(MINUTE);
        await addMails(line, 50);
        await line.results.waitFor((total += 50));
      }
      assert.equal(server.connections.open, 10);
      assert.equal(limited.refused, before);
    });
  }

  const kinds: [name: string, phase: Phase, fault: Fault][] = [
    ['421 in its greeting', 'greeting', TOO_MANY],
    ['450 in its greeting', 'greeting', replyAndFin('450 4.3.2 too busy')],
    ['554 in its greeting', 'greeting', replyAndFin('554 5.7.1 too many connections')],
    ['no greeting', 'greeting', fin()],
    ['a reset instead of a greeting', 'greeting', rst()],
    ['421 to EHLO', 'ehlo', replyAndFin('421 4.3.2 too many open connections')],
    ['432 4.3.2 to the login', 'auth', reply('432 4.3.2 Concurrent connections limit exceeded.')],
    ['454 to the login', 'auth', reply('454 4.7.0 Temporary authentication failure')],
    ['421 to the login', 'auth', replyAndFin('421 4.7.0 Too many concurrent logins')],
    ['the end of the connection at the login', 'auth', fin()],
    ['432 to MAIL FROM', 'mail', reply('432 4.3.2 Concurrent connections limit exceeded.')],
    ['432 after the dot', 'dot', reply('432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded')],
  ];
  for (const [name, phase, fault] of kinds) {
    it(`may say so with ${name}: the mails go over the other one at once`, async () => {
      const limited = await serverWith(1, phase, fault, { auth: ['PLAIN'] });
      const { server } = limited;
      const line = await lineTo(limited, 2);
      await addMails(line, 40);
      const results = await line.results.waitFor(40);
      assert.ok(results.every(({ status, attempts }) => status === 'sent' && attempts === 1));
      assert.equal(server.ledger.items.length, 40);
      assert.equal(new Set(server.ledger.items.map(({ messageId }) => messageId)).size, 40);
      assert.deepEqual(line.problems.items, []);
      assert.equal(limited.refused, 1);
    });
  }

  it('gets the mails in their order although one of them was to go over the refused connection', async () => {
    const limited = await serverWith(1, 'greeting', TOO_MANY);
    const { script } = limited.server;
    // The second is refused while the first is under way.
    limited.server.script = (moment) =>
      moment.phase === 'dot' && moment.count === 1 ? slow(500) : script(moment);
    const line = await lineTo(limited, 2);
    const mails = Array.from({ length: 10 }, () => newMail());
    await Promise.all(mails.map((one) => line.outbox.add(one)));
    await line.results.waitFor(10);
    assert.equal(limited.refused, 1);
    assert.deepEqual(
      limited.server.ledger.items.map(({ messageId }) => messageId),
      mails.map(({ messageId }) => messageId),
    );
  });

  it('goes on over the connection that works while another one gets no answer', async () => {
    const limited = await serverWith(1, 'greeting', stall());
    const line = await lineTo(limited, 2, ['mail.smtp.timeout=1500']);
    const mails = Array.from({ length: 40 }, () => newMail());
    await Promise.all(mails.map((one) => line.outbox.add(one)));
    const subjects = (await line.results.waitFor(40)).map(({ subject }) => subject);
    const [first, second, ...others] = mails.map(({ subject }) => subject);
    // The mail that waited for the answer goes over the other connection then, and no mail waited for it.
    assert.deepEqual(subjects, [first, ...others, second]);
    assert.deepEqual(line.problems.items, []);
  });

  it('that takes none at all is met with one connection, and is a problem of the account', async () => {
    const limited = await serverWith(0, 'greeting', TOO_MANY);
    const line = await lineTo(limited);
    await addMails(line, 40);
    assert.equal(await line.problems.next(), 'RATE');
    assert.equal(line.outbox.counts().queued, 40);
    assert.equal(limited.server.connections.total, 1);
    limited.limit = 2;
    line.clock.pass(2 * MINUTE);
    await line.results.waitFor(40);
    assert.equal(limited.server.ledger.items.length, 40);
  });

  it('keeps its refusals from a wrong password, which is tried once and not with ten connections', async () => {
    const limited = await serverWith(0, 'auth', reply('535 5.7.8 wrong'), { auth: ['PLAIN'] });
    const line = await lineTo(limited);
    await addMails(line, 40);
    assert.equal(await line.problems.next(), 'AUTH');
    assert.equal(limited.refused, 1);
  });
});
