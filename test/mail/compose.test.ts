import assert from 'node:assert/strict';
import { simpleParser } from 'mailparser';
import { compose, newMailId, newMessageId } from '../../nodes/mail/compose';
import type { MailContent } from '../../nodes/mail/content';

const base: MailContent = {
  from: { name: '', address: 'f@x.com' },
  to: [{ name: '', address: 'a@x.com' }],
  cc: [],
  bcc: [],
  replyTo: [],
  subject: 'Alert',
  html: '<p>a</p>',
  text: 'a',
  attachments: [],
  skippedAttachments: [],
  headers: [],
  priority: 'normal',
};
const stamp = { messageId: '<1@x.com>', date: Date.UTC(2026, 10, 22, 12) };

async function mailOf(change: Partial<MailContent>) {
  const mail = compose({ ...base, ...change }, stamp);
  const bytes = Buffer.concat([...mail.open()]);
  assert.equal(bytes.length, mail.size);
  const source = bytes.toString();
  const [head = ''] = source.split('\r\n\r\n');
  return { mail, source, head, parsed: await simpleParser(bytes) };
}

describe('A composed mail', () => {
  it('has the same Message-ID, Date and bytes however often it is opened', async () => {
    const mail = compose({ ...base, text: 'x'.repeat(200_000) }, stamp);
    const first = Buffer.concat([...mail.open()]);
    assert.deepEqual(Buffer.concat([...mail.open()]), first);
    const parsed = await simpleParser(first);
    assert.equal(parsed.messageId, '<1@x.com>');
    assert.equal(parsed.date?.getTime(), stamp.date);
  });

  it('asks for no automatic answers', async () => {
    const { head } = await mailOf({});
    assert.match(head, /^Auto-Submitted: auto-generated$/m);
    assert.match(head, /^X-Auto-Response-Suppress: All$/m);
  });

  it('advertises nobody', async () => {
    const { source } = await mailOf({ attachments: [{ filename: 'a.txt', content: Buffer.from('a') }] });
    assert.doesNotMatch(source, /x-mailer|user-agent|node-?red|nodemailer|nmp/i);
  });

  it('keeps the subject as it is and names of any script', async () => {
    const subjects = [
      `O'Brien & Co <pump>`,
      'Насос остановлен '.repeat(20).trim(),
      '泵停止',
      '🚨 Alert',
      'plain',
    ];
    for (const subject of subjects) assert.equal((await mailOf({ subject })).parsed.subject, subject);
    const { parsed, mail } = await mailOf({
      from: { name: 'Pump, "east" 泵', address: 'f@x.com' },
      to: [{ name: "O'Brien", address: 'a@x.com' }],
    });
    assert.equal(parsed.from?.value[0]?.name, 'Pump, "east" 泵');
    assert.deepEqual(mail.envelope, { from: 'f@x.com', to: ['a@x.com'] });
  });

  it('has a text and an HTML part, and only text without HTML', async () => {
    const both = await mailOf({ html: '<p>Насос 🚨</p>', text: 'Насос 🚨' });
    assert.equal(both.parsed.html, '<p>Насос 🚨</p>');
    assert.equal(both.parsed.text?.trim(), 'Насос 🚨');
    const { source } = await mailOf({ html: undefined, text: 'line\nnext' });
    assert.match(source, /Content-Type: text\/plain/);
    assert.doesNotMatch(source, /html/);
  });

  it('hides blind recipients from the header and names each recipient once in the envelope', async () => {
    const { source, mail } = await mailOf({
      cc: [{ name: '', address: 'c@x.com' }],
      bcc: [
        { name: 'Hidden', address: 'd@x.com' },
        { name: '', address: 'a@x.com' },
      ],
    });
    assert.doesNotMatch(source, /bcc|hidden|d@x\.com/i);
    assert.deepEqual(mail.envelope.to, ['a@x.com', 'c@x.com', 'd@x.com']);
  });

  it('has Reply-To, In-Reply-To, References and the headers of the msg', async () => {
    const { parsed, head } = await mailOf({
      replyTo: [{ name: '', address: 'r@x.com' }],
      inReplyTo: '<q@x>',
      references: '<p@x> <q@x>',
      headers: [
        { key: 'X-Ticket', value: 'Störung 42' },
        { key: 'X-Tag', value: 'a' },
        { key: 'X-Tag', value: 'b' },
      ],
    });
    assert.equal(parsed.replyTo?.value[0]?.address, 'r@x.com');
    assert.equal(parsed.inReplyTo, '<q@x>');
    assert.deepEqual(parsed.references, ['<p@x>', '<q@x>']);
    assert.match(head, /^X-Ticket: =\?UTF-8\?Q\?St=C3=B6rung_42\?=$/m);
    assert.deepEqual(parsed.headers.get('x-tag'), ['a', 'b']);
  });

  it('says its priority unless that is normal', async () => {
    assert.match((await mailOf({ priority: 'high' })).head, /^X-Priority: 1 .*^Importance: High$/ms);
    assert.match((await mailOf({ priority: 'low' })).head, /^X-Priority: 5 .*^Importance: Low$/ms);
    assert.doesNotMatch((await mailOf({})).head, /Priority|Importance/);
  });

  it('carries attachments byte by byte under readable names', async () => {
    const content = Buffer.from([0, 13, 10, 255, 46, 13, 10, 46]);
    for (const filename of [
      'Отчёт.bin',
      '泵の報告書'.repeat(10) + '.bin',
      '🚨 "x"; y.bin',
      'ä.bin',
      'no-extension',
    ]) {
      const { parsed, mail } = await mailOf({ attachments: [{ filename, content }] });
      assert.equal(parsed.attachments[0]?.filename, filename);
      assert.deepEqual(parsed.attachments[0]?.content, content);
      assert.equal(parsed.attachments[0]?.contentDisposition, 'attachment');
      assert.deepEqual(mail.attachments, [{ filename, size: 8 }]);
    }
  });

  it('shows images with a cid inside the HTML, and all others as files', async () => {
    const image = { filename: 'a.png', content: Buffer.from('png') };
    const { parsed } = await mailOf({
      html: '<img src="cid:plan">',
      attachments: [{ ...image, cid: 'plan' }, image],
    });
    assert.deepEqual(
      parsed.attachments
        .map(({ contentDisposition, related }) => [contentDisposition, Boolean(related)])
        .sort(),
      [
        ['attachment', false],
        ['inline', true],
      ],
    );
  });

  it('says that text files are UTF-8 when they are', async () => {
    const typeOf = async (filename: string, content: Buffer, contentType?: string) => {
      const { source } = await mailOf({
        attachments: [{ filename, content, ...(contentType ? { contentType } : {}) }],
      });
      return /Content-Type: ([^\r]*); *(?:\r\n )?name=/.exec(source)?.[1];
    };
    assert.equal(await typeOf('a.csv', Buffer.from('Größe')), 'text/csv; charset=utf-8');
    assert.equal(await typeOf('a.csv', Buffer.from([0xe4])), 'text/csv');
    assert.equal(
      await typeOf('a.csv', Buffer.from('x'), 'text/csv; charset=latin1'),
      'text/csv; charset=latin1',
    );
    assert.equal(await typeOf('a.pdf', Buffer.from('x'), 'nonsense'), 'application/pdf');
  });

  it('carries messages and parts of messages as files, for they may not be encoded', async () => {
    const content = Buffer.from(`${'x'.repeat(2000)}\0\n.\n`);
    for (const attachment of [
      { filename: 'a.eml', content },
      { filename: 'a.bin', content, contentType: 'multipart/mixed; boundary=x' },
    ]) {
      const { parsed, source } = await mailOf({ attachments: [attachment] });
      assert.match(
        source,
        /Content-Type: application\/octet-stream; name=a\.\w+\r\nContent-Transfer-Encoding: base64/,
      );
      assert.deepEqual(parsed.attachments[0]?.content, content);
    }
  });

  it('has no line that is too long and no lone line break, whatever its content', async () => {
    const { source } = await mailOf({
      subject: `${'x'.repeat(900)}…`,
      html: `${'<b>x</b>'.repeat(5000)}\n\r\n.\n\ud83d\u0000`,
      text: 'y'.repeat(5000),
      attachments: [{ filename: 'x'.repeat(200), content: Buffer.alloc(5000) }],
    });
    assert.ok(source.split('\r\n').every((line) => line.length <= 998));
    assert.doesNotMatch(source.replaceAll('\r\n', ''), /[\r\n]/);
    // eslint-disable-next-line no-control-regex
    assert.match(source, /^[\x01-\x7f]*$/);
  });

  it('never shows a domain outside ASCII in another form', async () => {
    const idn = (name: string) => ({ name, address: 'jörg@xn--bcher-kva.example' });
    const { head } = await mailOf({ from: idn('Jörg'), cc: [idn(''), idn('Süd')], replyTo: [idn('')] });
    assert.doesNotMatch(head, /bücher/);
    assert.equal(head.match(/jörg@xn--bcher-kva\.example/g)?.length, 4);
  });

  it('reaches addresses outside ASCII', async () => {
    const { mail, head } = await mailOf({
      to: [
        { name: '', address: 'a@xn--bcher-kva.example' },
        { name: '', address: 'jürgen@xn--bcher-kva.example' },
      ],
    });
    assert.deepEqual(mail.envelope.to, ['a@xn--bcher-kva.example', 'jürgen@xn--bcher-kva.example']);
    assert.match(head, /^To: a@xn--bcher-kva\.example, jürgen@xn--bcher-kva\.example\r$/m);
  });
});

describe('newMessageId', () => {
  it('is unique, in the domain of the sender', () => {
    assert.match(newMessageId('f@x.com'), /^<[0-9a-f-]{36}@x\.com>$/);
    assert.match(newMessageId('jürgen@bücher.example'), /@xn--bcher-kva\.example>$/);
    assert.match(newMessageId('f@[127.0.0.1]'), /@\[127\.0\.0\.1\]>$/);
    assert.notEqual(newMessageId('f@x.com'), newMessageId('f@x.com'));
  });
});

describe('newMailId', () => {
  it('sorts by creation, also within a millisecond and when the clock is set back', () => {
    const now = Date.now() + 60_000;
    const ids = [
      newMailId(now),
      newMailId(now),
      newMailId(now + 1),
      newMailId(now - 5000),
      newMailId(now + 2),
    ];
    assert.deepEqual([...ids].sort(), ids);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('is a safe name of a file', () => {
    assert.match(newMailId(Date.now()), /^[0-9a-f-]{20,40}$/);
  });
});
