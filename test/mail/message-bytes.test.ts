import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { MailContent } from '../../nodes/mail/content';
import { messageBytes, messageTree, type MessageStamp } from '../../nodes/mail/message-bytes';

const STAMP: MessageStamp = {
  messageId: '<1@example.com>',
  date: 'Thu, 26 Nov 2026 17:08:21 +0100',
  boundary: '6d3c1f0a-6f1e-4d2b-9c5c-0d6f6f2a7b11',
};

const BASE: MailContent = {
  from: { name: '', address: 'pump@example.com' },
  to: [{ name: '', address: 'ops@example.com' }],
  cc: [],
  bcc: [],
  replyTo: [],
  subject: 'Alert',
  html: '<p>Tank 3 is low</p>\n',
  text: 'Tank 3 is low\n',
  attachments: [],
  skippedAttachments: [],
  headers: [],
  priority: 'normal',
};

/** nodemailer ends a message as its last part ends; a message of ours ends with a line break. */
async function nodemailers(content: MailContent): Promise<string> {
  const bytes = (await messageTree(content, STAMP).build()).toString('latin1');
  return bytes.endsWith('\r\n') ? bytes : `${bytes}\r\n`;
}

async function assertSame(change: Partial<MailContent>): Promise<void> {
  const content = { ...BASE, ...change };
  assert.equal(messageBytes(content, STAMP).toString('latin1'), await nodemailers(content));
}

const address = (of: string, name = '') => ({ name, address: of });
const UMLAUTS = 'Überlauf in Halle 7, größer als 93 °C. '.repeat(30);

const CORPUS: [name: string, change: Partial<MailContent>][] = [
  ['HTML and text', {}],
  ['text alone', { html: undefined }],
  ['text without a line break at its end', { html: undefined, text: 'a' }],
  ['HTML of which no text is left', { text: '' }],
  ['nothing at all', { html: '', text: '' }],
  ['no text', { html: undefined, text: '' }],
  ['umlauts', { html: `<p>${UMLAUTS}</p>`, text: UMLAUTS, subject: UMLAUTS.slice(0, 600) }],
  ['another script', { html: undefined, text: '泵停止 🚨\n'.repeat(200), subject: '泵停止' }],
  ['lines of 76 and 77 characters', { text: 'x'.repeat(76), html: 'x'.repeat(77) }],
  ['a text that nobody looks through', { html: undefined, text: 'short line\n'.repeat(13_000) }],
  ['control characters', { text: 'a\u0007b\u007f', html: 'a\u0000b' }],
  ['line breaks of all kinds', { text: 'a\rb\nc\r\nd', html: 'a\rb\nc\r\n\r\nd' }],
  ['white space at the ends of lines', { text: `a \nb\t\n${'c '.repeat(60)}\n`, html: undefined }],
  ['dots at the start of lines', { text: '.\n..a\n', html: '<p>\n.</p>' }],
  ['what looks like a boundary', { text: `------=_-${STAMP.boundary}-Part_1--\n` }],
  ['a high priority', { priority: 'high' }],
  ['a low priority', { priority: 'low' }],
  [
    'names',
    {
      from: address('pump@example.com', 'Pump, "east"'),
      to: [address('a@example.com', 'Ann'), address('b@example.com', 'Jörg')],
      cc: [address('c@example.com', 'C. D.')],
      replyTo: [address('r@example.com', ' ')],
    },
  ],
  ['many recipients', { to: Array.from({ length: 40 }, (_, i) => address(`user-${i}@example.com`)) }],
  ['nobody but blind recipients', { to: [], bcc: [address('a@example.com')] }],
  [
    'addresses of all kinds',
    {
      to: [
        ...[
          'UPPER@Example.COM',
          '"a b"@example.com',
          'a@[127.0.0.1]',
          'root@localhost',
          "o'neil@example.com",
        ],
        ...[
          'a@b@example.com',
          'a..b@example.com',
          'a@xn--jgeva-dua.ee',
          'x@1.2.3.4',
          'a@-b.com',
          'a@b_c.com',
        ],
      ].map((one) => address(one)),
    },
  ],
  ['addresses outside ASCII', { to: [address('jörg@jõgeva.ee'), address('a@jõgeva.ee')] }],
  ['a thread', { inReplyTo: '1@example.com', references: '<0@example.com> 1@example.com' }],
  ['a subject that looks encoded', { subject: '=?utf-8?Q?a?=' }],
  ['a subject with spaces at its end', { subject: 'a ' }],
  ['no subject', { subject: '' }],
  ['headers of the msg', { headers: [{ key: 'x-site', value: 'east '.repeat(40) }] }],
  ['an attachment', { attachments: [{ filename: 'a.txt', content: Buffer.from('a\nb') }] }],
];

describe('the bytes of a message', () => {
  for (const [name, change] of CORPUS) {
    it(`are those of nodemailer: ${name}`, () => assertSame(change));
  }

  for (let length = 55; length < 80; length++) {
    it(`are those of nodemailer: a subject of ${length} characters`, () =>
      assertSame({ subject: 'low water '.repeat(8).slice(0, length - 1) + 'x' }));
  }

  it('are those of nodemailer for any texts, subject and names', async () => {
    const text = (maxLength: number) =>
      fc.string({
        unit: fc.constantFrom(
          ...[
            'a',
            ' ',
            '\t',
            '=',
            'ü',
            '泵',
            '🚨',
            '\n',
            '\r\n',
            '\r',
            '.',
            'long word ',
            '<b>',
            '\u2028',
            '?',
          ],
        ),
        maxLength,
      });
    const line = fc.string({
      unit: fc.constantFrom('a', ' ', '=', '?', 'ü', '"', ',', 'word ', '\\'),
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(text(300), text(300), line, line, (plain, html, subject, name) =>
        assertSame({ text: plain, html, subject, to: [address('a@example.com', name)] }),
      ),
      { numRuns: 400 },
    );
  });
});
