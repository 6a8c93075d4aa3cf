import assert from 'node:assert/strict';
import { simpleParser } from 'mailparser';
import { compose } from '../../../nodes/mail/compose';
import { readConfig } from '../../../nodes/mail/config';
import { buildContent } from '../../../nodes/mail/content';
import { compileMessage, prepareEvent } from '../../../nodes/mail/message';
import {
  checkAllowed,
  readAllowedRecipients,
  readRedirectTo,
  redirected,
} from '../../../nodes/mail/recipients/restrictions';
import type { MailError, Msg } from '../../../nodes/types';

const CIRCUMSTANCES = { externals: {}, connector: 'Alerts', now: 0, username: 'f@x.test' };

function prepared(fields: Record<string, unknown>, msg: Msg) {
  const { message } = compileMessage(readConfig(fields).config);
  assert.ok(message);
  return { message, ...prepareEvent(message, msg, CIRCUMSTANCES) };
}

async function mailOf(fields: Record<string, unknown>, msg: Msg, redirectTo = '') {
  const { message, event } = prepared(fields, msg);
  const made = buildContent(message, [event], { connector: 'Alerts', now: 0 });
  const to = readRedirectTo(redirectTo);
  const mail = compose(to ? redirected(made, to) : made, { messageId: '<1@x.test>', date: 0 });
  const source = Buffer.concat([...mail.open()]);
  return { mail, source: source.toString(), parsed: await simpleParser(source) };
}

function refusal(act: () => unknown): MailError {
  try {
    act();
  } catch (error) {
    return error as MailError;
  }
  throw new assert.AssertionError({ message: 'nothing was refused' });
}

describe('Allowed recipients', () => {
  const allows = (list: string, address: string) => readAllowedRecipients(list)?.(address);

  it('are all without a list', () => {
    assert.equal(readAllowedRecipients(''), null);
    assert.equal(readAllowedRecipients(' \n,;'), null);
  });

  it('are addresses, domains and what is below a domain', () => {
    const list = 'ops@example.com\n@example.org, @*.example.net;@bücher.example';
    for (const address of [
      'ops@example.com',
      'OPS@Example.COM',
      'any@example.org',
      'a@b.example.net',
      'a@b.c.example.net',
      'a@xn--bcher-kva.example',
    ]) {
      assert.equal(allows(list, address), true, address);
    }
    for (const address of [
      'eve@example.com',
      'a@sub.example.org',
      'a@example.net',
      'a@notexample.net',
      'a@example.org.evil.test',
      'ops@example.com.evil.test',
    ]) {
      assert.equal(allows(list, address), false, address);
    }
  });

  it('that are none of these are named', () => {
    for (const list of ['ops', 'a@x.test, @', '*@x.test', '@*', '@a@b', 'a@x.test b']) {
      const error = refusal(() => readAllowedRecipients(list));
      assert.deepEqual([error.code, error.field], ['CONFIG', 'allowedRecipients']);
      assert.ok(error.hint);
    }
  });

  it('hold for every recipient, hidden ones and those of the envelope too', () => {
    const restrictions = { allowed: readAllowedRecipients('@x.test'), redirectTo: null };
    for (const msg of [
      { to: 'a@x.test, eve@y.test' },
      { to: 'a@x.test', bcc: 'eve@y.test' },
      { to: 'a@x.test', envelope: { to: 'eve@y.test' } },
    ]) {
      const error = refusal(() => checkAllowed(prepared({}, msg).event.addresses, restrictions));
      assert.equal(error.code, 'NOT_ALLOWED');
      assert.match(error.message, /eve@y\.test/);
      assert.doesNotMatch(error.message, /a@x\.test/);
    }
    checkAllowed(prepared({}, { to: 'a@x.test', cc: 'B@X.TEST' }).event.addresses, restrictions);
  });
});

describe('A mail that goes elsewhere for a test', () => {
  it('goes to this address alone and says whom it was for', async () => {
    const fields = { template: '<html><body class="a"><p>{{event}}</p></body></html>' };
    const msg = { to: 'A <a@y.test>', cc: 'c@y.test', bcc: 'b@y.test', payload: 'hot' };
    const { mail, parsed } = await mailOf(fields, msg, 'Test <t@x.test>');
    assert.deepEqual(mail.envelope, { from: 'f@x.test', to: ['t@x.test'] });
    assert.equal(parsed.headers.get('x-original-recipients'), 'a@y.test, c@y.test, b@y.test');
    assert.equal(parsed.headers.has('cc'), false);
    assert.match(parsed.text ?? '', /^Test: this mail was for a@y\.test, c@y\.test, b@y\.test\n\nhot/);
    assert.match(
      String(parsed.html),
      /<body class="a">\n<p>Test: this mail was for a@y\.test, c@y\.test, b@y\.test<\/p>\n<p>hot/,
    );
  });

  it('says so at the beginning of the text, whatever the page begins with', async () => {
    const shown = async (template: string) =>
      String((await mailOf({ template }, { to: 'a@y.test' }, 't@x.test')).parsed.html);
    const line = '<p>Test: this mail was for a@y.test</p>\n';
    assert.equal(await shown('<b>hot</b>'), `${line}<b>hot</b>`);
    assert.equal(await shown('<!DOCTYPE html><b>hot</b>'), `<!DOCTYPE html>\n${line}<b>hot</b>`);
    const page = '<!doctype html>\n<html lang="en"><head><title>T</title></head>';
    assert.equal(await shown(`${page}<b>hot</b></html>`), `${page}\n${line}<b>hot</b></html>`);
    assert.equal(await shown(`${page}<BODY>hot</BODY></html>`), `${page}<BODY>\n${line}hot</BODY></html>`);
  });

  it('is checked like any other', () => {
    assert.equal(readRedirectTo(' '), null);
    assert.match(refusal(() => readRedirectTo('nobody')).message, /^redirectTo: "nobody"/);
  });
});

describe('The envelope of a msg', () => {
  it('is what the server is told, and leaves the headers alone', async () => {
    const msg = { to: 'a@x.test', envelope: { from: 'bounces@x.test', to: ['b@x.test', 'c@x.test'] } };
    const { mail, parsed } = await mailOf({}, msg);
    assert.deepEqual(mail.envelope, { from: 'bounces@x.test', to: ['b@x.test', 'c@x.test'] });
    assert.equal(mail.ownSender, true);
    assert.equal(parsed.from?.text, 'f@x.test');
    assert.equal(Array.isArray(parsed.to) ? '' : parsed.to?.text, 'a@x.test');
  });

  it('may have one of the two, and the null sender', async () => {
    assert.deepEqual((await mailOf({}, { to: 'a@x.test', envelope: { from: '<>' } })).mail.envelope, {
      from: '',
      to: ['a@x.test'],
    });
    const { mail } = await mailOf({}, { envelope: { to: 'a@x.test' } });
    assert.deepEqual([mail.envelope, mail.ownSender], [{ from: 'f@x.test', to: ['a@x.test'] }, undefined]);
    assert.deepEqual((await mailOf({}, { to: 'a@x.test', envelope: {} })).mail.envelope.to, ['a@x.test']);
  });

  it('keeps mails apart, and is checked like other addresses', () => {
    const key = (envelope: unknown) => prepared({}, { to: 'a@x.test', envelope }).event.key;
    assert.notEqual(key({ to: 'b@x.test' }), key({ to: 'c@x.test' }));
    assert.match(refusal(() => key({ from: 'x\r\nRCPT TO:<e@x.test>' })).message, /^msg\.envelope\.from/);
    assert.match(refusal(() => key('a@x.test')).message, /^msg\.envelope is "a@x\.test"/);
  });

  it('never falls back on the recipients of the headers when its list is empty', () => {
    for (const to of [[], '', ' , ', [null]]) {
      const error = refusal(() => prepared({}, { to: 'a@x.test', envelope: { to } }));
      assert.deepEqual([error.code, error.field], ['BAD_ADDRESS', 'msg.envelope.to']);
      assert.match(error.message, /^msg\.envelope\.to: .* holds no address/);
    }
  });
});

describe('A mail to hidden recipients alone', () => {
  it('has a To that names nobody', async () => {
    const { source, mail } = await mailOf({}, { bcc: 'a@x.test, b@x.test' });
    assert.match(source, /^To: undisclosed-recipients:;\r$/m);
    assert.doesNotMatch(source, /[ab]@x\.test/);
    assert.deepEqual(mail.envelope.to, ['a@x.test', 'b@x.test']);
    assert.doesNotMatch((await mailOf({}, { cc: 'a@x.test' })).source, /^To:/m);
  });
});

describe('The date of a mail', () => {
  const zone = process.env.TZ;
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it('has the offset of this machine', async () => {
    for (const [tz, shown] of [
      ['UTC', 'Thu, 01 Jan 1970 00:00:00 +0000'],
      ['Asia/Kolkata', 'Thu, 1 Jan 1970 05:30:00 +0530'],
      ['America/New_York', 'Wed, 31 Dec 1969 19:00:00 -0500'],
    ] as const) {
      process.env.TZ = tz;
      const { source } = await mailOf({}, { to: 'a@x.test' });
      assert.equal(/^Date: (.*)\r$/m.exec(source)?.[1], shown.replace(' 01 ', ' 1 '));
    }
  });
});

describe('A mail that was received and is sent on', () => {
  const received = {
    header: { subject: 'x' },
    from: 'a@y.test',
    cc: 'c@y.test',
    replyTo: '',
    payload: 'text',
  };

  it('warns of the recipients that it brings along', () => {
    const { warnings, event } = prepared({ to: 'b@x.test', from: 'f@x.test' }, received);
    assert.equal(event.addresses.cc[0]?.address, 'c@y.test');
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /msg\.cc is used/);
    const fields = { to: 'b@x.test', from: 'f@x.test' };
    assert.deepEqual(prepared({ ...fields, cc: 'd@x.test' }, received).warnings, []);
    assert.deepEqual(prepared({ to: 'b@x.test' }, { cc: 'c@y.test' }).warnings, []);
    assert.deepEqual(prepared(fields, { ...received, cc: undefined, bcc: [] }).warnings, []);
  });

  it('warns of its sender too, and whoever set To', () => {
    const [warning = ''] = prepared({ to: 'b@x.test' }, received).warnings;
    assert.match(warning, /msg\.from, msg\.cc is used/);
    const [other = ''] = prepared({ from: 'f@x.test' }, { ...received, to: 'b@x.test' }).warnings;
    assert.match(other, /msg\.cc is used/);
  });
});

describe('redirectTo', () => {
  it('keeps the sender of msg.envelope and none of its recipients', async () => {
    const msg = { envelope: { from: 'bounces@x.test', to: 'boss@x.test' }, payload: 'x' };
    const { mail, parsed } = await mailOf({ from: 'f@x.test', to: 'a@x.test' }, msg, 'me@x.test');
    assert.deepEqual(mail.envelope, { from: 'bounces@x.test', to: ['me@x.test'] });
    assert.equal(parsed.headers.get('x-original-recipients'), 'boss@x.test');
  });
});

describe('allowedRecipients', () => {
  it('refuses what is no domain, by name', () => {
    for (const wrong of ['@a..b', '@.example', '@*.', '@', '@a b@', 'nobody']) {
      const error = refusal(() => readAllowedRecipients(wrong));
      assert.deepEqual([error.code, error.field], ['CONFIG', 'allowedRecipients'], wrong);
    }
  });
});
