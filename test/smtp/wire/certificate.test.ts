/** Whose certificate is believed, and which versions and cipher suites of TLS are spoken. */
import assert from 'node:assert/strict';
import type { TLSSocketOptions } from 'node:tls';
import type { TlsMaterial } from '../../../nodes/properties/settings';
import type { MailError } from '../../../nodes/types';
import {
  clientCertificate,
  goodCertificate,
  selfSignedCertificate,
  testAuthority,
  wrongNameCertificate,
  type KeyPair,
} from '../../servers/certificates';
import { closedAfterEach } from '../../servers/closing';
import { startFaultServer } from '../../servers/fault-server';
import { startInbox, type Inbox, type InboxOptions } from '../../servers/inbox';
import { ACCOUNT, deliver, fail, hungUp, LOGIN, send, shows } from './wire';

const CA = { ca: testAuthority };

/** Every row must hold for both kinds of encryption. */
const KINDS = [
  ['implicit', 'mail.smtp.ssl.enable=true'],
  ['starttls', 'mail.smtp.starttls.required=true'],
] as const;

for (const [security, encryption] of KINDS) {
  describe(`on the wire, with ${security}`, () => {
    const closing = closedAfterEach();
    let inbox: Inbox;

    async function lines(more: readonly string[], options: InboxOptions = {}): Promise<string[]> {
      inbox = await closing(startInbox({ security, ...options }));
      return ['mail.smtp.host=127.0.0.1', `mail.smtp.port=${inbox.port}`, encryption, ...more];
    }

    async function trusted(
      certificate: KeyPair | undefined,
      keys: readonly string[],
      tlsNode: TlsMaterial | null = null,
    ): Promise<void> {
      await deliver(await lines(keys, certificate ? { certificate } : {}), { tlsNode });
      assert.equal((await inbox.nextMail()).session.tls, true);
    }

    /** The error of a mail to a server that should hear nothing but the wish for TLS, and its name. */
    async function refused(
      tls: TLSSocketOptions,
      keys: readonly string[],
      tlsNode: TlsMaterial | null = null,
    ): Promise<MailError> {
      const server = await closing(startFaultServer({ security, tls, auth: ['PLAIN'], login: ACCOUNT }));
      const account = [encryption, 'mail.smtp.auth=true', ...keys];
      const text = ['mail.smtp.host=127.0.0.1', `mail.smtp.port=${server.port}`, ...account];
      const error = await fail(text, { ...LOGIN, tlsNode });
      await hungUp(server);
      const heard = server.commands.items.map(({ line }) => line.split(' ')[0]);
      assert.deepEqual(heard, security === 'implicit' ? [] : ['EHLO', 'STARTTLS']);
      return error;
    }

    async function distrusted(...args: Parameters<typeof refused>): Promise<void> {
      assert.equal((await refused(...args)).code, 'CERTIFICATE');
    }

    shows('ssl.trust', 'a certificate of a known authority is believed', () => trusted(undefined, [], CA));
    shows('ssl.trust', 'one of an unknown authority is not', () => distrusted(goodCertificate, []));
    shows('ssl.trust', 'one that nobody signed is not', () => distrusted(selfSignedCertificate, []));
    shows('ssl.trust', 'with ssl.trust=* any is', () =>
      trusted(selfSignedCertificate, ['mail.smtp.ssl.trust=*']),
    );
    shows('ssl.trust', 'with ssl.trust naming the host any is', () =>
      trusted(selfSignedCertificate, ['mail.smtp.ssl.trust=mail.example.com 127.0.0.1']),
    );
    shows('ssl.trust', 'with ssl.trust=* the name in it does not matter', () =>
      trusted(wrongNameCertificate, ['mail.smtp.ssl.trust=*']),
    );
    shows('ssl.trust', 'with ssl.trust naming another host the settings are an error', async () => {
      const text = await lines(['mail.smtp.ssl.trust=mail.example.com']);
      await assert.rejects(send(text), /without the host/);
      assert.equal(inbox.connections.total, 0);
    });

    shows('ssl.checkserveridentity', 'the name must be that of the host when nothing is said', () =>
      distrusted(wrongNameCertificate, [], CA),
    );
    shows('ssl.checkserveridentity', 'the name must be that of the host for checkserveridentity=true', () =>
      distrusted(wrongNameCertificate, ['mail.smtp.ssl.checkserveridentity=true'], CA),
    );
    shows('ssl.checkserveridentity', 'the name does not matter for checkserveridentity=false', () =>
      trusted(wrongNameCertificate, ['mail.smtp.ssl.checkserveridentity=false'], CA),
    );
    shows('ssl.checkserveridentity', 'the authority still matters for checkserveridentity=false', () =>
      distrusted(wrongNameCertificate, ['mail.smtp.ssl.checkserveridentity=false']),
    );

    shows('ssl.trust', 'a server name of the TLS configuration is asked for and checked', async () => {
      await deliver(await lines([], { certificate: wrongNameCertificate }), {
        tlsNode: { ...CA, servername: 'mail.example.com' },
      });
      assert.equal((await inbox.nextMail()).session.servername, 'mail.example.com');
    });
    shows('ssl.trust', 'a TLS configuration that verifies nothing is obeyed', () =>
      trusted(selfSignedCertificate, [], { rejectUnauthorized: false }),
    );
    shows('ssl.trust', 'the client certificate of the TLS configuration is shown', async () => {
      await deliver(await lines([], { clientCertificate: true }), {
        tlsNode: { ...CA, ...clientCertificate },
      });
      assert.equal((await inbox.nextMail()).session.tls, true);
    });
    shows('ssl.trust', 'a server that wants a client certificate gets no mail without one', async () => {
      const wanted = { ca: testAuthority, requestCert: true, rejectUnauthorized: true };
      assert.match((await refused(wanted, [], CA)).code, /^(?:CERTIFICATE|TLS|CONNECTION)$/);
    });

    for (const [protocols, version] of [
      ['TLSv1.2', 'TLSv1.2'],
      ['TLSv1.3', 'TLSv1.3'],
      ['TLSv1.2 TLSv1.3', 'TLSv1.3'],
      ['TLSv1.1 TLSv1.2', 'TLSv1.2'],
    ] as const) {
      shows('ssl.protocols', `ssl.protocols=${protocols} speaks ${version}`, async () => {
        await deliver(await lines([`mail.smtp.ssl.protocols=${protocols}`]), { tlsNode: CA });
        assert.equal((await inbox.nextMail()).session.tlsVersion, version);
      });
    }

    for (const [protocols, server] of [
      ['TLSv1.3', { maxVersion: 'TLSv1.2' }],
      ['TLSv1.2', { minVersion: 'TLSv1.3' }],
    ] as const) {
      const title = `ssl.protocols=${protocols} is no way to a server that speaks only another`;
      shows('ssl.protocols', title, async () => {
        const error = await refused(server, [`mail.smtp.ssl.protocols=${protocols}`], CA);
        assert.equal(error.code, 'TLS');
      });
    }

    for (const [suites, version, cipher] of [
      ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
      ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'TLSv1.2', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
      ['TLS_AES_128_GCM_SHA256', 'TLSv1.3', 'TLS_AES_128_GCM_SHA256'],
      [
        'TLS_CHACHA20_POLY1305_SHA256 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
        'TLSv1.3',
        'TLS_CHACHA20_POLY1305_SHA256',
      ],
    ] as const) {
      shows('ssl.ciphersuites', `ssl.ciphersuites=${suites} uses it, in ${version}`, async () => {
        await deliver(await lines([`mail.smtp.ssl.ciphersuites=${suites}`]), { tlsNode: CA });
        const { session } = await inbox.nextMail();
        assert.deepEqual([session.tlsVersion, session.cipher], [version, cipher]);
      });
    }
  });
}
