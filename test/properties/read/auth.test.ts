import assert from 'node:assert/strict';
import { errorsOf, goodSettings, NO_LOGIN, settingsOf, warningsOf } from '../../builders';

const TLS = 'mail.smtp.host=h\nmail.smtp.ssl.enable=true';
const WITH_AUTH = `${TLS}\nmail.smtp.auth=true`;

describe('auth settings', () => {
  it('log in when there are credentials, unless auth is false', () => {
    assert.equal(goodSettings(WITH_AUTH).auth?.user, 'alerts@example.com');
    assert.equal(goodSettings(TLS).auth?.user, 'alerts@example.com');
    assert.deepEqual(warningsOf(TLS), ['AUTH_IMPLIED']);
    assert.equal(goodSettings(`${TLS}\nmail.smtp.auth=false`).auth, null);
    assert.deepEqual(warningsOf(`${TLS}\nmail.smtp.auth=false`), ['AUTH_OFF']);
  });

  it('do not log in without username and password', () => {
    assert.equal(goodSettings(TLS, NO_LOGIN).auth, null);
    assert.equal(goodSettings(`${TLS}\nmail.smtp.auth=false`, NO_LOGIN).auth, null);
    assert.deepEqual(warningsOf(TLS, NO_LOGIN), []);
  });

  for (const [username, password, missing] of [
    ['', '', /^Username and password are missing, and mail\.smtp\.auth=true needs both/],
    ['u', '', /^The password is missing/],
    ['', 'p', /^The username is missing/],
  ] as const) {
    it(`name what is missing beside auth=true: ${missing.source}`, () => {
      const { errors } = settingsOf(WITH_AUTH, { username, password });
      assert.deepEqual(
        errors.map(({ code, line }) => [code, line]),
        [['CREDENTIALS_MISSING', 3]],
      );
      assert.match(errors[0]?.message ?? '', missing);
    });
  }

  it('refuse half of the credentials when auth is not said', () => {
    assert.deepEqual(errorsOf(TLS, { username: 'u', password: '' }), ['CREDENTIALS_MISSING']);
    assert.deepEqual(errorsOf(TLS, { username: '', password: 'p' }), ['CREDENTIALS_MISSING']);
  });

  it('take the username from the text when the field is empty', () => {
    const input = { username: '', password: 'p' };
    assert.equal(goodSettings(`${WITH_AUTH}\nmail.smtp.user=a\nmail.user=b`, input).auth?.user, 'a');
    assert.equal(goodSettings(`${WITH_AUTH}\nmail.user=b`, input).auth?.user, 'b');
    assert.equal(
      goodSettings(`${WITH_AUTH}\nmail.smtp.user=a`, { username: 'u', password: 'p' }).auth?.user,
      'u',
    );
    assert.deepEqual(warningsOf(`${WITH_AUTH}\nmail.smtp.user=a`, { username: 'u', password: 'p' }), [
      'USER_UNUSED',
    ]);
    assert.deepEqual(warningsOf(`${TLS}\nmail.smtp.user=a`, NO_LOGIN), ['USER_UNUSED']);
  });

  it('refuse a line break, NUL or half a character in a credential', () => {
    assert.deepEqual(errorsOf(WITH_AUTH, { password: 'a\ud83db' }), ['CREDENTIALS_INVALID']);
    assert.deepEqual(errorsOf(WITH_AUTH, { password: 'a\nb' }), ['CREDENTIALS_INVALID']);
    assert.deepEqual(errorsOf(WITH_AUTH, { username: 'a\0b' }), ['CREDENTIALS_INVALID']);
  });

  for (const [lines, expected] of [
    ['', null],
    ['auth.mechanisms=login plain', ['LOGIN', 'PLAIN']],
    ['auth.mechanisms=CRAM-MD5', ['CRAM-MD5']],
    ['auth.mechanisms=NTLM XOAUTH2', ['XOAUTH2']],
    ['auth.mechanisms=LOGIN; auth.login.disable=true', ['LOGIN']],
    ['auth.plain.disable=true', ['LOGIN', 'CRAM-MD5']],
    ['auth.login.disable=true', ['PLAIN', 'CRAM-MD5']],
    ['auth.login.disable=true; auth.plain.disable=true', ['CRAM-MD5']],
    ['auth.xoauth2.disable=true', null],
    ['auth.xoauth2.disable=false', ['LOGIN', 'PLAIN', 'CRAM-MD5', 'XOAUTH2']],
    ['auth.xoauth2.disable=false; auth.login.disable=true; auth.plain.disable=true', ['CRAM-MD5', 'XOAUTH2']],
    ['sasl.enable=true; sasl.mechanisms=XOAUTH2,PLAIN', null],
  ] as const) {
    it(`choose ${expected?.join(', ') ?? 'among all'} for ${lines === '' ? 'nothing said' : lines}`, () => {
      const properties = lines === '' ? [] : lines.split('; ').map((line) => `mail.smtp.${line}`);
      assert.deepEqual(goodSettings([WITH_AUTH, ...properties].join('\n')).auth?.mechanisms, expected);
    });
  }

  for (const line of [
    'auth.mechanisms=NTLM',
    'auth.mechanisms=PLAIN,LOGIN',
    'auth.mechanisms=PLAIN, LOGIN',
    'auth.mechanisms=',
    'auth.mechanisms=DIGEST-MD5 GSSAPI',
    'sasl.mechanisms=GSSAPI',
  ]) {
    it(`refuse ${line}`, () =>
      assert.deepEqual(errorsOf(`${WITH_AUTH}\nmail.smtp.${line}`), ['MECHANISMS_INVALID']));
  }

  it('warn of the mechanisms they leave out', () => {
    assert.deepEqual(warningsOf(`${WITH_AUTH}\nmail.smtp.auth.mechanisms=NTLM LOGIN`), [
      'MECHANISMS_SKIPPED',
    ]);
  });
});
