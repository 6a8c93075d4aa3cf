import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  GMAIL,
  isUnedited,
  propertyIn,
  providerOf,
  PROVIDERS,
  providerWith,
  rateFor,
} from '../../../nodes/editor/connector/providers';
import { readSettings } from '../../../nodes/properties/settings';

const catalogue = JSON.parse(
  readFileSync(path.join(__dirname, '../../../locales/en-US/email-server-connector.json'), 'utf8'),
) as Record<'providerName' | 'providerNote', Record<string, string>>;

/** What the connector makes of a provider's properties, with the login that it wants. */
function settingsOf(id: string) {
  const { properties, anyHost, username = 'alerts@example.org' } = provider(id);
  const login = anyHost ? { username: '', password: '' } : { username, password: 'an app password' };
  return readSettings({
    ...login,
    properties,
    env: () => undefined,
    allowInsecureAuth: false,
    tlsNode: null,
  });
}

function provider(id: string) {
  const found = providerWith(id);
  assert.ok(found, id);
  return found;
}

describe('the providers of the connector dialog', () => {
  for (const { id, anyHost } of PROVIDERS) {
    it(`${id}: the connector starts with them, and finds nothing to warn about`, () => {
      const { settings, errors, warnings } = settingsOf(id);
      assert.deepEqual([...errors, ...warnings], []);
      assert.ok(settings);
      assert.equal(settings.auth === null, anyHost === true);
    });

    if (!anyHost) {
      it(`${id}: the password is never sent in clear text`, () => {
        assert.match(settingsOf(id).settings?.security ?? '', /^(implicit|required)$/);
      });
    }

    it(`${id}: has a name, and a note that says what it needs and how much it takes`, () => {
      const note = catalogue.providerNote[id] ?? '';
      assert.ok(catalogue.providerName[id]);
      assert.match(note, /\bneeds?\b|must|password|machine/i);
      assert.match(note, /\d+[^.]* (a|an) (day|hour|minute|second)|how many mails|limit/i);
      const { rate } = provider(id);
      if (rate)
        assert.match(
          note,
          new RegExp(`\\b(${rate.limit.toLocaleString('en-US')}|one)\\b[^.]*${rate.period}`),
        );
    });

    it(`${id}: is recognised by its own properties`, () => {
      assert.equal(providerOf(provider(id).properties)?.id, id);
    });
  }

  it('name a sender where the username can be none', () => {
    for (const id of ['ses', 'sendgrid', 'postmark', 'mailjet', 'brevo', 'relay', 'local']) {
      assert.match(provider(id).properties, /^mail\.from=.+@example\.com>?$/m, id);
    }
  });

  it('are recognised by their host, whatever else is in the text', () => {
    assert.equal(
      providerOf('# work\nmail.smtp.host = SMTP.office365.com \nmail.smtp.port=25')?.id,
      'microsoft',
    );
    assert.equal(
      providerOf('mail.transport.protocol=smtps\nmail.smtps.host=email-smtp.eu-west-1.amazonaws.com')?.id,
      'ses',
    );
    assert.equal(providerOf('mail.smtp.host=mail.example.net'), undefined);
    assert.equal(providerOf('#mail.smtp.host=smtp.gmail.com'), undefined);
    assert.equal(providerOf('mail.smtp.host=smtp.gmail.com.example.net'), undefined);
  });

  it('a relay stays one when its example host is replaced, and gives way to a host that is known', () => {
    const relay = provider('relay');
    assert.equal(providerOf('mail.smtp.host=mail.example.net', relay), relay);
    assert.equal(providerOf(GMAIL, relay)?.id, 'gmail');
    assert.equal(providerOf('mail.smtp.host=mail.example.net', provider('gmail')), undefined);
  });

  it('a text is edited when it is neither empty nor just as it is offered', () => {
    for (const text of ['', ' \n', GMAIL, `${GMAIL}\n`, GMAIL.replace(/\n/g, '\r\n')]) {
      assert.equal(isUnedited(text), true, text);
    }
    for (const text of [`${GMAIL}\nmail.from=a@example.com`, 'mail.smtp.host=x']) {
      assert.equal(isUnedited(text), false, text);
    }
  });

  it('set the limit that they publish, and take away that of another provider', () => {
    const microsoft = rateFor(provider('microsoft'), { limit: 0, period: 'hour' });
    assert.deepEqual(microsoft, { limit: 30, period: 'minute' });
    assert.deepEqual(rateFor(provider('gmail'), microsoft), { limit: 500, period: 'day' });
    assert.deepEqual(rateFor(provider('relay'), microsoft), { limit: 0, period: 'minute' });
  });

  it('leave a limit alone that somebody set', () => {
    const own = { limit: 7, period: 'hour' } as const;
    assert.equal(rateFor(provider('microsoft'), own), own);
  });

  it('a property is read as the connector reads it: the last one counts, comments do not', () => {
    const text = '#mail.user=no\nmail.user=one\n mail.user : two \nmail.smtp.user=';
    assert.equal(propertyIn(text, 'mail.user'), 'two');
    assert.equal(propertyIn(text, 'mail.smtp.user', 'mail.user'), '');
    assert.equal(propertyIn(text, 'mail.smtps.user', 'mail.user'), 'two');
    assert.equal(propertyIn('', 'mail.user'), '');
  });
});
