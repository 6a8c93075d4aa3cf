import assert from 'node:assert/strict';
import { sentence, summary } from '../../nodes/properties/summary';
import { goodSettings, NO_LOGIN } from '../builders';

const GMAIL = 'mail.smtp.host=smtp.gmail.com\nmail.smtp.auth=true\nmail.smtp.ssl.enable=true';
const say = (text: string, input = {}) => sentence(goodSettings(text, input));

describe('an explanation', () => {
  it('says the usual in one sentence', () => {
    assert.equal(say(GMAIL), 'Implicit TLS to smtp.gmail.com:465, logs in as alerts@example.com.');
    assert.equal(say('mail.smtp.host=::1', NO_LOGIN), 'Clear text to [::1]:25, no login.');
  });

  it('says everything that is unusual', () => {
    const text = [
      GMAIL,
      'mail.smtp.auth.mechanisms=XOAUTH2 LOGIN',
      'mail.smtp.ssl.trust=*',
      'mail.smtp.proxy.host=proxy:8080',
      'mail.smtp.from=<>',
    ].join('\n');
    assert.equal(
      say(text),
      'Implicit TLS to smtp.gmail.com:465, through the HTTP proxy proxy:8080, ' +
        'logs in as alerts@example.com with XOAUTH2, else LOGIN, certificate not checked, null envelope sender.',
    );
    assert.match(
      say(`${GMAIL}\nmail.smtp.ssl.checkserveridentity=false`),
      /, name in the certificate not checked\.$/,
    );
    assert.match(say(`${GMAIL}\nmail.smtp.socks.host=s`), /, through the SOCKS5 proxy s:1080, /);
  });

  it('has a summary for the editor', () => {
    assert.deepEqual(summary(goodSettings(GMAIL)), {
      host: 'smtp.gmail.com',
      port: 465,
      security: 'implicit',
      auth: 'password',
      user: 'alerts@example.com',
    });
    assert.deepEqual(summary(goodSettings('mail.smtp.host=h', NO_LOGIN)), {
      host: 'h',
      port: 25,
      security: 'none',
      auth: 'none',
      user: '',
    });
    assert.equal(summary(goodSettings(`${GMAIL}\nmail.smtp.auth.mechanisms=XOAUTH2`)).auth, 'XOAUTH2');
  });
});
