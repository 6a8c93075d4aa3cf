import assert from 'node:assert/strict';
import { selfSignedCertificate, wrongNameCertificate } from '../servers/certificates';
import { at, firstOf, replyAndFin, reply } from '../servers/fault-script';
import { freePort } from '../flows/user-dir';
import {
  assertFailed,
  detailOf,
  LIMITS,
  PASSWORD,
  runTrial,
  stepsOf,
  STARTTLS,
  IMPLICIT,
  testServers,
  USER,
} from './probing';

describe('a connection test that fails', () => {
  const { inbox, faulty, raw } = testServers();

  describe('tells what is wrong with TLS', () => {
    for (const [security, properties, step] of [
      ['implicit', IMPLICIT, 'tls'],
      ['starttls', STARTTLS, 'starttls'],
    ] as const) {
      it(`a certificate of nobody, before the password is sent (${security})`, async () => {
        const server = await faulty(undefined, { security, tls: selfSignedCertificate });
        const answer = await runTrial({ server, properties });
        assertFailed(answer, step, 'CERTIFICATE', /tls-config|ssl\.trust/);
        assert.match(detailOf(answer, step), /issued by localhost; .*not trusted \(self-signed/);
        assert.ok(!server.commands.items.some(({ secure }) => secure));
      });

      it(`a certificate for another host (${security})`, async () => {
        const server = await faulty(undefined, { security, tls: wrongNameCertificate });
        const answer = await runTrial({ server, properties });
        assertFailed(answer, step, 'CERTIFICATE', /host name that the certificate has/);
        assert.match(answer.error?.message ?? '', /for mail\.example\.com, and not for 127\.0\.0\.1/);
        assert.ok(!server.commands.items.some(({ secure }) => secure));
      });
    }

    it('but goes on with a certificate that the properties trust, and says so', async () => {
      const server = await faulty(undefined, { security: 'implicit', tls: selfSignedCertificate });
      const properties = [...IMPLICIT, `mail.smtp.ssl.trust=${server.host}`];
      const answer = await runTrial({ server, properties, body: { tls: '' } });
      assert.equal(answer.ok, true);
      assert.match(detailOf(answer, 'tls'), /not checked, else it would not be trusted \(self-signed/);
    });

    it('implicit TLS on a port for STARTTLS', async () => {
      const answer = await runTrial({ server: await inbox(), properties: IMPLICIT });
      assertFailed(answer, 'tls', 'TLS', /starttls\.enable=true/);
      assert.equal(detailOf(answer, 'tls'), 'wrong version number');
      assert.match(answer.error?.message ?? '', /: wrong version number$/);
    });

    it('STARTTLS on a port for implicit TLS', async () => {
      const server = await faulty(undefined, { security: 'implicit' });
      const answer = await runTrial({ server, properties: STARTTLS, limits: LIMITS });
      assertFailed(answer, 'greeting', 'TIMEOUT', /465.*ssl\.enable=true/);
    });

    it('a server that offers no STARTTLS, and keeps the password', async () => {
      const server = await faulty();
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

    it('a recipient that is refused because nobody logged in', async () => {
      const server = await faulty(at('rcpt', reply('554 5.7.1 <a@b.test>: Relay access denied')));
      const without = ['mail.smtp.auth=false'];
      const body = { to: 'a@b.test' };
      assertFailed(await runTrial({ server, properties: without, body }), 'rcpt', 'AUTH', /^Log in/);
      assertFailed(await runTrial({ server, body }), 'rcpt', 'RECIPIENT', /only for its own addresses/);
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
});
