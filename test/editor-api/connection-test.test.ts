import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { createConnectionTest } from '../../nodes/editor-api/connection-test';
import { selfSignedCertificate, wrongNameCertificate } from '../servers/certificates';
import { at, firstOf, replyAndFin, reply, stall, type Phase, type Script } from '../servers/fault-script';
import { startFaultServer, type FaultServer, type FaultServerOptions } from '../servers/fault-server';
import { startInbox, type Inbox, type InboxOptions } from '../servers/inbox';
import { freePort } from '../flows/user-dir';
import {
  assertFailed,
  bodyFor,
  detailOf,
  LIMITS,
  NOTHING_DEPLOYED,
  PASSWORD,
  runTrial,
  stepsOf,
  USER,
} from './probing';

const STARTTLS = ['mail.smtp.starttls.enable=true'];
const IMPLICIT = ['mail.smtp.ssl.enable=true'];
const LOGIN = { user: USER, password: PASSWORD };

describe('a connection test', () => {
  const servers: { close: () => Promise<unknown> }[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function inbox(options: InboxOptions = {}): Promise<Inbox> {
    const server = await startInbox({ ...LOGIN, ...options });
    servers.push(server);
    return server;
  }

  async function faulty(script: Script, options: FaultServerOptions = {}): Promise<FaultServer> {
    const server = await startFaultServer({ auth: ['PLAIN', 'LOGIN'], login: LOGIN, ...options, script });
    servers.push(server);
    return server;
  }

  /** A server that does as it is told with each connection. */
  async function raw(onConnection: (socket: Socket) => void) {
    const sockets = new Set<Socket>();
    const server = net.createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      onConnection(socket);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    servers.push({
      close: () => {
        for (const socket of sockets) socket.destroy();
        return new Promise((resolve) => server.close(resolve));
      },
    });
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  }

  const nothing: Script = () => undefined;

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
      const server = await faulty(nothing, { auth: [] });
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

  describe('tells what is wrong with TLS', () => {
    for (const [security, properties, step] of [
      ['implicit', IMPLICIT, 'tls'],
      ['starttls', STARTTLS, 'starttls'],
    ] as const) {
      it(`a certificate of nobody, before the password is sent (${security})`, async () => {
        const server = await faulty(nothing, { security, tls: selfSignedCertificate });
        const answer = await runTrial({ server, properties });
        assertFailed(answer, step, 'CERTIFICATE', /tls-config|ssl\.trust/);
        assert.match(detailOf(answer, step), /issued by localhost; .*not trusted \(self-signed/);
        assert.ok(!server.commands.items.some(({ secure }) => secure));
      });

      it(`a certificate for another host (${security})`, async () => {
        const server = await faulty(nothing, { security, tls: wrongNameCertificate });
        const answer = await runTrial({ server, properties });
        assertFailed(answer, step, 'CERTIFICATE', /host name that the certificate has/);
        assert.match(answer.error?.message ?? '', /for mail\.example\.com, and not for 127\.0\.0\.1/);
        assert.ok(!server.commands.items.some(({ secure }) => secure));
      });
    }

    it('but goes on with a certificate that the properties trust, and says so', async () => {
      const server = await faulty(nothing, { security: 'implicit', tls: selfSignedCertificate });
      const properties = [...IMPLICIT, `mail.smtp.ssl.trust=${server.host}`];
      const answer = await runTrial({ server, properties, body: { tls: '' } });
      assert.equal(answer.ok, true);
      assert.match(detailOf(answer, 'tls'), /not checked, else it would not be trusted \(self-signed/);
    });

    it('implicit TLS on a port for STARTTLS', async () => {
      const answer = await runTrial({ server: await inbox(), properties: IMPLICIT });
      assertFailed(answer, 'tls', 'TLS', /starttls\.enable=true/);
    });

    it('STARTTLS on a port for implicit TLS', async () => {
      const server = await faulty(nothing, { security: 'implicit' });
      const answer = await runTrial({ server, properties: STARTTLS, limits: LIMITS });
      assertFailed(answer, 'greeting', 'TIMEOUT', /465.*ssl\.enable=true/);
    });

    it('a server that offers no STARTTLS, and keeps the password', async () => {
      const server = await faulty(nothing);
      const answer = await runTrial({ server, properties: ['mail.smtp.starttls.required=true'] });
      assertFailed(answer, 'starttls', 'TLS', /465/);
      assert.ok(!server.commands.items.some(({ phase }) => phase === 'auth'));
    });
  });

  describe('tells what is wrong with the login', () => {
    it('a wrong password', async () => {
      const answer = await runTrial({ server: await inbox(), body: { password: 'wrong' } });
      assertFailed(answer, 'auth', 'AUTH', /user name and password/);
      assert.equal(answer.error?.responseCode, 535);
      assert.match(answer.error?.message ?? '', /535 .*Username and password not accepted/);
    });

    const replies: [string, string, RegExp][] = [
      ['that an app password is needed', '534-5.7.9 Application-specific password required.', /app password/],
      [
        'that the tenant has SMTP AUTH off',
        '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.',
        /Authenticated SMTP/,
      ],
    ];
    for (const [what, words, hint] of replies) {
      it(what, async () => {
        const lines = words.includes('-5') ? [words, '534 5.7.9 See the help page.'] : [words];
        const answer = await runTrial({ server: await faulty(at('auth', reply(...lines))) });
        assertFailed(answer, 'auth', 'AUTH', hint);
      });
    }

    it('a mechanism that is not offered', async () => {
      const properties = ['mail.smtp.auth.mechanisms=CRAM-MD5'];
      const answer = await runTrial({ server: await inbox(), properties });
      assertFailed(answer, 'auth', 'AUTH', /mechanism/);
      assert.match(answer.error?.message ?? '', /offers PLAIN LOGIN/);
    });

    for (const mechanism of ['PLAIN', 'LOGIN'] as const) {
      it(`and hides the password that a server repeats (${mechanism})`, async () => {
        const forms = [PASSWORD, `\0${USER}\0${PASSWORD}`].map((text) =>
          Buffer.from(text).toString('base64'),
        );
        const echo = reply(`535 5.7.8 not with ${PASSWORD} nor ${forms.join(' ')}`);
        const server = await faulty(firstOf(at('auth', echo), at('greeting', reply(`220 ${PASSWORD}`))), {
          auth: [mechanism],
        });
        const answer = JSON.stringify(await runTrial({ server }));
        assert.match(answer, /535 5\.7\.8 not with \*\*\* nor \*\*\* \*\*\*/);
        for (const form of [PASSWORD, ...forms]) assert.ok(!answer.includes(form));
      });
    }
  });

  describe('tells where else it stopped', () => {
    it('a closed port', async () => {
      const answer = await runTrial({ server: { host: '127.0.0.1', port: await freePort() } });
      assertFailed(answer, 'tcp', 'CONNECTION', /mail\.smtp\.port/);
    });

    it('a name that does not exist', async () => {
      const server = { host: 'no-such-host.invalid', port: 25 };
      const answer = await runTrial({ server, properties: STARTTLS });
      assertFailed(answer, 'dns', 'DNS', /DNS/);
    });

    it('a server that wants no clients', async () => {
      const server = await faulty(at('greeting', replyAndFin('554 5.7.1 go away')));
      assertFailed(await runTrial({ server }), 'greeting', 'SERVER', /block this IP/);
    });

    it('a server that leaves without a word', async () => {
      const server = await raw((socket) => socket.end());
      assertFailed(await runTrial({ server }), 'greeting', 'CONNECTION', /^If it stays/);
    });

    it('another service on the port', async () => {
      const server = await raw((socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n'));
      assertFailed(await runTrial({ server }), 'greeting', 'PROTOCOL', /another service/);
    });

    it('a service that talks without end', async () => {
      const server = await raw((socket) => socket.write('220-'.padEnd(200_000, 'x')));
      assertFailed(await runTrial({ server }), 'greeting', 'PROTOCOL', /another service/);
    });

    it('a sender that is not allowed', async () => {
      const server = await faulty(at('mail', reply('550 5.7.60 SendAsDenied')));
      assertFailed(await runTrial({ server }), 'mail-from', 'SENDER', /address of the account/);
    });

    it('a recipient that is refused', async () => {
      const server = await inbox({ recipient: () => '550 5.1.1 no such user' });
      const answer = await runTrial({ server, body: { to: 'nobody@example.com' } });
      assert.equal(stepsOf(answer).at(-1), 'rcpt failed');
      assert.match(answer.error?.message ?? '', /550 .*no such user/);
    });

    it('a mail that is refused after its content', async () => {
      const server = await faulty(at('dot', reply('554 5.6.0 looks like spam')));
      const answer = await runTrial({ server, body: { to: 'a@b.test' } });
      assert.equal(stepsOf(answer).at(-1), 'sent failed');
      assert.match(answer.error?.message ?? '', /looks like spam/);
    });

    it('a connection that breaks after the content, when the mail may have arrived', async () => {
      const server = await faulty(at('dot', { then: 'rst' }));
      const answer = await runTrial({ server, body: { to: 'a@b.test' } });
      assert.equal(answer.error?.code, 'AMBIGUOUS');
    });

    it('properties that can not work, without connecting', async () => {
      const server = await inbox();
      const answer = await runTrial({ server, properties: ['mail.smtp.starttls.enable=yes'] });
      assert.deepEqual([answer.ok, answer.steps], [false, []]);
      assert.equal(answer.error?.code, 'CONFIG');
      assert.match(answer.error?.message ?? '', /^line 3: mail\.smtp\.starttls\.enable/);
      assert.equal(server.connections.total, 0);
    });

    it('a test mail without a sender, without connecting', async () => {
      const server = await inbox();
      const answer = await runTrial({ server, body: { username: '', password: '', to: 'a@b.test' } });
      assert.equal(answer.error?.code, 'NO_SENDER');
      assert.equal(server.connections.total, 0);
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

  describe('goes through a proxy', () => {
    it('of HTTP, with its login, and shows the way', async () => {
      const server = await inbox();
      let head = '';
      const proxy = await raw((socket) => {
        socket.once('data', (chunk) => {
          head = chunk.toString();
          const upstream = net.connect(server.port, server.host);
          upstream.once('data', (greeting) => {
            // Both in one piece: the greeting must not get lost.
            socket.write(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nVia: x\r\n\r\n'), greeting]));
            upstream.pipe(socket).pipe(upstream);
          });
          upstream.on('error', () => undefined);
        });
      });
      const properties = [
        `mail.smtp.proxy.host=${proxy.host}`,
        `mail.smtp.proxy.port=${proxy.port}`,
        'mail.smtp.proxy.user=me',
        'mail.smtp.proxy.password=proxy secret',
        'mail.smtp.starttls.enable=false',
      ];
      const answer = await runTrial({ server, properties, around: { allowInsecureAuth: true } });
      assert.deepEqual(answer.error, null);
      assert.deepEqual(stepsOf(answer).slice(0, 4), ['dns', 'tcp', 'proxy', 'greeting']);
      assert.match(detailOf(answer, 'tcp'), new RegExp(`port ${proxy.port}$`));
      assert.match(detailOf(answer, 'proxy'), new RegExp(`127\\.0\\.0\\.1 port ${server.port}$`));
      const login = Buffer.from('me:proxy secret').toString('base64');
      assert.match(
        head,
        new RegExp(`^CONNECT 127\\.0\\.0\\.1:${server.port} HTTP/1\\.1\r\n[^]*Basic ${login}\r\n`),
      );
      assert.doesNotMatch(JSON.stringify(answer), /proxy secret/);
    });

    it('of HTTP that refuses, and gives its reason without its password', async () => {
      const proxy = await raw((socket) => socket.end('HTTP/1.1 403 Not with open sesame\r\n\r\n'));
      const properties = [
        ...STARTTLS,
        `mail.smtp.proxy.host=${proxy.host}`,
        `mail.smtp.proxy.port=${proxy.port}`,
        'mail.smtp.proxy.user=me',
        'mail.smtp.proxy.password=open sesame',
      ];
      const answer = await runTrial({ server: { host: 'mail.test', port: 25 }, properties });
      assertFailed(answer, 'proxy', 'PROXY', /allows this host/);
      assert.match(answer.error?.message ?? '', /403 Not with \*\*\*/);
      assert.doesNotMatch(JSON.stringify(answer), /open sesame/);
    });

    it('of SOCKS', async () => {
      const server = await inbox({ security: 'implicit' });
      const proxy = await raw((socket) => {
        socket.once('data', () => {
          socket.write(Buffer.from([5, 0]));
          socket.once('data', () => {
            const upstream = net.connect(server.port, server.host, () => {
              socket.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 25]));
              upstream.pipe(socket).pipe(upstream);
            });
            upstream.on('error', () => undefined);
          });
        });
      });
      const properties = [
        ...IMPLICIT,
        `mail.smtp.socks.host=${proxy.host}`,
        `mail.smtp.socks.port=${proxy.port}`,
      ];
      const answer = await runTrial({ server, properties });
      assert.deepEqual(answer.error, null);
      assert.deepEqual(stepsOf(answer).slice(1, 4), ['tcp', 'proxy', 'tls']);
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
