import assert from 'node:assert/strict';
import { check } from '../../nodes/editor-api/check';

const GMAIL =
  'mail.smtp.host=smtp.gmail.com\nmail.smtp.port=465\nmail.smtp.auth=true\nmail.smtp.ssl.enable=true';

const none = () => undefined;
const variables =
  (values: Record<string, string>) =>
  (name: string): string | undefined =>
    values[name];

describe('checking properties', () => {
  it('tells the settings and a sentence about them', () => {
    const body = { properties: GMAIL, hasCredentials: true, username: 'me@example.com' };
    assert.deepEqual(check(body, none), {
      settings: {
        host: 'smtp.gmail.com',
        port: 465,
        security: 'implicit',
        auth: 'password',
        user: 'me@example.com',
        sentence: 'Implicit TLS to smtp.gmail.com:465, logs in as me@example.com.',
      },
      errors: [],
      warnings: [],
    });
  });

  it('stands in for a username that it is not told, and shows none', () => {
    const { settings, errors } = check({ properties: GMAIL, hasCredentials: true }, none);
    assert.deepEqual(errors, []);
    assert.equal(settings?.user, '');
    assert.equal(settings?.sentence, 'Implicit TLS to smtp.gmail.com:465, logs in as the stored username.');
  });

  it('misses the credentials when there are none', () => {
    const { settings, errors } = check({ properties: GMAIL, hasCredentials: false }, none);
    assert.equal(settings, null);
    assert.deepEqual(
      errors.map(({ code, line, key }) => [code, line, key]),
      [['CREDENTIALS_MISSING', 3, 'mail.smtp.auth']],
    );
  });

  it('gives each finding its line and key', () => {
    const { errors, warnings } = check(
      { properties: 'mail.smtp.host=h.test\n\nmail.smtp.prot=25\nmail.smtp.auth=yes', hasCredentials: false },
      none,
    );
    assert.deepEqual([errors[0]?.line, errors[0]?.key], [4, 'mail.smtp.auth']);
    assert.deepEqual([warnings[0]?.line, warnings[0]?.key], [3, 'mail.smtp.prot']);
    assert.match(warnings[0]?.message ?? '', /mail\.smtp\.port/);
  });

  it('reports a variable that is not set, in the text and in the username', () => {
    const body = { properties: 'mail.smtp.host=${NO_HOST}', hasCredentials: true, username: '${NO_USER}' };
    const { settings, errors } = check(body, none);
    assert.equal(settings, null);
    assert.deepEqual(errors.map(({ key, code }) => `${key} ${code}`).sort(), [
      'mail.smtp.host ENV_UNSET',
      'username ENV_UNSET',
    ]);
  });

  it('reads variables and does not show what they hold', () => {
    const env = variables({ HOST: 'mail.internal', SECRET: 'Hunter-2', ALL: GMAIL, TLS: 'true' });
    const body = {
      properties:
        'mail.smtp.host=x${HOST}y\nmail.smtp.starttls.enable=${TLS}\nmail.smtp.from=${SECRET}@x.test\n' +
        'mail.smtp.auth.mechanisms=PLAIN ${SECRET}\nmail.smtp.socks.host=${SECRET}',
      hasCredentials: true,
      username: '${SECRET}',
    };
    const answer = check(body, env);
    assert.equal(answer.settings?.host, 'x${HOST}y');
    assert.equal(answer.settings?.security, 'required');
    assert.equal(answer.settings?.user, '${SECRET}');
    assert.doesNotMatch(JSON.stringify(answer), /mail\.internal|hunter/i);
    assert.equal(check({ properties: '${ALL}', hasCredentials: true }, env).settings?.port, 465);
  });

  it('never shows the credentials that it makes up', () => {
    const body = {
      properties: 'mail.smtp.host=h.test\nmail.smtp.user=other\nmail.smtp.auth=false\nmail.smtp.port=x',
      hasCredentials: true,
    };
    assert.doesNotMatch(JSON.stringify(check(body, none)), /[0-9a-f]{8}-[0-9a-f]{4}/);
  });

  it('allows a password in clear text only when it is told so', () => {
    const body = { properties: 'mail.smtp.host=h.test\nmail.smtp.auth=true', hasCredentials: true };
    assert.equal(check(body, none).errors[0]?.code, 'INSECURE_AUTH');
    assert.deepEqual(check({ ...body, allowInsecureAuth: true }, none).errors, []);
  });

  it('says that all mails go to one address, and what is wrong with who may get them', () => {
    const env = variables({ TESTER: 'tester@internal.test' });
    const of = (more: object) => check({ properties: GMAIL, hasCredentials: true, ...more }, env);
    const { errors, warnings } = of({ redirectTo: '${TESTER}', allowedRecipients: '@x.test' });
    assert.deepEqual(errors, []);
    assert.deepEqual(
      warnings.map(({ line, key, code }) => [line, key, code]),
      [[null, 'redirectTo', 'REDIRECTED']],
    );
    assert.match(warnings[0]?.message ?? '', /every mail goes to \$\{TESTER\} alone/);
    const wrong = of({ redirectTo: 'nobody', allowedRecipients: 'a@x.test\n*@x.test' });
    assert.equal(wrong.settings, null);
    assert.deepEqual(
      wrong.errors.map(({ key }) => key),
      ['allowedRecipients', 'redirectTo'],
    );
    assert.match(wrong.errors[0]?.message ?? '', /"\*@x\.test" is not .*@\*\.domain.*Write one a line/);
    assert.equal(of({ redirectTo: '${NOBODY}' }).errors[0]?.code, 'ENV_UNSET');
  });

  const bad: [unknown, RegExp][] = [
    [undefined, /The body is missing/],
    [{ hasCredentials: true }, /^properties is missing/],
    [{ properties: 5, hasCredentials: true }, /^properties is "5".*a text/],
    [{ properties: '' }, /^hasCredentials is missing/],
    [{ properties: '', hasCredentials: 'yes' }, /^hasCredentials is "yes".*true or false/],
    [{ properties: '', hasCredentials: true, username: {} }, /^username is "\{\}"/],
  ];
  for (const [body, named] of bad) {
    it(`refuses ${JSON.stringify(body)}`, () => {
      assert.throws(() => check(body, none), { code: 'BAD_REQUEST', message: named });
    });
  }
});
