import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { nodemailerOptions } from '../../nodes/smtp/options';
import { createSessions, type Sessions } from '../../nodes/smtp/pool';
import type { Session } from '../../nodes/smtp/session';
import type { Transport } from '../../nodes/smtp/transport';
import { goodSettings, newMail, propertiesFor, transportTo } from '../builders';
import { closedAfterEach } from '../servers/closing';
import { at, fin, reply, rst, stall, type Fault, type Script } from '../servers/fault-script';
import { startFaultServer, type FaultServer } from '../servers/fault-server';

describe('the pool of sessions', () => {
  const opened = closedAfterEach();
  let server: FaultServer;
  let sessions: Sessions;

  async function pool(limit: number, script: Script = () => undefined): Promise<void> {
    server = await opened(startFaultServer({ script }));
    const settings = goodSettings(propertiesFor(server, ['mail.smtp.timeout=500']), {
      username: '',
      password: '',
    });
    sessions = createSessions(nodemailerOptions(settings), limit);
  }
  afterEach(() => {
    mock.timers.reset();
    sessions.close();
  });

  async function openOne(): Promise<Session> {
    const session = await sessions.take();
    await sessions.open(session);
    return session;
  }

  it('gives a session at rest to the next who asks, the one used last', async () => {
    await pool(3);
    const [first, second] = [await openOne(), await openOne()];
    sessions.release(first);
    sessions.release(second);
    assert.equal(await sessions.take(), second);
    assert.equal(await sessions.take(), first);
    assert.notEqual(await sessions.take(), first);
  });

  it('has whoever asks wait when there are as many as it may have, and serves them in their order', async () => {
    await pool(1);
    const session = await openOne();
    const served: string[] = [];
    const waiting = ['a', 'b'].map(async (name) => {
      const given = await sessions.take();
      served.push(name);
      sessions.release(given);
      return given;
    });
    sessions.release(session);
    assert.deepEqual(await Promise.all(waiting), [session, session]);
    assert.deepEqual(served, ['a', 'b']);
    assert.equal(server.connections.total, 1);
  });

  it('makes a new session for who waits when one ends', async () => {
    await pool(1);
    const session = await openOne();
    const waiting = sessions.take();
    session.close();
    const next = await waiting;
    assert.notEqual(next, session);
    // One that has ended is not given back.
    sessions.release(session);
    sessions.release(next);
    assert.equal(await sessions.take(), next);
  });

  it('may be told to have fewer from now on, and more again', async () => {
    await pool(3);
    await openOne();
    const second = await openOne();
    let given: Session | null = null;
    const waiting = sessions.take(1).then((session) => (given = session));
    // One is still too many, so its end makes no room.
    second.close();
    assert.equal(given, null);
    const third = await sessions.take(3);
    assert.notEqual(third, second);
    third.close();
    assert.notEqual(await waiting, third);
  });

  it('knows how many work, and waits with that until one that is opening works or failed', async () => {
    await pool(3, at('greeting', fin(), 2));
    assert.deepEqual([sessions.working, await sessions.whenKnown()], [0, 0]);
    const session = await sessions.take();
    const opening = sessions.open(session);
    const known = sessions.whenKnown();
    assert.equal(sessions.working, 0);
    await opening;
    assert.equal(await known, 1);
    session.close();
    const failing = await sessions.take();
    const failed = sessions.open(failing);
    assert.equal(await sessions.whenKnown(), 0);
    await assert.rejects(failed);
  });

  it('does not wait for one that was closed while it opened: a server that says nothing would hold up the others', async () => {
    await pool(3, at('greeting', stall()));
    const session = await sessions.take();
    void sessions.open(session).catch(() => undefined);
    const known = sessions.whenKnown();
    session.close();
    assert.equal(await known, 0);
  });

  it('ends those at rest when the server dropped one of them', async () => {
    await pool(3);
    const [resting, busy] = [await openOne(), await openOne()];
    sessions.release(resting);
    sessions.dropIdle();
    assert.deepEqual([resting.works, busy.works], [false, true]);
    await server.commands.waitForOne(({ line }) => line === 'QUIT');
  });

  it('says goodbye to the server after four minutes of rest, before that loses patience', async () => {
    await pool(1);
    const session = await openOne();
    mock.timers.enable({ apis: ['setTimeout'] });
    sessions.release(session);
    mock.timers.tick(239_999);
    assert.equal(session.works, true);
    mock.timers.tick(1);
    assert.equal(session.works, false);
    mock.timers.reset();
    await server.commands.waitForOne(({ line }) => line === 'QUIT');
  });

  it('lets none end of its rest that is in use again', async () => {
    await pool(1);
    const session = await openOne();
    mock.timers.enable({ apis: ['setTimeout'] });
    sessions.release(session);
    await sessions.take();
    mock.timers.tick(600_000);
    assert.equal(session.works, true);
  });

  it('closes politely what is at rest and at once what carries a mail', async () => {
    await pool(2);
    const [resting, busy] = [await openOne(), await openOne()];
    sessions.release(resting);
    sessions.close();
    assert.deepEqual([resting.ended, busy.ended], [false, true]);
    await server.commands.waitForOne(({ line }) => line === 'QUIT');
  });
});

describe('a session that carried a mail', () => {
  const opened = closedAfterEach();
  let transport: Transport;
  afterEach(() => transport.close());

  /** Sends a mail, and a second one that meets the script. */
  async function second(script: Script, fill = 1) {
    const server = await opened(startFaultServer());
    transport = transportTo(server, { properties: ['mail.smtp.timeout=500'] });
    const deliver = (size = 1) =>
      transport.deliver(newMail(undefined, { fill: size }), ['a@x.test'], {
        signal: new AbortController().signal,
        aboutToSendDot: () => Promise.resolve(),
      });
    await deliver();
    server.script = script;
    const attempt = await deliver(fill);
    server.script = () => undefined;
    return { server, attempt, deliver };
  }

  const halfway = (fault: Fault): Script => at('body', { ...fault, afterBytes: 100_000 });

  for (const [name, fault] of [
    ['the end of the connection', fin()],
    ['a broken connection', rst()],
  ] as const) {
    it(`says nothing about the server when it dies before the body: ${name}`, async () => {
      const { attempt } = await second(at('mail', fault));
      assert.equal(attempt.failure?.scope, 'connection');
    });

    it(`does when it dies in the body, which the server had asked for: ${name}`, async () => {
      const { attempt } = await second(halfway(fault), 8_000_000);
      assert.equal(attempt.failure?.scope, 'account');
    });
  }

  it('is used again after a refusal, with RSET in between', async () => {
    const { server, attempt, deliver } = await second(at('rcpt', reply('550 5.1.1 nobody')));
    assert.equal(attempt.refused.length, 1);
    await server.commands.waitForOne(({ line }) => line === 'RSET');
    await deliver();
    assert.equal(server.connections.total, 1);
  });

  for (const phase of ['mail', 'rcpt', 'data', 'dot'] as const) {
    // nodemailer closes the connection itself only for a 421 that has a text.
    for (const line of ['421 4.3.2 shutting down', '421']) {
      it(`is not used again after "${line}", although the server leaves it open: ${phase}`, async () => {
        const { server, deliver } = await second(at(phase, reply(line)));
        await deliver();
        assert.equal(server.connections.total, 2);
        assert.ok(server.commands.items.every(({ line: command }) => command !== 'RSET'));
      });
    }
  }

  it('is not used again when nobody knows what the server waits for', async () => {
    const { server, deliver } = await second(at('mail', stall()));
    await deliver();
    assert.equal(server.connections.total, 2);
  });
});
