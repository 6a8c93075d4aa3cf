/** What leaves this machine before the encryption is up: not the password. */
import assert from 'node:assert/strict';
import { goodCertificate, testAuthority, wrongNameCertificate } from '../../servers/certificates';
import { closedAfterEach } from '../../servers/closing';
import { at, reply, type Script } from '../../servers/fault-script';
import { startFaultServer, type FaultServer } from '../../servers/fault-server';
import { startHttpProxy } from '../../servers/proxies';
import { ACCOUNT, deliver, fail, hungUp, LOGIN, send, shows } from './wire';

const CA = { tlsNode: { ca: testAuthority } };

const spoken = (server: FaultServer) => server.commands.items.map(({ line }) => line.split(' ')[0]);

describe('on the wire, a password to another machine', () => {
  const closing = closedAfterEach();
  const WANTED = ['mail.smtp.auth=true', 'mail.smtp.starttls.enable=true'];
  let server: FaultServer;

  /** Lines for mail.example.com, through a proxy that leads to the server. */
  async function lines(
    offers: 'starttls' | 'none',
    more: readonly string[],
    script?: Script,
  ): Promise<string[]> {
    const options = script === undefined ? {} : { script };
    const tls = offers === 'starttls' ? wrongNameCertificate : goodCertificate;
    server = await closing(
      startFaultServer({ security: offers, tls, auth: ['PLAIN'], login: ACCOUNT, ...options }),
    );
    const proxy = await closing(startHttpProxy({ target: server }));
    return [
      'mail.smtp.host=mail.example.com',
      'mail.smtp.port=587',
      'mail.smtp.proxy.host=127.0.0.1',
      `mail.smtp.proxy.port=${proxy.port}`,
      ...more,
    ];
  }

  shows('starttls.enable', 'stays here when STARTTLS is wanted and not offered', async () => {
    const error = await fail(await lines('none', WANTED), LOGIN);
    assert.equal(error.command, 'STARTTLS');
    assert.deepEqual(spoken(server), ['EHLO', 'STARTTLS']);
  });

  shows('starttls.enable', 'stays here when STARTTLS is wanted and refused', async () => {
    const refused = at('starttls', reply('454 4.7.0 TLS not available'));
    await fail(await lines('starttls', WANTED, refused), LOGIN);
    assert.deepEqual(spoken(server), ['EHLO', 'STARTTLS']);
  });

  shows('starttls.enable', 'stays here when EHLO is refused', async () => {
    await fail(await lines('starttls', WANTED, at('ehlo', reply('502 5.5.1 what?'))), LOGIN);
    assert.ok(!spoken(server).includes('AUTH'));
  });

  shows('starttls.enable', 'stays here when the certificate is not trusted', async () => {
    const error = await fail(await lines('starttls', WANTED), LOGIN);
    await hungUp(server);
    assert.equal(error.code, 'CERTIFICATE');
    assert.deepEqual(spoken(server), ['EHLO', 'STARTTLS']);
  });

  shows('starttls.enable', 'leaves inside STARTTLS', async () => {
    await deliver(await lines('starttls', WANTED), { ...LOGIN, ...CA });
    assert.equal(server.commands.items.find(({ phase }) => phase === 'auth')?.secure, true);
  });

  shows('starttls.enable', 'leaves in clear only when the user allows it', async () => {
    await deliver(await lines('none', WANTED), { ...LOGIN, allowInsecureAuth: true });
    assert.equal(server.commands.items.find(({ phase }) => phase === 'auth')?.secure, false);
  });

  shows(
    'ssl.enable auth',
    'is not even asked for when there is no encryption: the settings are an error',
    async () => {
      const text = await lines('none', ['mail.smtp.auth=true']);
      await assert.rejects(send(text, LOGIN), /sent in clear text/);
      assert.equal(server.connections.total, 0);
    },
  );
});
