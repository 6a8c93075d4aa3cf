/** The way through a proxy. */
import assert from 'node:assert/strict';
import { testAuthority, wrongNameCertificate } from '../../servers/certificates';
import { closedAfterEach } from '../../servers/closing';
import { startInbox } from '../../servers/inbox';
import { startHttpProxy, startSocksProxy, type ProxyOptions } from '../../servers/proxies';
import { ACCOUNT, deliver, fail, LOGIN, send, shows } from './wire';

const SERVER = ['mail.smtp.host=mail.example.com', 'mail.smtp.port=587'];
const SECRET = 'open: sesame/100%ä';
const PROXY_LOGIN = ['mail.smtp.proxy.user=gate@keeper', 'mail.smtp.proxy.password=${P}'];
const env = (name: string) => (name === 'P' ? SECRET : undefined);

describe('on the wire, an HTTP proxy', () => {
  const closing = closedAfterEach();
  const open = async (options: Partial<ProxyOptions> = {}) => {
    const inbox = await closing(startInbox());
    return { inbox, proxy: await closing(startHttpProxy({ target: inbox, ...options })) };
  };

  shows(
    'proxy.host proxy.port',
    'is asked for host and port of the mail server, without a login',
    async () => {
      const { inbox, proxy } = await open();
      await deliver([...SERVER, 'mail.smtp.proxy.host=127.0.0.1', `mail.smtp.proxy.port=${proxy.port}`]);
      assert.deepEqual(proxy.requests.items, [{ host: 'mail.example.com', port: 587, login: null }]);
      assert.equal(inbox.mails.items.length, 1);
    },
  );

  shows('proxy.host', 'may have its port in proxy.host', async () => {
    const { proxy } = await open();
    await deliver([...SERVER, `mail.smtp.proxy.host=127.0.0.1:${proxy.port}`]);
    assert.equal(proxy.requests.items.length, 1);
  });

  shows('proxy.port', 'is at proxy.port, before a port in proxy.host', async () => {
    const { proxy } = await open();
    await deliver([...SERVER, 'mail.smtp.proxy.host=127.0.0.1:1', `mail.smtp.proxy.port=${proxy.port}`]);
    assert.equal(proxy.requests.items.length, 1);
  });

  shows('proxy.user proxy.password', 'gets the Basic login, its characters unharmed', async () => {
    const { inbox, proxy } = await open({ login: `gate@keeper:${SECRET}` });
    await deliver([...SERVER, `mail.smtp.proxy.host=127.0.0.1:${proxy.port}`, ...PROXY_LOGIN], { env });
    assert.equal(proxy.requests.items[0]?.login, `gate@keeper:${SECRET}`);
    assert.equal(inbox.mails.items.length, 1);
  });

  shows('proxy.user proxy.password', 'gets no login when the password is missing', async () => {
    const { proxy } = await open();
    const user = 'mail.smtp.proxy.user=gate@keeper';
    await deliver([...SERVER, `mail.smtp.proxy.host=127.0.0.1:${proxy.port}`, user]);
    assert.equal(proxy.requests.items[0]?.login, null);
  });

  for (const [security, encryption] of [
    ['starttls', 'mail.smtp.starttls.enable=true'],
    ['implicit', 'mail.smtp.ssl.enable=true'],
  ] as const) {
    shows('proxy.host', `does not see the login inside ${security}, and the name is checked`, async () => {
      const options = { security, certificate: wrongNameCertificate, ...ACCOUNT } as const;
      const inbox = await closing(startInbox(options));
      const proxy = await closing(startHttpProxy({ target: inbox }));
      const lines = [encryption, 'mail.smtp.auth=true', `mail.smtp.proxy.host=127.0.0.1:${proxy.port}`];
      await deliver([...SERVER, ...lines], { ...LOGIN, tlsNode: { ca: testAuthority } });
      const { session } = await inbox.nextMail();
      assert.deepEqual([session.tls, session.servername], [true, 'mail.example.com']);
    });
  }

  shows(
    'proxy.user proxy.password',
    'that refuses the login means no mail, and no word of the password',
    async () => {
      const { inbox, proxy } = await open({ login: 'gate@keeper:another' });
      const text = [...SERVER, `mail.smtp.proxy.host=127.0.0.1:${proxy.port}`, ...PROXY_LOGIN];
      assert.match((await fail([...text, 'mail.debug=true'], { env })).message, /407/);
      assert.equal(inbox.connections.total, 0);
    },
  );

  for (const [form, echo] of [
    ['as it is', SECRET],
    ['percent-encoded', encodeURIComponent(SECRET)],
    ['as the header had it', Buffer.from(`gate@keeper:${SECRET}`).toString('base64')],
  ] as const) {
    shows('proxy.password', `that repeats the password, ${form}, is not quoted`, async () => {
      const { proxy } = await open({
        answer: () => `HTTP/1.1 200 ok\r\n\r\n554 5.7.1 go away with ${echo}\r\n`,
      });
      const text = [...SERVER, `mail.smtp.proxy.host=127.0.0.1:${proxy.port}`, ...PROXY_LOGIN];
      const error = await fail([...text, 'mail.debug=true'], { env });
      assert.match(error.message, /go away with \*\*\*/);
      assert.match(error.response ?? '', /go away with \*\*\*/);
    });
  }
});

describe('on the wire, a SOCKS proxy', () => {
  const closing = closedAfterEach();
  const open = async (options: Partial<ProxyOptions> = {}) => {
    const inbox = await closing(startInbox());
    return { inbox, proxy: await closing(startSocksProxy({ target: inbox, ...options })) };
  };

  shows('socks.host socks.port', 'is asked for name and port of the mail server', async () => {
    const { inbox, proxy } = await open();
    await deliver([...SERVER, 'mail.smtp.socks.host=127.0.0.1', `mail.smtp.socks.port=${proxy.port}`]);
    assert.deepEqual(proxy.requests.items, [{ host: 'mail.example.com', port: 587, login: null }]);
    assert.equal(inbox.mails.items.length, 1);
  });

  shows('socks.host', 'may be a name itself, and is asked for an address that is one', async () => {
    const { proxy } = await open();
    const socks = ['mail.smtp.socks.host=localhost', `mail.smtp.socks.port=${proxy.port}`];
    await deliver(['mail.smtp.host=192.0.2.7', 'mail.smtp.port=25', ...socks]);
    assert.deepEqual(proxy.requests.items, [{ host: '192.0.2.7', port: 25, login: null }]);
  });

  shows('socks.host', 'may send the greeting of the server together with its own answer', async () => {
    const inbox = await closing(startInbox());
    const proxy = await closing(startSocksProxy({ target: inbox, withGreeting: true }));
    await deliver([...SERVER, 'mail.smtp.socks.host=127.0.0.1', `mail.smtp.socks.port=${proxy.port}`]);
    assert.equal(inbox.mails.items.length, 1);
  });

  shows('socks.host proxy.host', 'is not used beside an HTTP proxy', async () => {
    const { inbox, proxy } = await open();
    const http = await closing(startHttpProxy({ target: inbox }));
    const socks = ['mail.smtp.socks.host=127.0.0.1', `mail.smtp.socks.port=${proxy.port}`];
    await deliver([...SERVER, ...socks, `mail.smtp.proxy.host=127.0.0.1:${http.port}`]);
    assert.deepEqual([proxy.requests.items.length, http.requests.items.length], [0, 1]);
  });
});

// An outage of the proxy is one of the account: it must use up no mail's attempts.
describe('on the wire, a proxy that gives no connection', () => {
  const closing = closedAfterEach();
  const target = { host: '127.0.0.1', port: 1 };

  for (const [title, key, place] of [
    [
      'wants another login',
      'proxy',
      async () => (await closing(startHttpProxy({ target, login: 'a:b' }))).port,
    ],
    [
      'says 502',
      'proxy',
      async () =>
        (await closing(startHttpProxy({ target, answer: () => 'HTTP/1.1 502 Bad gateway\r\n\r\n' }))).port,
    ],
    ['is not there', 'proxy', async () => 1],
    [
      'refuses',
      'socks',
      async () =>
        (
          await closing(
            startSocksProxy({ target, answer: () => Buffer.from([5, 2, 0, 1, 0, 0, 0, 0, 0, 0]) }),
          )
        ).port,
    ],
    ['is not there', 'socks', async () => 1],
    ['is not SOCKS', 'socks', async () => (await closing(startHttpProxy({ target }))).port],
  ] as const) {
    shows(`${key}.host`, `because it ${title} (${key}) stops the account and not the mail`, async () => {
      const lines = [`mail.smtp.${key}.host=127.0.0.1`, `mail.smtp.${key}.port=${await place()}`];
      const { attempt } = await send([...SERVER, ...lines, 'mail.smtp.connectiontimeout=500']);
      const { scope, error } = attempt.failure ?? {};
      assert.deepEqual([scope, error?.code], ['account', 'CONNECTION']);
      assert.match(error?.message ?? '', /^The proxy gave no connection/);
    });
  }

  shows('proxy.host', 'because its name is unknown stops the account and not the mail', async () => {
    const { attempt } = await send([...SERVER, 'mail.smtp.proxy.host=no-such-name.invalid']);
    assert.equal(attempt.failure?.scope, 'account');
    assert.match(attempt.failure?.error.message ?? '', /no-such-name\.invalid/);
  });
});
