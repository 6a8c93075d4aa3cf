/** Where the connection goes, from where, under which name, and how long it waits. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { testAuthority } from '../../servers/certificates';
import { closedAfterEach } from '../../servers/closing';
import { at, stall } from '../../servers/fault-script';
import { startFaultServer } from '../../servers/fault-server';
import { startInbox } from '../../servers/inbox';
import { startHttpProxy } from '../../servers/proxies';
import { deliver, fail, shows } from './wire';

const CA = { tlsNode: { ca: testAuthority } };

/** A port that nobody listens on: it was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('on the wire, the connection', () => {
  const closing = closedAfterEach();

  shows('host port', 'goes to mail.smtp.host and mail.smtp.port', async () => {
    const inbox = await closing(startInbox());
    await deliver(['mail.smtp.host=127.0.0.1', `mail.smtp.port=${inbox.port}`]);
    assert.equal(inbox.mails.items.length, 1);
  });

  shows('mail.host', 'goes to mail.host when mail.smtp.host is not there', async () => {
    const inbox = await closing(startInbox());
    await deliver(['mail.host=127.0.0.1', `mail.smtp.port=${inbox.port}`]);
    assert.equal(inbox.mails.items.length, 1);
  });

  shows('mail.host host', 'goes to mail.smtp.host when mail.host names another', async () => {
    const inbox = await closing(startInbox());
    await deliver(['mail.host=nowhere.invalid', 'mail.smtp.host=127.0.0.1', `mail.smtp.port=${inbox.port}`]);
    assert.equal(inbox.mails.items.length, 1);
  });

  for (const [title, lines, security, asked] of [
    ['port 25', ['mail.smtp.host=localhost'], 'none', 25],
    [
      'port 25 with STARTTLS',
      ['mail.smtp.host=localhost', 'mail.smtp.starttls.required=true'],
      'starttls',
      25,
    ],
    [
      'port 465 with implicit TLS',
      ['mail.smtp.host=localhost', 'mail.smtp.ssl.enable=true'],
      'implicit',
      465,
    ],
    ['port 465 with smtps', ['mail.transport.protocol=smtps', 'mail.smtps.host=localhost'], 'implicit', 465],
    ['port 25 for -1', ['mail.smtp.host=localhost', 'mail.smtp.port=-1'], 'none', 25],
    ['the port as Java reads it', ['mail.smtp.host=localhost', 'mail.smtp.port=0x24B'], 'none', 587],
  ] as const) {
    shows('port', `asks for ${title}`, async () => {
      const inbox = await closing(startInbox({ security }));
      const proxy = await closing(startHttpProxy({ target: inbox }));
      const prefix = title.includes('smtps') ? 'mail.smtps' : 'mail.smtp';
      const through = [`${prefix}.proxy.host=127.0.0.1`, `${prefix}.proxy.port=${proxy.port}`];
      await deliver([...lines, ...through], security === 'none' ? {} : CA);
      assert.deepEqual(proxy.requests.items, [{ host: 'localhost', port: asked, login: null }]);
    });
  }

  for (const key of ['mail.transport.protocol', 'mail.transport.protocol.rfc822']) {
    shows(key, `reads the mail.smtps keys for ${key}=smtps, and is implicit TLS`, async () => {
      const inbox = await closing(startInbox({ security: 'implicit' }));
      const lines = [
        `${key}=smtps`,
        'mail.smtps.host=127.0.0.1',
        `mail.smtps.port=${inbox.port}`,
        'mail.smtps.localhost=smtps.x.test',
        'mail.smtps.from=bounce@x.test',
        'mail.smtp.from=other@x.test',
      ];
      await deliver(lines, CA);
      const { session, envelope } = await inbox.nextMail();
      assert.deepEqual(
        [session.tls, session.ehloName, envelope.from],
        [true, 'smtps.x.test', 'bounce@x.test'],
      );
    });

    shows(key, `is clear text and reads the mail.smtp keys for ${key}=smtp`, async () => {
      const inbox = await closing(startInbox());
      await deliver([`${key}=smtp`, 'mail.smtp.host=127.0.0.1', `mail.smtp.port=${inbox.port}`]);
      assert.equal((await inbox.nextMail()).session.tls, false);
    });
  }

  shows('localhost', 'introduces itself as mail.smtp.localhost', async () => {
    const server = await closing(startFaultServer());
    await deliver([
      'mail.smtp.host=127.0.0.1',
      `mail.smtp.port=${server.port}`,
      'mail.smtp.localhost=gw.x.test',
    ]);
    assert.equal(server.commands.items[0]?.line, 'EHLO gw.x.test');
  });

  for (const [kind, localaddress] of [
    ['an address', '127.0.0.9'],
    ['a name', 'localhost'],
  ] as const) {
    shows(
      'localaddress',
      `comes from mail.smtp.localaddress, ${kind}, and says it in EHLO`,
      async function () {
        // Only Linux has all of 127.0.0.0/8.
        if (process.platform !== 'linux' && kind === 'an address') this.skip();
        const inbox = await closing(startInbox());
        await deliver([
          'mail.smtp.host=127.0.0.1',
          `mail.smtp.port=${inbox.port}`,
          `mail.smtp.localaddress=${localaddress}`,
        ]);
        const { clientAddress, ehloName } = (await inbox.nextMail()).session;
        const expected = kind === 'an address' ? ['127.0.0.9', '[127.0.0.9]'] : ['127.0.0.1', 'localhost'];
        assert.deepEqual([clientAddress, ehloName], expected);
      },
    );
  }

  for (const security of ['none', 'starttls', 'implicit'] as const) {
    shows('localport', `comes from mail.smtp.localport, security ${security}`, async () => {
      const inbox = await closing(startInbox({ security }));
      const localPort = await freePort();
      const lines = [
        'mail.smtp.host=127.0.0.1',
        `mail.smtp.port=${inbox.port}`,
        'mail.smtp.localaddress=127.0.0.1',
        `mail.smtp.localport=${localPort}`,
        `mail.smtp.ssl.enable=${security === 'implicit'}`,
        `mail.smtp.starttls.enable=${security === 'starttls'}`,
      ];
      await deliver(lines, security === 'none' ? {} : CA);
      const { clientPort, tls } = (await inbox.nextMail()).session;
      assert.deepEqual([clientPort, tls], [localPort, security !== 'none']);
    });
  }

  shows('localport', 'comes from any port when mail.smtp.localaddress is not set', async () => {
    const inbox = await closing(startInbox());
    const localPort = await freePort();
    await deliver([
      'mail.smtp.host=127.0.0.1',
      `mail.smtp.port=${inbox.port}`,
      `mail.smtp.localport=${localPort}`,
    ]);
    assert.notEqual((await inbox.nextMail()).session.clientPort, localPort);
  });
});

// Each of these servers would wait for ever: that the attempt ends at all is what the property does.
describe('on the wire, the patience', () => {
  const closing = closedAfterEach();

  for (const [property, phase, patient] of [
    ['connectiontimeout', 'greeting', 'timeout=60000'],
    ['timeout', 'greeting', 'connectiontimeout=60000'],
    ['timeout', 'ehlo', 'writetimeout=60000'],
    ['writetimeout', 'ehlo', 'timeout=60000'],
  ] as const) {
    shows(property, `ends by mail.smtp.${property} when the server stalls at ${phase}`, async () => {
      const server = await closing(startFaultServer({ script: at(phase, stall()) }));
      const error = await fail([
        'mail.smtp.host=127.0.0.1',
        `mail.smtp.port=${server.port}`,
        `mail.smtp.${property}=500`,
        `mail.smtp.${patient}`,
      ]);
      assert.equal(error.code, 'TIMEOUT');
      assert.equal(/greet/.test(error.message), phase === 'greeting', error.message);
      assert.equal(server.connections.total, 1);
    });
  }

  shows(
    'writetimeout',
    'ends by mail.smtp.writetimeout when the server takes no more of the body',
    async () => {
      const server = await closing(startFaultServer({ script: at('body', stall()) }));
      const open = () =>
        Readable.from(
          (function* () {
            // Much more than the buffers of both sides hold.
            for (let i = 0; i < 1024; i++) yield Buffer.alloc(64 * 1024, 'x');
          })(),
        );
      const lines = [
        'mail.smtp.host=127.0.0.1',
        `mail.smtp.port=${server.port}`,
        'mail.smtp.timeout=60000',
        'mail.smtp.writetimeout=500',
      ];
      const envelope = { from: 'me@x.test', to: ['a@x.test'] };
      const error = await fail(lines, { mail: { envelope, open, size: 1 } });
      assert.equal(error.code, 'TIMEOUT');
      assert.equal(server.bodies.items.length, 0);
    },
  );
});
