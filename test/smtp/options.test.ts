import assert from 'node:assert/strict';
import { mailOptions, nodemailerOptions } from '../../nodes/smtp/options';
import { proxyUrl } from '../../nodes/smtp/proxied-socket';
import { goodSettings, NO_LOGIN } from '../builders';

const RELAY = 'mail.smtp.host=relay.example.com';
const options = (lines: string, input = {}) => nodemailerOptions(goodSettings(`${RELAY}\n${lines}`, input));

describe('nodemailer options', () => {
  it('are these, whole, for a relay', () => {
    assert.deepEqual(options('', NO_LOGIN), {
      host: 'relay.example.com',
      port: 25,
      secure: false,
      requireTLS: false,
      ignoreTLS: true,
      connectionTimeout: 30_000,
      dnsTimeout: 30_000,
      greetingTimeout: 30_000,
      socketTimeout: 600_000,
      tls: { rejectUnauthorized: true },
    });
  });

  for (const [lines, expected] of [
    ['mail.smtp.ssl.enable=true', [true, false, false]],
    ['mail.smtp.starttls.required=true', [false, true, false]],
    ['mail.smtp.starttls.enable=true', [false, false, false]],
    ['', [false, false, true]],
  ] as const) {
    it(`say secure, requireTLS and ignoreTLS for ${lines === '' ? 'clear text' : lines}`, () => {
      const { secure, requireTLS, ignoreTLS } = options(lines, NO_LOGIN);
      assert.deepEqual([secure, requireTLS, ignoreTLS], expected);
    });
  }

  it('require STARTTLS for a login', () => {
    const { requireTLS, auth, customAuth } = options('mail.smtp.auth=true\nmail.smtp.starttls.enable=true');
    assert.equal(requireTLS, true);
    assert.deepEqual([auth?.user, auth?.pass], ['alerts@example.com', 'correct horse']);
    assert.equal(typeof customAuth?.[auth?.method ?? ''], 'function');
  });

  it('carry the TLS settings', () => {
    const tlsNode = { ca: 'CA', servername: 'mx.example.com' };
    const { tls } = options(
      'mail.smtp.ssl.enable=true\nmail.smtp.ssl.protocols=TLSv1.2\nmail.smtp.ssl.ciphersuites=TLS_RSA_WITH_AES_128_CBC_SHA',
      { ...NO_LOGIN, tlsNode },
    );
    assert.deepEqual(tls, {
      ca: 'CA',
      servername: 'mx.example.com',
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ciphers: 'AES128-SHA',
    });
    const unnamed = options(
      'mail.smtp.ssl.enable=true\nmail.smtp.ssl.checkserveridentity=false',
      NO_LOGIN,
    ).tls;
    assert.equal(unnamed?.rejectUnauthorized, true);
    assert.equal(typeof unnamed?.checkServerIdentity, 'function');
    assert.equal(unnamed?.checkServerIdentity?.('a', {} as never), undefined);
  });

  it('carry the local side', () => {
    const plain = options('mail.smtp.localaddress=192.0.2.7', NO_LOGIN);
    assert.deepEqual(
      [plain.localAddress, plain.name, plain.getSocket],
      ['192.0.2.7', '[192.0.2.7]', undefined],
    );
    for (const lines of [
      'mail.smtp.localaddress=gw',
      'mail.smtp.localaddress=192.0.2.7\nmail.smtp.localport=2525',
    ]) {
      assert.equal(typeof options(lines, NO_LOGIN).getSocket, 'function');
    }
  });

  it('go through a proxy, whose login is percent-encoded in its URL', () => {
    const env = () => 'p:w/%';
    const http =
      'mail.smtp.proxy.host=[2001:db8::9]:8080\nmail.smtp.proxy.user=a@b\nmail.smtp.proxy.password=${P}';
    const url = (lines: string, input: object) => {
      const { proxy } = goodSettings(`${RELAY}\n${lines}`, input);
      return proxy && proxyUrl(proxy);
    };
    assert.equal(url(http, { ...NO_LOGIN, env }), 'http://a%40b:p%3Aw%2F%25@[2001:db8::9]:8080');
    assert.equal(url('mail.smtp.socks.host=s', NO_LOGIN), 'socks5://s:1080');
    assert.equal(typeof options(http, { ...NO_LOGIN, env }).getSocket, 'function');
  });

  it('ask for delivery reports with each mail', () => {
    const dsn = (lines: string) => mailOptions(goodSettings(`${RELAY}\n${lines}`, NO_LOGIN));
    assert.deepEqual(dsn(''), {});
    assert.deepEqual(dsn('mail.smtp.dsn.notify=NEVER\nmail.smtp.dsn.ret=FULL'), {
      dsn: { notify: ['NEVER'], return: 'FULL' },
    });
    assert.deepEqual(dsn('mail.smtp.dsn.ret=hdrs'), { dsn: { return: 'HDRS' } });
  });
});
