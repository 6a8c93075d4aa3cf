import assert from 'node:assert/strict';
import { storedPassword } from '../../nodes/connection-test/stored-password';
import { readSettings, type SmtpSettings } from '../../nodes/properties/settings';

const DEPLOYED = ['mail.smtp.host=mail.example.com', 'mail.smtp.port=587', 'mail.smtp.starttls.enable=true'];

function settings(lines: string[], username = 'me', password = 'stored'): SmtpSettings {
  const found = readSettings({
    properties: lines.join('\n'),
    username,
    password,
    env: () => undefined,
    allowInsecureAuth: true,
    tlsNode: null,
  });
  assert.ok(found.settings, JSON.stringify(found.errors));
  return found.settings;
}

describe('the stored password', () => {
  const deployed = settings(DEPLOYED);

  it('is used for the deployed host, port and user', () => {
    assert.equal(storedPassword(settings(DEPLOYED), deployed), 'stored');
    const same = ['mail.smtp.timeout=5000', 'mail.from=a@b.test', 'mail.smtp.starttls.required=true'];
    assert.equal(storedPassword(settings([...DEPLOYED, ...same]), deployed), 'stored');
  });

  const changes: [string, string[], RegExp][] = [
    ['another host', ['mail.smtp.host=evil.example.com'], /the host/],
    ['another port', ['mail.smtp.port=2525'], /the port/],
    ['a proxy', ['mail.smtp.proxy.host=evil.example.com'], /the proxy/],
    ['a SOCKS proxy', ['mail.smtp.socks.host=evil.example.com'], /the proxy/],
    ['less encryption', ['mail.smtp.starttls.enable=false'], /the encryption/],
    ['any certificate', ['mail.smtp.ssl.trust=*'], /the check of the certificate/],
    [
      'a certificate for any host',
      ['mail.smtp.ssl.checkserveridentity=false'],
      /the check of the certificate/,
    ],
  ];
  for (const [what, lines, named] of changes) {
    it(`is not used with ${what}`, () => {
      assert.throws(() => storedPassword(settings([...DEPLOYED, ...lines]), deployed), {
        code: 'PASSWORD_NEEDED',
        message: named,
        hint: /Type the password/,
      });
    });
  }

  it('is not used with another user', () => {
    assert.throws(() => storedPassword(settings(DEPLOYED, 'other'), deployed), { message: /the user/ });
  });

  it('is not used when nothing is deployed, or nothing with a login', () => {
    assert.throws(() => storedPassword(settings(DEPLOYED), null), { code: 'PASSWORD_NEEDED' });
    const open = settings([...DEPLOYED, 'mail.smtp.auth=false']);
    assert.throws(() => storedPassword(settings(DEPLOYED), open), { code: 'PASSWORD_NEEDED' });
  });
});
