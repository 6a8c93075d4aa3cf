/** Which properties mean TLS from the first byte, STARTTLS or clear text. */
import assert from 'node:assert/strict';
import { testAuthority } from '../../servers/certificates';
import { closedAfterEach } from '../../servers/closing';
import { at, reply, type Script } from '../../servers/fault-script';
import { startFaultServer, type FaultServer } from '../../servers/fault-server';
import { startInbox } from '../../servers/inbox';
import { ACCOUNT, deliver, fail, LOGIN, shows } from './wire';

const HOST = 'mail.smtp.host=127.0.0.1';
const FACTORY = 'mail.smtp.socketFactory.class=javax.net.ssl.SSLSocketFactory';
const CA = { tlsNode: { ca: testAuthority } };

const spoken = (server: FaultServer) => server.commands.items.map(({ line }) => line.split(' ')[0]);

describe('on the wire, implicit TLS', () => {
  const closing = closedAfterEach();
  const tls = () => closing(startInbox({ security: 'implicit' }));

  shows('ssl.enable', 'is there from the first byte for ssl.enable=true', async () => {
    const inbox = await tls();
    await deliver([HOST, `mail.smtp.port=${inbox.port}`, 'mail.smtp.ssl.enable=TRUE'], CA);
    assert.equal((await inbox.nextMail()).session.tls, true);
  });

  shows('ssl.enable', 'is not there for ssl.enable=false', async () => {
    const inbox = await closing(startInbox());
    await deliver([HOST, `mail.smtp.port=${inbox.port}`, 'mail.smtp.ssl.enable=false']);
    assert.equal((await inbox.nextMail()).session.tls, false);
  });

  shows('ssl.enable', 'stays for mail.smtps.ssl.enable=false', async () => {
    const inbox = await tls();
    const lines = [
      `mail.smtps.host=127.0.0.1`,
      `mail.smtps.port=${inbox.port}`,
      'mail.smtps.ssl.enable=false',
    ];
    await deliver(['mail.transport.protocol=smtps', ...lines], CA);
    assert.equal((await inbox.nextMail()).session.tls, true);
  });

  shows(
    'starttls.enable starttls.required',
    'sends no STARTTLS, whatever the starttls keys say',
    async () => {
      const server = await closing(startFaultServer({ security: 'implicit' }));
      const lines = [
        'mail.smtp.ssl.enable=true',
        'mail.smtp.starttls.enable=true',
        'mail.smtp.starttls.required=true',
      ];
      await deliver([HOST, `mail.smtp.port=${server.port}`, ...lines], CA);
      assert.deepEqual(spoken(server), ['EHLO', 'MAIL', 'RCPT', 'DATA']);
    },
  );

  shows('ssl.enable', 'never falls back to clear text on a port without TLS', async () => {
    const server = await closing(startFaultServer({ auth: ['PLAIN'], login: ACCOUNT }));
    const lines = ['mail.smtp.ssl.enable=true', 'mail.smtp.auth=true', 'mail.smtp.timeout=1000'];
    await fail([HOST, `mail.smtp.port=${server.port}`, ...lines], LOGIN);
    assert.ok(!spoken(server).some((word) => ['EHLO', 'AUTH', 'MAIL'].includes(word ?? '')));
  });

  shows(
    'socketFactory.class socketFactory.port',
    'is what SSLSocketFactory means, on socketFactory.port',
    async () => {
      const inbox = await tls();
      await deliver([HOST, 'mail.smtp.port=1', `mail.smtp.socketFactory.port=${inbox.port}`, FACTORY], CA);
      assert.equal((await inbox.nextMail()).session.tls, true);
    },
  );

  shows('socketFactory.class', 'is what SSLSocketFactory means, on port when there is no other', async () => {
    const inbox = await tls();
    await deliver(
      [HOST, `mail.smtp.port=${inbox.port}`, FACTORY, 'mail.smtp.socketFactory.fallback=false'],
      CA,
    );
    assert.equal((await inbox.nextMail()).session.tls, true);
  });

  shows('socketFactory.class', 'of SSLSocketFactory never falls back to clear text', async () => {
    const server = await closing(startFaultServer({ auth: ['PLAIN'], login: ACCOUNT }));
    const lines = [FACTORY, 'mail.smtp.auth=true', 'mail.smtp.timeout=1000'];
    await fail([HOST, `mail.smtp.port=${server.port}`, ...lines], LOGIN);
    assert.equal(server.connections.total, 1);
    assert.ok(!spoken(server).some((word) => ['EHLO', 'AUTH', 'MAIL'].includes(word ?? '')));
  });

  shows(
    'socketFactory.class',
    'is STARTTLS, from the first connection, for SSLSocketFactory beside STARTTLS',
    async () => {
      const server = await closing(startFaultServer({ security: 'starttls' }));
      await deliver([HOST, `mail.smtp.port=${server.port}`, FACTORY, 'mail.smtp.starttls.enable=true'], CA);
      assert.equal(server.connections.total, 1);
      assert.deepEqual(spoken(server), ['EHLO', 'STARTTLS', 'EHLO', 'MAIL', 'RCPT', 'DATA']);
    },
  );

  shows('socketFactory.class socketFactory.port', 'is not what javax.net.SocketFactory means', async () => {
    const inbox = await closing(startInbox());
    const lines = ['mail.smtp.socketFactory.class=javax.net.SocketFactory', 'mail.smtp.port=1'];
    await deliver([HOST, ...lines, `mail.smtp.socketFactory.port=${inbox.port}`]);
    assert.equal((await inbox.nextMail()).session.tls, false);
  });

  shows(
    'socketFactory.port',
    'is not what socketFactory.port alone means, and the port is not used',
    async () => {
      const inbox = await closing(startInbox());
      await deliver([HOST, `mail.smtp.port=${inbox.port}`, 'mail.smtp.socketFactory.port=1']);
      assert.equal((await inbox.nextMail()).session.tls, false);
    },
  );

  shows('ssl.socketFactory.port', 'goes to ssl.socketFactory.port before port', async () => {
    const inbox = await tls();
    const lines = ['mail.smtp.ssl.enable=true', 'mail.smtp.port=1'];
    await deliver([HOST, ...lines, `mail.smtp.ssl.socketFactory.port=${inbox.port}`], CA);
    assert.equal((await inbox.nextMail()).session.tls, true);
  });
});

describe('on the wire, STARTTLS', () => {
  const closing = closedAfterEach();
  let server: FaultServer;

  /** Lines for a server that offers STARTTLS, unless told otherwise. */
  async function lines(offers: 'starttls' | 'none', more: string[], script?: Script): Promise<string[]> {
    const options = script === undefined ? {} : { script };
    server = await closing(
      startFaultServer({ security: offers, auth: ['PLAIN'], login: ACCOUNT, ...options }),
    );
    return [HOST, `mail.smtp.port=${server.port}`, ...more];
  }

  const PLAIN = ['EHLO', 'MAIL', 'RCPT', 'DATA'];
  const UPGRADED = ['EHLO', 'STARTTLS', ...PLAIN];

  for (const [title, offers, keys, dialogue] of [
    ['is not used when it is off, even if offered', 'starttls', [], PLAIN],
    ['is not used for starttls.enable=false', 'starttls', ['starttls.enable=false'], PLAIN],
    ['is used for starttls.enable=true when offered', 'starttls', ['starttls.enable=true'], UPGRADED],
    ['is left out for starttls.enable=true when not offered', 'none', ['starttls.enable=true'], PLAIN],
    ['is used for starttls.required=true', 'starttls', ['starttls.required=true'], UPGRADED],
    [
      'is used for required=true even with enable=false',
      'starttls',
      ['starttls.required=true', 'starttls.enable=false'],
      UPGRADED,
    ],
  ] as const) {
    shows('starttls.enable starttls.required', title, async () => {
      const text = await lines(
        offers,
        keys.map((key) => `mail.smtp.${key}`),
      );
      await deliver(text, keys.some((key) => key.endsWith('true')) ? CA : {});
      assert.deepEqual(spoken(server), dialogue);
      const mail = server.commands.items.find(({ phase }) => phase === 'mail');
      assert.equal(mail?.secure, dialogue === UPGRADED);
    });
  }

  shows('starttls.required', 'that is required and not offered means no mail', async () => {
    const error = await fail(await lines('none', ['mail.smtp.starttls.required=true']));
    assert.equal(error.command, 'STARTTLS');
    assert.ok(!spoken(server).includes('MAIL'));
  });

  for (const key of ['starttls.enable', 'starttls.required']) {
    shows(key, `that is refused with 454 means no mail for ${key}=true`, async () => {
      const refused = at('starttls', reply('454 4.7.0 TLS not available'));
      const error = await fail(await lines('starttls', [`mail.smtp.${key}=true`], refused));
      assert.equal(error.responseCode, 454);
      assert.deepEqual(spoken(server).slice(0, 2), ['EHLO', 'STARTTLS']);
      assert.ok(!spoken(server).includes('MAIL'));
    });
  }

  shows('starttls.enable auth', 'comes before the login, which is made only inside', async () => {
    const keys = ['mail.smtp.starttls.enable=true', 'mail.smtp.auth=true'];
    await deliver(await lines('starttls', keys), { ...LOGIN, ...CA });
    assert.deepEqual(spoken(server), ['EHLO', 'STARTTLS', 'EHLO', 'AUTH', 'MAIL', 'RCPT', 'DATA']);
    assert.equal(server.commands.items.find(({ phase }) => phase === 'auth')?.secure, true);
  });

  shows('starttls.enable', 'forgets what the server offered in clear (RFC 3207 section 4.2)', async () => {
    const clear: Script = (moment) =>
      moment.phase === 'ehlo' && !moment.secure ? reply('250-x', '250-DSN', '250 STARTTLS') : undefined;
    const offered: Script = (moment) =>
      moment.phase === 'ehlo' && moment.secure ? reply('250-x', '250 SIZE') : clear(moment);
    const keys = ['mail.smtp.starttls.enable=true', 'mail.smtp.dsn.ret=HDRS'];
    await deliver(await lines('starttls', keys, offered), CA);
    assert.ok(!server.commands.items.some(({ line }) => line.includes('RET=')));
  });
});
