import assert from 'node:assert/strict';
import { errorsOf, goodSettings, NO_LOGIN, settingsOf, warningsOf } from '../../builders';

const text = (lines: string, host = 'smtp.example.com') =>
  `mail.smtp.host=${host}\n${lines.split('; ').join('\n')}`;
const FACTORY = 'mail.smtp.socketFactory.class=javax.net.ssl.SSLSocketFactory';

function encryption(lines: string, input = {}): string {
  const { security, port } = goodSettings(text(lines), input);
  return `${security} ${port}`;
}

describe('encryption settings', () => {
  for (const [lines, expected] of [
    ['mail.smtp.ssl.enable=true', 'implicit 465'],
    ['mail.smtp.ssl.enable=true; mail.smtp.port=2465', 'implicit 2465'],
    ['mail.smtp.ssl.enable=true; mail.smtp.starttls.required=true', 'implicit 465'],
    ['mail.smtp.ssl.enable=true; mail.smtp.port=25; mail.smtp.ssl.socketFactory.port=465', 'implicit 465'],
    ['mail.smtp.starttls.required=true', 'required 25'],
    ['mail.smtp.starttls.required=true; mail.smtp.starttls.enable=false; mail.smtp.port=587', 'required 587'],
    ['mail.smtp.starttls.enable=true; mail.smtp.ssl.socketFactory.port=465', 'opportunistic 25'],
    ['mail.smtp.starttls.enable=true', 'opportunistic 25'],
    ['mail.smtp.auth=false', 'none 25'],
    [`${FACTORY}; mail.smtp.port=465`, 'implicit 465'],
    [`${FACTORY}; mail.smtp.port=587; mail.smtp.socketFactory.port=465`, 'implicit 465'],
    [`${FACTORY}; mail.smtp.ssl.enable=true`, 'implicit 465'],
    [`${FACTORY}; mail.smtp.port=587; mail.smtp.starttls.enable=true`, 'required 587'],
    [`${FACTORY}; mail.smtp.port=465; mail.smtp.starttls.enable=true`, 'implicit 465'],
    [
      `${FACTORY}; mail.smtp.port=587; mail.smtp.starttls.enable=true; mail.smtp.socketFactory.fallback=false`,
      'implicit 587',
    ],
    ['mail.smtp.socketFactory.class=javax.net.SocketFactory; mail.smtp.socketFactory.port=26', 'none 26'],
    ['mail.smtp.socketFactory.port=465', 'none 25'],
  ] as const) {
    it(`without a login ${lines} is ${expected}`, () => assert.equal(encryption(lines, NO_LOGIN), expected));
  }

  it('asks for a port beside an SSLSocketFactory, where JavaMail uses 25', () => {
    assert.deepEqual(errorsOf(text(FACTORY)), ['PORT_MISSING']);
  });

  it('refuses another socket factory, which JavaMail replaces by clear text', () => {
    assert.deepEqual(errorsOf(text('mail.smtp.socketFactory.class=com.example.Dummy'), NO_LOGIN), [
      'FACTORY_INVALID',
    ]);
  });

  it('warns of a factory port without a factory, and of STARTTLS inside TLS', () => {
    assert.deepEqual(warningsOf(text('mail.smtp.socketFactory.port=465'), NO_LOGIN), ['FACTORY_PORT_UNUSED']);
    assert.deepEqual(
      warningsOf(text('mail.smtp.ssl.enable=true; mail.smtp.starttls.enable=true'), NO_LOGIN),
      ['STARTTLS_UNUSED'],
    );
  });

  it('warns of a port that is for the other kind of encryption', () => {
    assert.deepEqual(warningsOf(text('mail.smtp.port=465'), NO_LOGIN), ['PORT_UNUSUAL']);
    assert.deepEqual(warningsOf(text('mail.smtp.port=587; mail.smtp.ssl.enable=true'), NO_LOGIN), [
      'PORT_UNUSUAL',
    ]);
  });
});

describe('a password', () => {
  const AUTH = 'mail.smtp.auth=true; mail.smtp.port=587';

  it('makes STARTTLS required where it is only enabled', () => {
    assert.equal(encryption(`${AUTH}; mail.smtp.starttls.enable=true`), 'required 587');
  });

  it('is refused in clear text, with the remedy', () => {
    const { errors } = settingsOf(text(AUTH));
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['INSECURE_AUTH'],
    );
    assert.match(
      errors[0]?.message ?? '',
      /mail\.smtp\.starttls\.enable=true .*mail\.smtp\.ssl\.enable=true/,
    );
  });

  it('may travel in clear text when that is allowed, with a warning', () => {
    const allowed = { allowInsecureAuth: true };
    assert.equal(encryption(AUTH, allowed), 'none 587');
    assert.equal(encryption(`${AUTH}; mail.smtp.starttls.enable=true`, allowed), 'opportunistic 587');
    assert.equal(encryption(`${AUTH}; mail.smtp.starttls.required=true`, allowed), 'required 587');
    assert.deepEqual(warningsOf(text(AUTH), allowed), ['INSECURE_AUTH_ALLOWED']);
  });

  for (const host of ['localhost', 'LOCALHOST.', '127.0.0.1', '127.255.3.4', '::1']) {
    it(`may travel in clear text to ${host}`, () => {
      assert.deepEqual(settingsOf(text(AUTH, host)).errors, []);
      const { security } = goodSettings(text(`${AUTH}; mail.smtp.starttls.enable=true`, host));
      assert.equal(security, 'opportunistic');
    });
  }

  for (const host of ['localhost.example.com', '128.0.0.1', '127.example.com', '::2', '0.0.0.0']) {
    it(`may not travel in clear text to ${host}`, () => {
      assert.deepEqual(errorsOf(text(AUTH, host)), ['INSECURE_AUTH']);
    });
  }

  it('may not travel in clear text to localhost behind a proxy, which is another machine', () => {
    for (const proxy of ['mail.smtp.proxy.host=p', 'mail.smtp.socks.host=p']) {
      assert.deepEqual(errorsOf(text(`${AUTH}; ${proxy}`, 'localhost')), ['INSECURE_AUTH']);
    }
  });

  it('is not asked about when the encryption itself could not be read', () => {
    assert.deepEqual(errorsOf(text(`${AUTH}; mail.smtp.starttls.enable=yes`)), ['BOOLEAN_INVALID']);
  });
});
