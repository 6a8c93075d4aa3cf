import assert from 'node:assert/strict';
import { nearestKeys } from '../../../nodes/properties/text/suggestions';
import {
  isPasswordKey,
  KNOWN_KEYS,
  PROTOCOL_ROWS,
  SESSION_ROWS,
} from '../../../nodes/properties/table/table';

/** Every key that the SMTP path of JavaMail, Jakarta Mail and Angus Mail reads or documents. */
const SESSION_KEYS = `
  mail.transport.protocol mail.transport.protocol.rfc822 mail.store.protocol mail.host mail.user mail.from
  mail.debug mail.debug.auth mail.debug.auth.username mail.debug.auth.password mail.debug.quote
  mail.event.scope mail.event.executor mail.mime.address.strict mail.mime.allowutf8 mail.alternates
  mail.replyallcc
`;

/** What follows `mail.smtp.` and `mail.smtps.`. */
const PROTOCOL_NAMES = `
  host port user from localhost localaddress localport ehlo auth auth.mechanisms auth.login.disable
  auth.plain.disable auth.digest-md5.disable auth.ntlm.disable auth.xoauth2.disable auth.ntlm.domain
  auth.ntlm.flags auth.ntlm.v2 auth.ntlm.unicode auth.ntlm.lmcompat submitter dsn.notify dsn.ret
  allow8bitmime sendpartial sasl.enable sasl.mechanisms sasl.authorizationid sasl.realm saslrealm
  sasl.usecanonicalhostname quitwait quitonsessionreject reportsuccess connectiontimeout timeout
  writetimeout executor.writetimeout socketFactory socketFactory.class socketFactory.fallback
  socketFactory.port ssl.enable ssl.checkserveridentity ssl.hostnameverifier ssl.hostnameverifier.class
  ssl.trust ssl.socketFactory ssl.socketFactory.class ssl.socketFactory.port ssl.protocols ssl.ciphersuites
  starttls.enable starttls.required proxy.host proxy.port proxy.user proxy.password socks.host socks.port
  mailextension userset noop.strict chunksize usesocketchannels class
`;

/** Keys found in public texts that JavaMail does not read, and what they were meant to be. */
const MISTAKEN: readonly (readonly [string, string])[] = [
  ['mail.smtp.username', 'mail.smtp.user'],
  ['mail.smtps.username', 'mail.smtps.user'],
  ['mail.username', 'mail.user'],
  ['mail.smtp.debug', 'mail.debug'],
  ['mail.smtps.debug', 'mail.debug'],
  ['mail.smtp.protocol', 'mail.transport.protocol'],
  ['mail.protocol', 'mail.transport.protocol'],
  ['mail.smtp.ssl', 'mail.smtp.ssl.enable'],
  ['mail.smtp.smtpSSL', 'mail.smtp.ssl.enable'],
  ['mail.smtp.EnableSSL.enable', 'mail.smtp.ssl.enable'],
  ['mail.smtp.tls.enable', 'mail.smtp.starttls.enable'],
  ['mail.smtp.startssl.enable', 'mail.smtp.starttls.enable'],
  ['mail.smtp.trust', 'mail.smtp.ssl.trust'],
  ['mail.smtp.sender', 'mail.smtp.from'],
  ['mail.sender', 'mail.smtp.from'],
  ['mail.server.host', 'mail.smtp.host'],
  ['mail.server.port', 'mail.smtp.port'],
  ['mail.smtp.auth.needed', 'mail.smtp.auth'],
  ['mail.smtp.post', 'mail.smtp.host mail.smtp.port'],
  ['mail.stmp.port', 'mail.smtp.port'],
  ['mial.stmp.hsot', 'mail.smtp.host'],
  ['Mail.SMTP.Host', 'mail.smtp.host'],
  ['mail.smtp.host\u200b', 'mail.smtp.host'],
  ['\u00a0mail.smtp.auth', 'mail.smtp.auth'],
  ['mail.smtps.hots', 'mail.smtps.host'],
  ['mail.smtp.starttls.enabled', 'mail.smtp.starttls.enable'],
  ['-Dmail.smtp.host', 'mail.smtp.host'],
  ['spring.mail.properties.mail.smtp.auth', 'mail.smtp.auth'],
  ['mail.smtp.charset', ''],
  ['name', ''],
  ['a.key.that.is.like.nothing.at.all', ''],
];

const PASSWORD_KEYS = [
  'mail.smtp.password',
  'mail.smtps.password',
  'mail.password',
  'mail.smtp.pass',
  'smtpPassword',
];

const words = (text: string) => text.trim().split(/\s+/);

describe('property table', () => {
  it('knows every key of JavaMail, under both prefixes, and no other', () => {
    const expected = [
      ...words(SESSION_KEYS),
      ...words(PROTOCOL_NAMES).flatMap((name) => [`mail.smtp.${name}`, `mail.smtps.${name}`]),
    ];
    assert.deepEqual([...KNOWN_KEYS.keys()].sort(), expected.sort());
    assert.equal(KNOWN_KEYS.size, 149);
  });

  it('says of each property what becomes of it', () => {
    for (const row of [...SESSION_ROWS, ...PROTOCOL_ROWS]) {
      assert.match(row.here, /^[A-Z`0-9].*[.)]$/, row.name);
      assert.ok(row.here.length <= 110, `${row.name}: ${row.here.length} characters`);
    }
  });

  for (const [key, meant] of MISTAKEN) {
    it(`takes ${JSON.stringify(key)} for ${meant === '' ? 'nothing that is known' : meant}`, () => {
      assert.deepEqual(nearestKeys(key), meant === '' ? [] : meant.split(' '));
    });
  }

  it('knows a key that is made for a password, and the two that JavaMail itself has', () => {
    for (const key of PASSWORD_KEYS) assert.equal(isPasswordKey(key), true, key);
    for (const key of ['mail.smtp.proxy.password', 'mail.debug.auth.password', 'mail.smtp.host', 'bypass']) {
      assert.equal(isPasswordKey(key), false, key);
    }
  });
});
