/** What is tested is what sends: one SMTP client, so the server sees the same commands. */
import assert from 'node:assert/strict';
import { testAuthority } from '../servers/certificates';
import { at, reply, stall, type Phase } from '../servers/fault-script';
import type { FaultServerOptions } from '../servers/fault-server';
import { hungUp, send } from '../smtp/wire/wire';
import { createLookout } from '../../nodes/smtp/lookout';
import {
  assertFailed,
  detailOf,
  IMPLICIT,
  PASSWORD,
  runTrial,
  STARTTLS,
  stepsOf,
  testServers,
  USER,
} from './probing';

const TO = 'a@x.test';

describe('a connection test with a mail says the same as a mail', () => {
  const { faulty } = testServers();
  const all = ['PIPELINING', 'SIZE 100000', 'DSN', 'SMTPUTF8', '8BITMIME'];

  for (const [what, server, lines, to] of [
    ['to a server that can do everything', { capabilities: all }, [], TO],
    ['to a server that can do nothing', { capabilities: [] }, [], TO],
    ['after STARTTLS', { security: 'starttls', capabilities: all }, STARTTLS, TO],
    ['with implicit TLS', { security: 'implicit', capabilities: all }, IMPLICIT, TO],
    ['with a name of its own', {}, ['mail.smtp.localhost=gw.x.test'], TO],
    ['with the mechanism of the properties', {}, ['mail.smtp.auth.mechanisms=LOGIN'], TO],
    [
      'with delivery reports',
      { capabilities: all },
      ['mail.smtp.dsn.notify=FAILURE', 'mail.smtp.dsn.ret=HDRS'],
      TO,
    ],
    ['with an envelope sender', {}, ['mail.smtp.from=bounce@x.test'], TO],
    ['to an address outside of ASCII', { capabilities: all }, [], 'jörg@x.test'],
  ] as [string, FaultServerOptions, string[], string][]) {
    it(what, async () => {
      const login = { user: USER, password: PASSWORD };
      const options: FaultServerOptions = { auth: ['PLAIN', 'LOGIN'], login, ...server };
      const tested = await faulty(undefined, options);
      const mailed = await faulty(undefined, options);
      const properties = ['mail.smtp.auth=true', `mail.from=${USER}`, ...lines];
      const around = { allowInsecureAuth: true };
      const answer = await runTrial({ server: tested, properties, body: { to }, around });
      assert.deepEqual([answer.error, answer.ok], [null, true]);

      const text = [`mail.smtp.host=127.0.0.1`, `mail.smtp.port=${mailed.port}`, ...properties];
      const { attempt } = await send(text, {
        to: [to],
        username: USER,
        password: PASSWORD,
        tlsNode: { ca: testAuthority },
        allowInsecureAuth: true,
        mail: { envelope: { from: USER, to: [to] }, open: () => [Buffer.from('x\r\n')], size: 3 },
      });
      assert.deepEqual(attempt.accepted, [to]);
      await Promise.all([hungUp(tested), hungUp(mailed)]);
      // The two mails have not the same size.
      const said = (items: readonly { line: string; secure: boolean }[]) =>
        items
          .filter(({ line }) => line !== 'QUIT')
          .map(({ line, secure }) => `${secure ? 'TLS ' : ''}${line.replace(/SIZE=\d+/, 'SIZE')}`);
      assert.deepEqual(said(tested.commands.items), said(mailed.commands.items));
    });
  }
});

describe('a connection test', () => {
  const { faulty } = testServers();

  it('tells that its mail is larger than the server takes', async () => {
    const server = await faulty(undefined, { capabilities: ['SIZE 10'] });
    const answer = await runTrial({ server, body: { to: TO } });
    assertFailed(answer, 'mail-from', 'TOO_LARGE', /./);
  });

  it('tells that the server takes no address outside of ASCII', async () => {
    const server = await faulty(undefined, { capabilities: [] });
    const answer = await runTrial({ server, body: { to: 'jörg@x.test' } });
    assertFailed(answer, 'rcpt', 'RECIPIENT', /SMTPUTF8/);
    assert.ok(!server.commands.items.some(({ phase }) => phase === 'mail'));
  });

  it('tells of each step what the server refused, also when commands are sent in one go', async () => {
    const server = await faulty(at('rcpt', reply('550-5.1.1 nobody', '550 5.1.1 of that name')), {
      capabilities: ['PIPELINING'],
    });
    const answer = await runTrial({ server, body: { to: TO } });
    assert.deepEqual(stepsOf(answer).slice(-2), ['mail-from', 'rcpt failed']);
    assert.equal(detailOf(answer, 'rcpt'), '550-5.1.1 nobody 550 5.1.1 of that name');
  });

  it('hides the password that a server repeats in its refusal of the recipient', async () => {
    const server = await faulty(at('rcpt', reply(`550 5.1.1 not with ${PASSWORD}`)));
    const answer = JSON.stringify(await runTrial({ server, body: { to: TO } }));
    assert.match(answer, /550 5\.1\.1 not with \*\*\*/);
    assert.ok(!answer.includes(PASSWORD));
  });

  const phases: Phase[] = ['greeting', 'ehlo', 'handshake', 'auth', 'mail', 'rcpt', 'data', 'dot'];
  for (const phase of phases) {
    it(`ends at ${phase} when nobody waits for it any more, and leaves no connection behind`, async () => {
      const gone = new AbortController();
      const server = await faulty(
        (moment) => {
          if (moment.phase !== phase) return undefined;
          gone.abort();
          return stall();
        },
        { security: 'starttls' },
      );
      const trial = { server, properties: STARTTLS, body: { to: TO } };
      await assert.rejects(runTrial(trial, gone.signal), { code: 'ABORTED' });
      await hungUp(server);
    });
  }

  it('never goes on to the login when nobody judged the certificate', () => {
    const watch = {
      sends: () => undefined,
      receives: () => undefined,
      secured: () => undefined,
      logsIn: () => undefined,
    };
    const lookout = createLookout(
      watch,
      {},
      () => undefined,
      () => undefined,
    );
    assert.throws(() => lookout.assertJudged(true), { code: 'ETLS' });
    assert.doesNotThrow(() => lookout.assertJudged(false));
  });
});
