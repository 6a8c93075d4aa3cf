/** Whether there is a login, as whom, and with which mechanism. */
import assert from 'node:assert/strict';
import { closedAfterEach } from '../../servers/closing';
import { at, reply } from '../../servers/fault-script';
import { startFaultServer } from '../../servers/fault-server';
import { startInbox, type Inbox, type InboxOptions } from '../../servers/inbox';
import { ACCOUNT, deliver, fail, LOGIN, send, shows } from './wire';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('on the wire, the login', () => {
  const closing = closedAfterEach();
  let inbox: Inbox;

  async function lines(more: readonly string[], options: InboxOptions = {}): Promise<string[]> {
    inbox = await closing(startInbox({ ...ACCOUNT, ...options }));
    return ['mail.smtp.host=127.0.0.1', `mail.smtp.port=${inbox.port}`, ...more];
  }

  /** Lines for a server that keeps the dialogue. */
  async function dialogue(more: readonly string[], offered: ('PLAIN' | 'LOGIN' | 'XOAUTH2')[]) {
    const server = await closing(startFaultServer({ auth: offered, login: ACCOUNT }));
    const text = ['mail.smtp.host=127.0.0.1', `mail.smtp.port=${server.port}`, ...more];
    const said = () => server.commands.items.filter(({ phase }) => phase === 'auth').map(({ line }) => line);
    return { text, said };
  }

  shows('auth', 'is made for auth=true', async () => {
    await deliver(await lines(['mail.smtp.auth=true']), LOGIN);
    assert.equal((await inbox.nextMail()).session.user, ACCOUNT.user);
  });

  shows('auth', 'is made when auth is not set and there is a password', async () => {
    await deliver(await lines([]), LOGIN);
    assert.equal((await inbox.nextMail()).session.user, ACCOUNT.user);
  });

  shows('auth', 'is not made for auth=false, even with a password, and the server may say 530', async () => {
    const error = await fail(await lines(['mail.smtp.auth=false']), LOGIN);
    assert.equal(error.responseCode, 530);
    assert.deepEqual(inbox.refusedLogins, []);
  });

  shows('auth', 'is left out when the server offers none, and the server decides', async () => {
    const { text, said } = await dialogue(['mail.smtp.auth=true'], []);
    await deliver(text, LOGIN);
    assert.deepEqual(said(), []);
  });

  for (const [title, keys, username] of [
    ['the username field, before both properties', ['smtp.user=x', 'user=y'], ACCOUNT.user],
    ['mail.smtp.user, before mail.user', [`smtp.user=${ACCOUNT.user}`, 'user=y'], ''],
    ['mail.user', [`user=${ACCOUNT.user}`], ''],
  ] as const) {
    shows('user mail.user', `is that of ${title}`, async () => {
      const text = await lines(keys.map((key) => `mail.${key}`));
      await deliver(text, { ...LOGIN, username });
      assert.equal((await inbox.nextMail()).session.user, ACCOUNT.user);
    });
  }

  for (const [keys, offered, used] of [
    [[], ['LOGIN', 'PLAIN'], 'PLAIN'],
    [[], ['LOGIN', 'CRAM-MD5'], 'LOGIN'],
    [[], ['CRAM-MD5'], 'CRAM-MD5'],
    [[], ['XOAUTH2', 'PLAIN'], 'PLAIN'],
    [['auth.mechanisms=LOGIN PLAIN'], ['PLAIN', 'LOGIN'], 'LOGIN'],
    [['auth.mechanisms=plain login'], ['LOGIN', 'PLAIN'], 'PLAIN'],
    [['auth.mechanisms=CRAM-MD5 LOGIN'], ['PLAIN', 'LOGIN'], 'LOGIN'],
    [['auth.mechanisms=CRAM-MD5 PLAIN'], ['PLAIN', 'CRAM-MD5'], 'CRAM-MD5'],
    [['auth.mechanisms=DIGEST-MD5 NTLM PLAIN'], ['PLAIN', 'LOGIN'], 'PLAIN'],
    [['auth.mechanisms=XOAUTH2'], ['PLAIN', 'XOAUTH2'], 'XOAUTH2'],
    [['auth.mechanisms=LOGIN', 'auth.login.disable=true'], ['PLAIN', 'LOGIN'], 'LOGIN'],
    [['auth.plain.disable=true'], ['PLAIN', 'LOGIN'], 'LOGIN'],
    [['auth.login.disable=true'], ['LOGIN', 'CRAM-MD5'], 'CRAM-MD5'],
    [['auth.plain.disable=true', 'auth.login.disable=true'], ['PLAIN', 'LOGIN', 'CRAM-MD5'], 'CRAM-MD5'],
    [['auth.xoauth2.disable=false'], ['PLAIN', 'XOAUTH2'], 'PLAIN'],
    [['auth.xoauth2.disable=false'], ['PLAIN', 'XOAUTH2', 'LOGIN'], 'LOGIN'],
    [['auth.xoauth2.disable=false'], ['XOAUTH2'], 'XOAUTH2'],
    [['auth.xoauth2.disable=true'], ['PLAIN', 'XOAUTH2'], 'PLAIN'],
  ] as const) {
    const rows = ['auth.mechanisms', ...keys.map((key) => key.split('=')[0])].join(' ');
    const title = `uses ${used} for ${keys.join(', ') || 'no word of it'} where ${offered.join(' ')} is offered`;
    shows(rows, title, async () => {
      const text = await lines(
        keys.map((key) => `mail.smtp.${key}`),
        { authMethods: [...offered] },
      );
      await deliver(text, LOGIN);
      const { session } = await inbox.nextMail();
      assert.deepEqual([session.authMethod, session.user], [used, ACCOUNT.user]);
    });
  }

  for (const [keys, offered] of [
    [['auth.mechanisms=CRAM-MD5'], ['PLAIN', 'LOGIN']],
    [['auth.plain.disable=true'], ['PLAIN']],
    [[], ['XOAUTH2']],
  ] as const) {
    const title = `says nothing for ${keys.join() || 'no word of it'} where only ${offered.join(' ')} is offered`;
    shows('auth.mechanisms auth.plain.disable', title, async () => {
      const { text, said } = await dialogue(
        keys.map((key) => `mail.smtp.${key}`),
        [...offered],
      );
      assert.equal((await fail(text, LOGIN)).code, 'AUTH');
      assert.deepEqual(said(), []);
    });
  }

  for (const [mechanism, exchange] of [
    ['PLAIN', [`AUTH PLAIN ${base64(`\0${ACCOUNT.user}\0${ACCOUNT.password}`)}`]],
    ['LOGIN', ['AUTH LOGIN', base64(ACCOUNT.user), base64(ACCOUNT.password)]],
    [
      'XOAUTH2',
      [`AUTH XOAUTH2 ${base64(`user=${ACCOUNT.user}\x01auth=Bearer ${ACCOUNT.password}\x01\x01`)}`],
    ],
  ] as const) {
    shows('auth.mechanisms', `says exactly this in ${mechanism}`, async () => {
      const { text, said } = await dialogue([`mail.smtp.auth.mechanisms=${mechanism}`], [mechanism]);
      await deliver(text, LOGIN);
      assert.deepEqual(said(), exchange);
    });
  }

  shows('auth.mechanisms', 'with a token that is refused ends with the words of the server', async () => {
    const server = await closing(
      startFaultServer({ auth: ['XOAUTH2'], script: at('auth', reply('535 5.7.8 token expired')) }),
    );
    const error = await fail(
      [
        'mail.smtp.host=127.0.0.1',
        `mail.smtp.port=${server.port}`,
        'mail.smtp.auth=true',
        'mail.smtp.auth.mechanisms=XOAUTH2',
      ],
      LOGIN,
    );
    assert.equal(error.code, 'AUTH');
    assert.match(error.message, /token expired/);
  });

  shows('auth', 'with a wrong password means no mail, and no word of the password', async () => {
    const text = await lines(['mail.smtp.auth=true']);
    const error = await fail(text, { ...LOGIN, password: 'wrong horse' });
    assert.deepEqual([error.code, error.responseCode], ['AUTH', 535]);
    assert.deepEqual(inbox.refusedLogins, [ACCOUNT.user]);
  });

  shows('auth', 'is asked for with auth=true, so without a password the settings are an error', async () => {
    await assert.rejects(send(await lines(['mail.smtp.auth=true'])), /Username and password are missing/);
    assert.equal(inbox.connections.total, 0);
  });
});
