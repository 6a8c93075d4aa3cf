import assert from 'node:assert/strict';
import { sentence } from '../../nodes/properties/summary';
import { REAL_SETS } from './real-sets';
import { errorsOf, goodSettings, NO_LOGIN, settingsOf, warningsOf } from '../builders';

const GMAIL =
  'mail.smtp.host=smtp.gmail.com\nmail.smtp.port=465\nmail.smtp.auth=true\nmail.smtp.ssl.enable=true\nmail.debug=false';
const RELAY = 'mail.smtp.host=relay.example.com\nmail.smtp.port=25';

/** The one finding of a kind, with its message. */
function only(
  findings: { code: string; key: string | null; line: number | null; message: string }[],
  code: string,
) {
  const found = findings.filter((finding) => finding.code === code);
  assert.equal(found.length, 1, `${code}: ${JSON.stringify(findings)}`);
  return found[0] as (typeof found)[number];
}

function outcome(properties: string, input = {}): string {
  const { settings, errors } = settingsOf(properties, input);
  return settings === null ? [...new Set(errors.map(({ code }) => code))].join(' ') : sentence(settings);
}

describe('settings from real property sets', () => {
  for (const { name, lines, asFound, withLogin, withoutLogin } of REAL_SETS) {
    const text = lines.filter((line) => !/^mail\.(?:smtps?\.)?pass/.test(line)).join('\n');
    if (asFound !== undefined) {
      it(`${name} as found: ${asFound}`, () => assert.equal(outcome(lines.join('\n')), asFound));
    }
    it(`${name} with a login: ${withLogin}`, () => assert.equal(outcome(text), withLogin));
    it(`${name} without a login: ${withoutLogin}`, () => assert.equal(outcome(text, NO_LOGIN), withoutLogin));
  }
});

describe('settings', () => {
  it('reads the default for Gmail without a finding', () => {
    const { settings, errors, warnings } = settingsOf(GMAIL);
    assert.deepEqual({ errors, warnings }, { errors: [], warnings: [] });
    assert.deepEqual(settings, {
      host: 'smtp.gmail.com',
      port: 465,
      security: 'implicit',
      auth: { user: 'alerts@example.com', pass: 'correct horse', mechanisms: null },
      allowInsecureAuth: false,
      envelopeFrom: null,
      defaultFrom: null,
      dsn: null,
      timeouts: { connection: 30_000, greeting: 30_000, socket: 600_000 },
      tls: {
        rejectUnauthorized: true,
        checkServerIdentity: true,
        minVersion: null,
        maxVersion: null,
        ciphers: null,
        material: {},
      },
      ehloName: null,
      localAddress: null,
      localPort: null,
      proxy: null,
      debug: false,
    });
  });

  describe('that JavaMail would read dangerously', () => {
    it('has no host: an error, not localhost', () => {
      assert.deepEqual(errorsOf('mail.smtp.port=25', NO_LOGIN), ['HOST_MISSING']);
      assert.deepEqual(errorsOf('', NO_LOGIN), ['HOST_MISSING']);
      assert.deepEqual(errorsOf('mail.smtp.host=\nmail.host=other.example.com', NO_LOGIN), ['HOST_MISSING']);
      assert.equal(goodSettings('mail.host=other.example.com', NO_LOGIN).host, 'other.example.com');
    });

    it('has spaces around a value: trimmed, with a warning', () => {
      const text = 'mail.smtp.host = smtp.example.com \t\nmail.smtp.port=587\u00a0';
      const { settings, warnings } = settingsOf(text, NO_LOGIN);
      assert.deepEqual([settings?.host, settings?.port], ['smtp.example.com', 587]);
      assert.deepEqual(
        warnings.map(({ code, line, key }) => [code, line, key]),
        [
          ['SPACES_TRIMMED', 1, 'mail.smtp.host'],
          ['SPACES_TRIMMED', 2, 'mail.smtp.port'],
        ],
      );
    });

    for (const junk of ['yes', '1', 'on', '"true"', 'true # note', 'true;', '', 'ture']) {
      it(`has the boolean ${JSON.stringify(junk)}: an error that shows it`, () => {
        for (const key of [
          'mail.smtp.auth',
          'mail.smtp.starttls.enable',
          'mail.smtp.ssl.enable',
          'mail.debug',
        ]) {
          const finding = only(settingsOf(`${RELAY}\n${key}=${junk}`, NO_LOGIN).errors, 'BOOLEAN_INVALID');
          assert.deepEqual([finding.key, finding.line], [key, 3]);
          assert.ok(finding.message.startsWith(`${key} is "${junk}": only true and false`), finding.message);
        }
      });
    }

    it('has a boolean in upper case: understood, as in JavaMail', () => {
      assert.equal(
        goodSettings(`${RELAY}\nmail.smtp.starttls.enable=TRUE`, NO_LOGIN).security,
        'opportunistic',
      );
      assert.equal(goodSettings(`${RELAY}\nmail.smtp.starttls.enable=False`, NO_LOGIN).security, 'none');
    });

    for (const junk of [
      'abc',
      '',
      '587.0',
      '"587"',
      '587 # x',
      '0',
      '-2',
      '65536',
      '99999',
      '0X24B',
      '５８７',
      '1e3',
    ]) {
      it(`has the port ${JSON.stringify(junk)}: an error that shows it`, () => {
        const finding = only(
          settingsOf(`mail.smtp.host=h\nmail.smtp.port=${junk}`, NO_LOGIN).errors,
          'PORT_INVALID',
        );
        assert.equal(finding.line, 2);
        assert.ok(finding.message.startsWith(`mail.smtp.port is "${junk}"`), finding.message);
      });
    }

    for (const [written, port] of [
      ['587', 587],
      ['+587', 587],
      ['0587', 587],
      ['0x24B', 587],
      ['-1', 25],
    ] as const) {
      it(`has the port ${written}: ${port}, as in JavaMail`, () => {
        assert.equal(goodSettings(`mail.smtp.host=h\nmail.smtp.port=${written}`, NO_LOGIN).port, port);
      });
    }

    it('has an unknown key: a warning with the nearest known keys', () => {
      const { settings, warnings } = settingsOf(`${RELAY}\nmail.smtp.post=587`, NO_LOGIN);
      assert.equal(settings?.port, 25);
      const finding = only(warnings, 'UNKNOWN_KEY');
      assert.deepEqual([finding.key, finding.line], ['mail.smtp.post', 3]);
      assert.match(finding.message, /mail\.smtp\.host or mail\.smtp\.port\?$/);
    });

    it('has a password among the properties: an error that does not show it', () => {
      for (const key of [
        'mail.smtp.password',
        'mail.password',
        'mail.smtps.password',
        'mail.smtp.pass',
        'smtp.pwd',
      ]) {
        const { errors, warnings } = settingsOf(`${RELAY}\n${key}=tr0ub4dor`, NO_LOGIN);
        assert.equal(only(errors, 'PASSWORD_IN_PROPERTIES').line, 3);
        assert.doesNotMatch(JSON.stringify([errors, warnings]), /tr0ub4dor/);
      }
    });

    it('does not say ssl.checkserveridentity: it is on', () => {
      assert.equal(goodSettings(GMAIL).tls.checkServerIdentity, true);
      const off = settingsOf(`${GMAIL}\nmail.smtp.ssl.checkserveridentity=false`);
      assert.equal(off.settings?.tls.checkServerIdentity, false);
      assert.deepEqual(
        off.warnings.map(({ code }) => code),
        ['NAME_NOT_CHECKED'],
      );
    });

    it('has an SSLSocketFactory with fallback: implicit TLS and nothing else', () => {
      const text =
        'mail.smtp.host=h\nmail.smtp.port=465\nmail.smtp.socketFactory.class=javax.net.ssl.SSLSocketFactory';
      const { settings, warnings } = settingsOf(text);
      assert.equal(settings?.security, 'implicit');
      assert.match(only(warnings, 'FACTORY_IDIOM').message, /without JavaMail's fallback/);
    });

    it('has a malformed escape: an error with its line', () => {
      const finding = only(settingsOf(`${RELAY}\nmail.smtp.user=CORP\\ursula`).errors, 'MALFORMED_ESCAPE');
      assert.equal(finding.line, 3);
    });

    it('has a control character or half a character in a value: an error', () => {
      for (const value of [
        'a\\nRSET',
        'a\\u000d\\u000aRSET',
        'CORP\\tom',
        'a\u0000',
        'a\u007f',
        'a\\ud83d',
      ]) {
        for (const key of ['mail.smtp.localhost', 'mail.smtp.user', 'mail.from', 'mail.smtp.quitwait']) {
          assert.deepEqual(
            errorsOf(`${RELAY}\n${key}=${value}`, NO_LOGIN),
            ['CONTROL_CHARACTER'],
            key + value,
          );
        }
      }
    });

    it('has a tab between the words of a list: a separator', () => {
      assert.deepEqual(errorsOf(`${GMAIL}\nmail.smtp.ssl.protocols=TLSv1.2\\tTLSv1.3`), []);
    });
  });

  describe('from a host', () => {
    for (const [written, remedy] of [
      ['smtp.example.com:587', /mail\.smtp\.host=smtp\.example\.com and mail\.smtp\.port=587/],
      ['smtps://smtp.example.com', /is a URL/],
      ['"smtp.example.com"', /quotes/],
      ['smtp.example.com # mine', /comment/],
      ['smtp.example.com mail.smtp.port=25', /another property/],
      ['smtp example', /space/],
      ['me@example.com', /mail server/],
      ['münchen.example', /xn--mnchen-3ya\.example/],
      ['smtp.example.com\u200bx', /ASCII/],
      ['xn--a', /xn-- form/],
      ['a..b', /only letters/],
      ['-a.example', /only letters/],
      [`${'a'.repeat(64)}.example`, /only letters/],
      ['smtp.example.com,', /without ; or ,/],
    ] as const) {
      it(`refuses ${written} and says what to write`, () => {
        assert.match(
          only(settingsOf(`mail.smtp.host=${written}`, NO_LOGIN).errors, 'HOST_INVALID').message,
          remedy,
        );
      });
    }

    for (const [written, host] of [
      ['smtp_relay.example.com.', 'smtp_relay.example.com.'],
      ['192.0.2.1', '192.0.2.1'],
      ['[2001:db8::1]', '2001:db8::1'],
      ['::1', '::1'],
    ] as const) {
      it(`takes ${written}`, () =>
        assert.equal(goodSettings(`mail.smtp.host=${written}`, NO_LOGIN).host, host));
    }
  });

  describe('from two protocols', () => {
    for (const key of ['mail.transport.protocol', 'mail.transport.protocol.rfc822']) {
      it(`reads mail.smtps.* when ${key} is smtps`, () => {
        const { host, port, security } = goodSettings(`${key}=smtps\nmail.smtps.host=h`);
        assert.deepEqual([host, port, security], ['h', 465, 'implicit']);
      });
    }

    it('refuses another protocol', () => {
      for (const value of ['SMTP', 'imap', '']) {
        assert.deepEqual(errorsOf(`${RELAY}\nmail.transport.protocol=${value}`, NO_LOGIN), [
          'PROTOCOL_INVALID',
        ]);
      }
    });

    it('warns when the two protocol keys differ', () => {
      const text = 'mail.transport.protocol=smtp\nmail.transport.protocol.rfc822=smtps\nmail.smtps.host=h';
      assert.deepEqual(warningsOf(text, NO_LOGIN), ['PROTOCOL_CONFLICT']);
    });

    it('refuses what decides about the connection under the prefix that is not read', () => {
      assert.deepEqual(errorsOf(`${RELAY}\nmail.smtps.auth=true`, NO_LOGIN), ['WRONG_PREFIX']);
      assert.deepEqual(errorsOf('mail.smtps.host=h', NO_LOGIN), ['WRONG_PREFIX']);
    });

    it('warns once of other keys under it', () => {
      const text = `${RELAY}\nmail.smtps.auth=false\nmail.smtps.port=465\nmail.smtps.timeout=5000`;
      const finding = only(settingsOf(text, NO_LOGIN).warnings, 'OTHER_PREFIX');
      assert.match(finding.message, /mail\.smtps\.auth, mail\.smtps\.port, mail\.smtps\.timeout/);
    });

    it('says that ssl.enable=false does nothing under smtps', () => {
      const text = 'mail.transport.protocol=smtps\nmail.smtps.host=h\nmail.smtps.ssl.enable=false';
      assert.equal(goodSettings(text).security, 'implicit');
      assert.ok(warningsOf(text).includes('SSL_ALWAYS'));
    });
  });

  describe('with ${NAME}', () => {
    const env = (name: string) =>
      ({ HOST: 'smtp.example.com', EMPTY: '', EVIL: 'a\nRSET', NESTED: '${HOST}' })[name];

    it('takes it from the environment, anywhere in a value', () => {
      assert.equal(goodSettings('mail.smtp.host=${HOST}', { ...NO_LOGIN, env }).host, 'smtp.example.com');
      const local = goodSettings('mail.smtp.host=eu.${HOST}\nmail.smtp.localhost=a${EMPTY}.b', {
        ...NO_LOGIN,
        env,
      });
      assert.deepEqual([local.host, local.ehloName], ['eu.smtp.example.com', 'a.b']);
    });

    it('names the variable that is not set', () => {
      const finding = only(settingsOf('mail.smtp.host=${NOPE}', NO_LOGIN).errors, 'ENV_UNSET');
      assert.deepEqual([finding.key, finding.line], ['mail.smtp.host', 1]);
      assert.match(finding.message, /\bNOPE\b/);
    });

    it('refuses a variable with a line break, and does not show it', () => {
      const finding = only(
        settingsOf('mail.smtp.host=h\nmail.smtp.localhost=${EVIL}', { ...NO_LOGIN, env }).errors,
        'ENV_INVALID',
      );
      assert.doesNotMatch(finding.message, /RSET/);
    });

    it('does not look for ${NAME} in the value of a variable', () => {
      assert.deepEqual(errorsOf('mail.smtp.host=${NESTED}', { ...NO_LOGIN, env }), ['HOST_INVALID']);
    });

    it('validates what comes out, and shows what was written', () => {
      const { errors } = settingsOf('mail.smtp.host=h\nmail.smtp.port=${HOST}', { ...NO_LOGIN, env });
      assert.match(only(errors, 'PORT_INVALID').message, /^mail\.smtp\.port is "\$\{HOST\}"/);
    });
  });

  describe('with properties that are not supported', () => {
    it('answers all ignored ones in one warning, and all informational ones in another', () => {
      const text = `${RELAY}\nmail.smtp.quitwait=false\nmail.smtp.sendpartial=false\nmail.replyallcc=true\nmail.mime.allowutf8=true`;
      const { warnings } = settingsOf(text, NO_LOGIN);
      assert.match(
        only(warnings, 'WITHOUT_EFFECT').message,
        /mail\.smtp\.quitwait .*mail\.replyallcc |mail\.replyallcc .*mail\.smtp\.quitwait /,
      );
      assert.match(only(warnings, 'INFORMATIONAL').message, /mail\.smtp\.sendpartial \(Accepted recipients/);
      assert.equal(warnings.length, 2);
    });

    for (const line of [
      'mail.smtp.class=com.example.Transport',
      'mail.smtp.executor.writetimeout=x',
      'mail.smtp.socketFactory=x',
      'mail.smtp.ssl.socketFactory=x',
      'mail.smtp.ssl.socketFactory.class=com.example.DummySSLSocketFactory',
      'mail.smtp.ssl.hostnameverifier=x',
      'mail.smtp.ssl.hostnameverifier.class=com.example.Yes',
      'mail.smtp.sasl.authorizationid=boss',
      'mail.smtp.mailextension=REQUIRETLS',
    ]) {
      it(`refuses ${line}`, () => assert.deepEqual(errorsOf(`${GMAIL}\n${line}`), ['PROPERTY_REFUSED']));
    }

    it('takes the class names that say what is done anyway', () => {
      assert.deepEqual(errorsOf(`${GMAIL}\nmail.smtp.ssl.hostnameverifier.class=legacy`), []);
      assert.deepEqual(
        errorsOf(`${GMAIL}\nmail.smtp.ssl.socketFactory.class=javax.net.ssl.SSLSocketFactory`),
        [],
      );
    });

    it('refuses ehlo=false beside TLS or a login, and warns otherwise', () => {
      assert.deepEqual(errorsOf(`${GMAIL}\nmail.smtp.ehlo=false`), ['PROPERTY_REFUSED']);
      assert.deepEqual(errorsOf(`${RELAY}\nmail.smtp.ehlo=false`, NO_LOGIN), []);
      assert.deepEqual(warningsOf(`${RELAY}\nmail.smtp.ehlo=false`, NO_LOGIN), ['EHLO_ALWAYS']);
    });

    it('says when properties hide inside the value of another', () => {
      const text = `${RELAY}\nmail.extra = mail.smtp.auth=true, \\\n mail.smtp.port=465`;
      assert.deepEqual(warningsOf(text, NO_LOGIN), ['NESTED_PROPERTIES']);
    });
  });

  it('says that mail.debug is on', () => {
    assert.equal(goodSettings(`${GMAIL.replace('debug=false', 'debug=true')}`).debug, true);
    assert.deepEqual(warningsOf(GMAIL.replace('debug=false', 'debug=true')), ['DEBUG_ON']);
  });

  it('reads the two senders', () => {
    const { envelopeFrom, defaultFrom } = goodSettings(
      `${GMAIL}\nmail.smtp.from=<b@example.com>\nmail.from=Ops <o@example.com>`,
    );
    assert.deepEqual([envelopeFrom, defaultFrom], ['b@example.com', 'Ops <o@example.com>']);
    assert.equal(goodSettings(`${GMAIL}\nmail.smtp.from=<>`).envelopeFrom, '');
    const idn = goodSettings(`${GMAIL}\nmail.smtp.from=b@bücher.example`).envelopeFrom;
    assert.equal(idn, 'b@xn--bcher-kva.example');
    assert.deepEqual(errorsOf(`${GMAIL}\nmail.smtp.from=Ops <o@example.com>\nmail.from=ops`), [
      'FROM_INVALID',
      'FROM_INVALID',
    ]);
  });

  it('reads delivery reports and refuses what RFC 3461 does not know', () => {
    assert.deepEqual(
      goodSettings(`${GMAIL}\nmail.smtp.dsn.notify=failure, delay\nmail.smtp.dsn.ret=hdrs`).dsn,
      {
        notify: ['FAILURE', 'DELAY'],
        ret: 'HDRS',
      },
    );
    for (const line of ['dsn.notify=NEVER,DELAY', 'dsn.notify=SOMETIMES', 'dsn.notify=', 'dsn.ret=ALL']) {
      assert.deepEqual(errorsOf(`${GMAIL}\nmail.smtp.${line}`), ['DSN_INVALID'], line);
    }
  });

  it('reads timeouts, and never waits for ever', () => {
    const timeouts = (lines: string) => goodSettings(`${GMAIL}\n${lines}`).timeouts;
    assert.deepEqual(
      timeouts('mail.smtp.connectiontimeout=5000\nmail.smtp.timeout=7000\nmail.smtp.writetimeout=6000'),
      {
        connection: 5000,
        greeting: 7000,
        socket: 6000,
      },
    );
    for (const value of ['0', '-1', '5s', '']) {
      assert.equal(timeouts(`mail.smtp.timeout=${value}`).socket, 600_000);
      assert.deepEqual(warningsOf(`${GMAIL}\nmail.smtp.timeout=${value}`), ['TIMEOUT_INVALID']);
    }
    assert.equal(timeouts('mail.smtp.connectiontimeout=99999999999').connection, 2_147_483_647);
    assert.deepEqual(warningsOf(`${GMAIL}\nmail.smtp.timeout=30`), ['TIMEOUT_SHORT']);
  });

  it('reads the local side', () => {
    const local = (lines: string) => {
      const { ehloName, localAddress, localPort } = goodSettings(`${RELAY}\n${lines}`, NO_LOGIN);
      return [ehloName, localAddress, localPort];
    };
    assert.deepEqual(local('mail.smtp.localhost=gw.example.com'), ['gw.example.com', null, null]);
    assert.deepEqual(local('mail.smtp.localaddress=192.0.2.7\nmail.smtp.localport=2525'), [
      '[192.0.2.7]',
      '192.0.2.7',
      2525,
    ]);
    assert.deepEqual(local('mail.smtp.localaddress=2001:db8::7'), [
      '[IPv6:2001:db8::7]',
      '2001:db8::7',
      null,
    ]);
    assert.deepEqual(local('mail.smtp.localport=2525'), [null, null, null]);
    assert.deepEqual(warningsOf(`${RELAY}\nmail.smtp.localport=2525`, NO_LOGIN), ['LOCAL_PORT_UNUSED']);
    assert.deepEqual(errorsOf(`${RELAY}\nmail.smtp.localhost=my host`, NO_LOGIN), ['EHLO_NAME_INVALID']);
  });

  it('reads proxies: HTTP before SOCKS, a login only with user and password', () => {
    const env = () => 'p:w';
    const proxy = (lines: string) => goodSettings(`${GMAIL}\n${lines}`, { env }).proxy;
    assert.deepEqual(proxy('mail.smtp.proxy.host=192.0.2.9:8118'), {
      kind: 'http',
      host: '192.0.2.9',
      port: 8118,
      auth: null,
    });
    assert.deepEqual(
      proxy('mail.smtp.proxy.host=p:8118\nmail.smtp.proxy.port=3128\nmail.smtp.socks.host=s'),
      {
        kind: 'http',
        host: 'p',
        port: 3128,
        auth: null,
      },
    );
    assert.deepEqual(
      proxy('mail.smtp.proxy.host=p\nmail.smtp.proxy.user=u\nmail.smtp.proxy.password=${PROXY}'),
      {
        kind: 'http',
        host: 'p',
        port: 80,
        auth: { user: 'u', pass: 'p:w' },
      },
    );
    assert.deepEqual(proxy('mail.smtp.socks.host=s'), { kind: 'socks5', host: 's', port: 1080, auth: null });
    assert.deepEqual(errorsOf(`${GMAIL}\nmail.smtp.proxy.host=p:99999`), ['PORT_INVALID']);
  });

  it('warns of a proxy password in the text, without showing it', () => {
    const { warnings } = settingsOf(
      `${GMAIL}\nmail.smtp.proxy.host=p\nmail.smtp.proxy.user=u\nmail.smtp.proxy.password= tr0ub `,
    );
    assert.equal(only(warnings, 'PASSWORD_IN_TEXT').line, 8);
    assert.doesNotMatch(JSON.stringify(warnings), /tr0ub/);
  });
});

describe('lines that are not about sending', () => {
  const SERVER = 'mail.smtp.host=h.example\n';
  const told = (text: string) =>
    settingsOf(SERVER + text, { username: '', password: '' }).warnings.map(
      ({ code, line, message }) => [code, line, message] as const,
    );

  it('of JavaMail are known, without a guess at what was meant', () => {
    const keys = [
      'mail.imap.host',
      'mail.pop3s.port',
      'mail.store.protocol',
      'mail.mime.charset',
      'mail.mime.decodetext.strict',
    ];
    const messages = told(keys.map((key) => `${key}=x`).join('\n')).map(([, , message]) => message);
    for (const key of keys)
      assert.ok(
        messages.some((message) => message.includes(key)),
        key,
      );
    assert.doesNotMatch(messages.join(), /mean|no property of JavaMail/);
  });

  it('are told with their line when they are comments of another language', () => {
    for (const text of ['// comment', '//mail.smtp.port=25', '/* a */', '-- note', '; ini']) {
      const [[code, line, message] = ['', null, '']] = told(`\n${text}`);
      assert.deepEqual([code, line], ['NO_COMMENT', 3], text);
      assert.match(message, /Line 3.*#/);
    }
    assert.deepEqual(told('rubbish')[0]?.slice(0, 2), ['UNKNOWN_KEY', 2]);
  });

  it('stop nothing when they hold no password', () => {
    for (const text of ['mail.smtp.password=', 'password=${VAULT}', 'spring.mail.password= ${VAULT} ']) {
      const { settings, warnings } = settingsOf(SERVER + text, { username: '', password: '' });
      assert.ok(settings, text);
      assert.deepEqual(
        warnings.map(({ code, line }) => [code, line]),
        [['PASSWORD_UNUSED', 2]],
        text,
      );
    }
    assert.deepEqual(errorsOf(`${SERVER}mail.smtp.password=tr0ub`, NO_LOGIN), ['PASSWORD_IN_PROPERTIES']);
  });

  it('are taken for the user of the login', () => {
    for (const key of ['mail.smtp.auth.username', 'mail.smtp.username']) {
      assert.match(told(`${key}=me`)[0]?.[2] ?? '', /Did you mean mail\.smtp\.user\?/);
    }
  });
});
