import assert from 'node:assert/strict';
import { createSecureContext } from 'node:tls';
import { withoutOpenSslDetails } from '../../nodes/failures/openssl';
import { createMask } from '../../nodes/properties/mask';
import type { TlsMaterial } from '../../nodes/properties/settings';
import { createTranscript } from '../../nodes/smtp/transcript';
import { goodCertificate, testAuthority } from '../servers/certificates';
import { closedAfterEach } from '../servers/closing';
import { startFaultServer, type FaultServerOptions } from '../servers/fault-server';
import { fail } from '../smtp/wire/wire';

/** As Node.js gives it since OpenSSL 3. */
const error = (reason: string, rest = '') =>
  `806C621F6D7F0000:error:0A00010B:SSL routines:ssl3_get_record:${reason}:../deps/openssl/openssl/ssl/record/ssl3_record.c:350:${rest}`;

describe('an error of OpenSSL', () => {
  for (const [text, shown] of [
    [error('wrong version number', '\n'), 'wrong version number'],
    [`write EPROTO ${error('wrong version number', '\n')}`, 'write EPROTO wrong version number'],
    [error('tlsv1 alert protocol version', 'SSL alert number 70\n'), 'tlsv1 alert protocol version'],
    [
      String.raw`4C2B0000:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:c:\ws\deps\openssl\openssl\ssl\record\rec_layer_s3.c:1605:SSL alert number 70`,
      'tlsv1 alert protocol version',
    ],
    // OpenSSL 1.1.1.
    [
      '140735215157184:error:1408F10B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl/openssl/ssl/record/ssl3_record.c:332:',
      'wrong version number',
    ],
    ['error:0480006C:PEM routines::no start line', 'no start line'],
    ['error:0900006e:PEM routines:OPENSSL_internal:NO_START_LINE', 'NO_START_LINE'],
    [
      'Error initiating TLS - error:1E08010C:DECODER routines::unsupported',
      'Error initiating TLS - unsupported',
    ],
    [`${error('first')}\n${error('second', 'SSL alert number 48')}\n`, 'first, second'],
    [`${error('same')}\n${error('same')}\n`, 'same'],
    [`${error('first', 'SSL alert number 48')} ${error('second')}`, 'first, second'],
    [`before: ${error('reason', '\n')}after`, 'before: reason\nafter'],
    ['550 5.7.1 error:12 is no error of it', '550 5.7.1 error:12 is no error of it'],
    ['self-signed certificate', 'self-signed certificate'],
    ['', ''],
  ] as const) {
    it(`${JSON.stringify(text)} is ${JSON.stringify(shown)}`, () => {
      assert.equal(withoutOpenSslDetails(text).trimEnd(), shown);
    });
  }

  for (const [what, options] of [
    ['a certificate that is none', { cert: 'none' }],
    ['a key that is none', { key: 'none' }],
    ['a cipher that is none', { ciphers: 'NONE' }],
  ] as const) {
    it(`of this Node.js about ${what} keeps its reason alone`, () => {
      assert.throws(
        () => createSecureContext(options),
        ({ message }: Error) => {
          assert.match(message, /^error:[0-9A-F]{8}:/);
          const shown = withoutOpenSslDetails(message);
          assert.match(shown, /^[a-z ]+$/);
          return message.endsWith(shown);
        },
      );
    });
  }

  it('is its reason in the transcript of mail.debug', () => {
    const lines: string[] = [];
    const transcript = createTranscript((line) => lines.push(line), createMask('', ''));
    transcript.error({ tnx: 'network', sid: 'x' }, 'Failed: %s', error('wrong version number', '\n'));
    assert.deepEqual(lines, ['[session 1] Failed: wrong version number']);
  });

  describe('shows as its reason in the failure of a mail', () => {
    const closing = closedAfterEach();
    const TLS = {
      implicit: 'mail.smtp.ssl.enable=true',
      starttls: 'mail.smtp.starttls.required=true',
    };

    async function failureAt(
      server: FaultServerOptions,
      security: keyof typeof TLS,
      tlsNode: TlsMaterial | null = null,
    ): Promise<string> {
      const { port } = await closing(startFaultServer(server));
      const lines = ['mail.smtp.host=127.0.0.1', `mail.smtp.port=${port}`, TLS[security]];
      return (await fail(lines, { tlsNode })).message;
    }

    it('where a port speaks plain SMTP', async () => {
      assert.equal(
        await failureAt({}, 'implicit'),
        'The server does not speak TLS on this port: wrong version number',
      );
    });

    for (const security of ['implicit', 'starttls'] as const) {
      it(`where a tls-config node has a certificate that is none (${security})`, async () => {
        assert.match(
          await failureAt({ security }, security, { ca: testAuthority, ...goodCertificate, cert: 'none' }),
          / (?:failed: |- )no start line$/,
        );
      });

      it(`where there is no common version of TLS (${security})`, async () => {
        const message = await failureAt({ security, tls: { maxVersion: 'TLSv1' } }, security);
        assert.match(message, /^The server speaks no common version of TLS: [a-z0-9 ]+$/);
      });
    }
  });
});
