import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnectionTest } from '../../nodes/connection-test/connection-test';
import { at, reply, stall, type Phase } from '../servers/fault-script';
import {
  bodyFor,
  detailOf,
  LIMITS,
  NOTHING_DEPLOYED,
  PASSWORD,
  runTrial,
  stepsOf,
  STARTTLS,
  IMPLICIT,
  testServers,
  USER,
} from './probing';

describe('a connection test', () => {
  const { inbox, faulty, raw } = testServers();

  describe('that goes well', () => {
    it('takes each step without TLS', async () => {
      const server = await inbox();
      const answer = await runTrial({ server });
      assert.deepEqual(answer.error, null);
      assert.deepEqual(stepsOf(answer), ['dns', 'tcp', 'greeting', 'ehlo', 'auth', 'mail-from']);
      assert.equal(answer.ok, true);
      assert.match(detailOf(answer, 'greeting'), /^220 inbox\.test/);
      assert.match(detailOf(answer, 'ehlo'), /PIPELINING.*AUTH PLAIN LOGIN/);
      assert.match(detailOf(answer, 'auth'), /^235 /);
      assert.ok(answer.steps.every(({ ms }) => Number.isInteger(ms) && ms >= 0));
      assert.deepEqual(server.mails.items, []);
    });

    it('says hello again after STARTTLS and shows the certificate', async () => {
      const server = await inbox({ security: 'starttls', authInClear: false });
      const answer = await runTrial({ server, properties: STARTTLS });
      const expected = ['dns', 'tcp', 'greeting', 'ehlo', 'starttls', 'ehlo', 'auth', 'mail-from'];
      assert.deepEqual(stepsOf(answer), expected);
      assert.match(
        detailOf(answer, 'starttls'),
        /^TLSv1\.3, TLS_\w+; certificate for localhost, 127\.0\.0\.1.*; issued by Test Authority; valid from 20\d\d-\d\d-\d\d to 2\d{3}-\d\d-\d\d; trusted$/,
      );
    });

    it('encrypts before the greeting with implicit TLS', async () => {
      const server = await inbox({ security: 'implicit' });
      const answer = await runTrial({ server: { ...server, host: 'localhost' }, properties: IMPLICIT });
      assert.deepEqual(stepsOf(answer), ['dns', 'tcp', 'tls', 'greeting', 'ehlo', 'auth', 'mail-from']);
      assert.match(detailOf(answer, 'dns'), /^localhost is .*127\.0\.0\.1/);
    });

    it('sends a real mail to the address given and shows the reply', async () => {
      const server = await inbox({ security: 'implicit' });
      const title = 'Kläranlage 3\r\nBcc: x@evil.test';
      const body = { title, to: 'Operator <operator@example.com>' };
      const answer = await runTrial({ server, properties: IMPLICIT, body });
      assert.deepEqual(answer.error, null);
      assert.deepEqual(stepsOf(answer).slice(-4), ['mail-from', 'rcpt', 'data', 'sent']);
      assert.match(detailOf(answer, 'sent'), /^250 .*queued as 1/);
      const { envelope, parsed } = await server.nextMail();
      assert.deepEqual(envelope, { from: USER, to: ['operator@example.com'] });
      assert.equal(parsed.subject, 'Test mail of Kläranlage 3 Bcc: x@evil.test');
      assert.match(parsed.text ?? '', /Implicit TLS to 127\.0\.0\.1/);
      assert.equal(parsed.headers.get('auto-submitted'), 'auto-generated');
    });

    it('takes envelope sender and From from the properties', async () => {
      const server = await inbox();
      const properties = ['mail.from=Plant <plant@example.com>', 'mail.smtp.from=bounce@example.com'];
      await runTrial({ server, properties, body: { to: 'a@b.test' } });
      const { envelope, parsed } = await server.nextMail();
      assert.equal(envelope.from, 'bounce@example.com');
      assert.equal(parsed.from?.text, '"Plant" <plant@example.com>');
    });

    for (const method of ['LOGIN', 'CRAM-MD5', 'XOAUTH2'] as const) {
      it(`logs in with ${method} when the properties want it`, async () => {
        const server = await inbox({ authMethods: ['PLAIN', method] });
        const answer = await runTrial({
          server,
          properties: [`mail.smtp.auth.mechanisms=${method}`],
          body: { to: 'a@b.test' },
        });
        assert.deepEqual(answer.error, null);
        assert.equal((await server.nextMail()).session.authMethod, method);
      });
    }

    it('needs no login and no sender', async () => {
      const server = await inbox({ user: undefined });
      const answer = await runTrial({ server, body: { username: '', password: '' } });
      assert.deepEqual(stepsOf(answer), ['dns', 'tcp', 'greeting', 'ehlo']);
      assert.equal(answer.ok, true);
    });

    it('says that it skipped the login of a server that offers none', async () => {
      const server = await faulty(undefined, { auth: [] });
      const answer = await runTrial({ server });
      assert.equal(answer.ok, true);
      assert.match(detailOf(answer, 'auth'), /^skipped: .*no login/);
    });

    it('tries HELO with a server that knows no EHLO', async () => {
      const server = await faulty(at('ehlo', reply('502 5.5.1 what?')));
      const answer = await runTrial({ server, body: { username: '', password: '' } });
      assert.deepEqual(stepsOf(answer), ['dns', 'tcp', 'greeting', 'ehlo']);
      assert.equal(answer.ok, true);
    });

    it('replaces variables as the connector does', async () => {
      const server = await inbox();
      const values: Record<string, string> = { HOST: '127.0.0.1', PASS: PASSWORD };
      const answer = await runTrial({
        server: { ...server, host: '${HOST}' },
        body: { password: '${PASS}' },
        around: { env: (name) => values[name] },
      });
      assert.deepEqual(answer.error, null);
    });
  });

  describe('is bounded', () => {
    const phases: [Phase, string][] = [
      ['greeting', 'greeting'],
      ['ehlo', 'ehlo'],
      ['handshake', 'starttls'],
      ['auth', 'auth'],
      ['mail', 'mail-from'],
      ['rcpt', 'rcpt'],
      ['data', 'data'],
      ['dot', 'sent'],
    ];
    for (const [phase, step] of phases) {
      it(`when the server stops answering at ${step}`, async () => {
        const server = await faulty(at(phase, stall()), { security: 'starttls' });
        const answer = await runTrial({
          server,
          properties: STARTTLS,
          body: { to: 'a@b.test' },
          limits: LIMITS,
        });
        assert.equal(stepsOf(answer).at(-1), `${step} failed`);
        assert.equal(answer.error?.code, phase === 'dot' ? 'AMBIGUOUS' : 'TIMEOUT');
      });
    }

    it('as a whole, when each reply comes just in time', async () => {
      const server = await faulty(({ phase }) => (phase === 'greeting' ? undefined : { delay: 120 }));
      const limits = { total: 300, connect: 200, reply: 200 };
      const answer = await runTrial({ server, limits, body: { to: 'a@b.test' } });
      assert.equal(answer.error?.code, 'TIMEOUT');
    });

    it('closes its connection, whether it went well or not', async () => {
      for (const good of [true, false]) {
        let closed: Promise<unknown> | undefined;
        const server = await raw((socket) => {
          closed = once(socket, 'close');
          socket.write(good ? '220 hello\r\n' : '554 no\r\n');
          // A server that never ends a connection by itself.
          socket.on('data', () => socket.write('250 ok\r\n'));
        });
        const answer = await runTrial({ server, body: { username: '', password: '' } });
        assert.equal(answer.ok, good);
        await closed;
      }
    });

    it('ends at once when nobody waits for it', async () => {
      const gone = new AbortController();
      let closed: Promise<unknown> | undefined;
      const server = await raw((socket) => {
        closed = once(socket, 'close');
        gone.abort();
      });
      await assert.rejects(runTrial({ server }, gone.signal), { code: 'ABORTED' });
      await closed;
    });

    it('to so many at once', async () => {
      const server = await faulty(at('greeting', stall()));
      const test = createConnectionTest(2, LIMITS);
      const gone = new AbortController();
      const start = () => test(bodyFor({ server }), NOTHING_DEPLOYED, gone.signal);
      const running = [start(), start()];
      await assert.rejects(start(), { code: 'BUSY' });
      gone.abort();
      await Promise.allSettled(running);
      await assert.rejects(start(), { code: 'ABORTED' });
    });
  });

  describe('refuses a body', () => {
    const bad: [string, Record<string, unknown>, RegExp][] = [
      ['without properties', { properties: undefined }, /^properties is missing/],
      ['with a title that is no text', { title: 7 }, /^title is "7"/],
      ['with a tls that is no id', { tls: {} }, /^tls is "\{\}"/],
      ['with several recipients', { to: 'a@b.test, c@d.test' }, /^to is .*one e-mail address/],
      ['with a recipient that is none', { to: 'a@b.test\r\nRCPT TO:<x@y.test>' }, /^to is /],
      ['with a password that is no text', { password: ['hidden'] }, /^password is "of the type object"/],
    ];
    for (const [what, body, named] of bad) {
      it(what, async () => {
        const trial = { server: { host: '127.0.0.1', port: 1 }, body };
        await assert.rejects(runTrial(trial), (error: Error & { code: string }) => {
          assert.equal(error.code, 'BAD_REQUEST');
          assert.match(error.message, named);
          assert.doesNotMatch(error.message, /hidden/);
          return true;
        });
      });
    }

    it('that is none', async () => {
      const test = createConnectionTest(1);
      await assert.rejects(test([], NOTHING_DEPLOYED, new AbortController().signal), { code: 'BAD_REQUEST' });
    });
  });
});
