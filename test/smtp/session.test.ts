import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { nodemailerOptions } from '../../nodes/smtp/options';
import { createSession, type Session, type SessionOptions } from '../../nodes/smtp/session';
import { goodSettings, propertiesFor, type Login } from '../builders';
import { closedAfterEach } from '../servers/closing';
import { at, fin, replyAndFin, reply, stall, type Script } from '../servers/fault-script';
import { startFaultServer, type FaultServer, type FaultServerOptions } from '../servers/fault-server';
import { createJournal, type Journal } from '../servers/journal';

const LOGIN: Login = { user: 'ops', password: 'correct horse' };
const ENVELOPE = { from: 'me@x.test', to: ['a@x.test'] };

describe('a session with the mail server', () => {
  const opened = closedAfterEach();
  let server: FaultServer;
  let ends: Journal<string>;
  let sessions: Session[];
  beforeEach(() => {
    ends = createJournal('ends of sessions', String);
    sessions = [];
  });
  afterEach(() => sessions.forEach((session) => session.close()));

  async function serve(script: Script = () => undefined, options: FaultServerOptions = {}): Promise<void> {
    server = await opened(startFaultServer({ script, ...options }));
  }

  function create(login?: Login, more: Partial<SessionOptions> = {}): Session {
    const settings = goodSettings(propertiesFor(server, ['mail.smtp.timeout=500']), {
      username: login?.user ?? '',
      password: login?.password ?? '',
    });
    const session = createSession({ ...nodemailerOptions(settings), ...more }, () => ends.add('end'));
    sessions.push(session);
    return session;
  }

  const send = (session: Session) => session.send(ENVELOPE, Readable.from(['Subject: x\r\n\r\nbody\r\n']));

  it('works when it is open, until it ends', async () => {
    await serve();
    const session = create();
    assert.deepEqual([session.works, session.ended, session.carried], [false, false, 0]);
    await session.open();
    assert.deepEqual([session.works, session.ended], [true, false]);
    session.close();
    session.close();
    assert.deepEqual([session.works, session.ended, ends.items.length], [false, true, 1]);
  });

  it('carries mails, and counts those that were refused too', async () => {
    await serve(at('rcpt', reply('550 5.1.1 nobody'), 2));
    const session = create();
    await session.open();
    await send(session);
    await assert.rejects(send(session), { responseCode: 550 });
    assert.deepEqual([session.carried, session.ended], [2, false]);
    await session.reset();
    await send(session);
    assert.equal(session.carried, 3);
    assert.equal(server.connections.total, 1);
  });

  it('keeps nothing of the refusals that it has seen', async () => {
    await serve(at('rcpt', reply('550 5.1.1 nobody')));
    const session = create();
    await session.open();
    const warnings: string[] = [];
    const listen = (warning: Error) => warnings.push(warning.message);
    process.on('warning', listen);
    for (let i = 0; i < 15; i++) {
      await assert.rejects(send(session));
      await session.reset();
    }
    // Node.js tells of too many listeners in the next turn.
    await new Promise(setImmediate);
    process.off('warning', listen);
    assert.deepEqual(warnings, []);
  });

  for (const [name, script] of [
    ['does not answer RSET', at('rset', stall())],
    ['ends at RSET', at('rset', fin())],
    ['refuses RSET', at('rset', reply('500 5.5.2 what?'))],
  ] as const) {
    it(`can not be reset when the server ${name}`, async () => {
      await serve((moment) => (moment.phase === 'rcpt' ? reply('550 5.1.1 nobody') : script(moment)));
      const session = create();
      await session.open();
      await assert.rejects(send(session));
      const reset = session.reset();
      // Whoever waits for a server that says nothing is told when the session is closed, at its timeout at the latest.
      await assert.rejects(reset);
    });
  }

  it('knows what the server offers, whatever case it is written in', async () => {
    await serve(() => undefined, { capabilities: ['size 1000', 'SMTPUTF8'] });
    const session = create();
    assert.equal(session.offers('SIZE'), false);
    await session.open();
    assert.deepEqual(
      ['SIZE', 'smtputf8', 'DSN'].map((extension) => session.offers(extension)),
      [true, true, false],
    );
  });

  it('logs in where the server offers it', async () => {
    await serve(() => undefined, { auth: ['PLAIN'], login: LOGIN });
    const session = create(LOGIN);
    await session.open();
    assert.deepEqual([session.login, session.works], ['made', true]);
  });

  it('goes on without a login where the server offers none, and tells', async () => {
    await serve();
    let told = 0;
    const session = create(LOGIN, { onNoLogin: () => (told += 1) });
    await session.open();
    assert.deepEqual([session.login, session.works, told], ['none', true, 1]);
  });

  it('knows of a login that is offered and not made', async () => {
    await serve(() => undefined, { auth: ['PLAIN'] });
    const session = create();
    await session.open();
    assert.equal(session.login, 'offered');
  });

  for (const [name, script, wanted] of [
    ['at the greeting', at('greeting', replyAndFin('421 4.3.2 busy')), { responseCode: 421 }],
    ['without a greeting', at('greeting', fin()), { beforeGreeting: true }],
    ['silently', at('greeting', stall()), { code: 'ETIMEDOUT' }],
    ['at the login', at('auth', reply('535 5.7.8 wrong')), { responseCode: 535 }],
  ] as const) {
    it(`has ended when it could not be opened: refused ${name}`, async () => {
      await serve(script, { auth: ['PLAIN'] });
      const session = create(LOGIN);
      await assert.rejects(session.open(), wanted);
      assert.deepEqual([session.works, session.ended, ends.items.length], [false, true, 1]);
    });
  }

  it('that is closed while it is opened has ended', async () => {
    await serve(at('greeting', stall()));
    const session = create();
    void session.open().catch(() => undefined);
    session.close();
    await ends.next();
    assert.deepEqual([session.works, session.ended], [false, true]);
  });

  it('ends when the server ends it between two mails', async () => {
    await serve(at('dot', { reply: '250 ok', then: 'fin' }, 1));
    const session = create();
    await session.open();
    await send(session);
    await ends.next();
    assert.deepEqual([session.works, session.ended], [false, true]);
  });

  it('says goodbye when it quits, and is not used any more from then on', async () => {
    await serve();
    const session = create();
    await session.open();
    session.quit();
    assert.equal(session.works, false);
    await server.commands.waitForOne(({ line }) => line === 'QUIT');
    await ends.next();
  });

  it('ends at once when it quits before it was opened', async () => {
    await serve();
    const session = create();
    session.quit();
    assert.deepEqual([session.ended, ends.items.length], [true, 1]);
  });

  it('refuses a mail before it is open', async () => {
    await serve();
    await assert.rejects(send(create()), /not open/);
  });
});
