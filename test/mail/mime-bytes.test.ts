import assert from 'node:assert/strict';
import fc from 'fast-check';
import MailComposer from 'nodemailer/lib/mail-composer';
import type MimeNode from 'nodemailer/lib/mime-node';
import { mimeBytes } from '../../nodes/mail/mime-bytes';

type Mail = ConstructorParameters<typeof MailComposer>[0];

/** Two trees of one mail: writing settles headers in the tree. */
function trees(mail: Mail): [MimeNode, MimeNode] {
  const tree = () =>
    new MailComposer({
      from: { name: 'Pumpe Süd', address: 'pump@example.com' },
      to: 'ops@example.com',
      messageId: '<1@example.com>',
      date: new Date(0),
      boundaryPrefix: '--=_',
      baseBoundary: 'b',
      ...mail,
    }).compile();
  return [tree(), tree()];
}

async function assertSame(mail: Mail): Promise<void> {
  const [ours, theirs] = trees(mail);
  assert.equal(mimeBytes(ours).toString('latin1'), (await theirs.build()).toString('latin1'));
}

const UMLAUTS = 'Überlauf in Halle 7, größer als 93 °C. '.repeat(60);
const LONG = `${'x'.repeat(5_000)} ${'=20'.repeat(400)}`;
const BYTES = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7919) % 256));

describe('the bytes of a MIME tree', () => {
  const corpus: [name: string, mail: Mail][] = [
    ['a text', { text: 'plain' }],
    ['nothing', { text: '' }],
    ['a text with umlauts', { text: UMLAUTS }],
    ['a text of another script', { text: '泵停止 🚨\r\n'.repeat(500) }],
    ['long lines', { text: LONG }],
    ['white space at the ends of lines', { text: 'a \r\nb\t\r\n \r\n' }],
    ['HTML and text', { html: `<p>${UMLAUTS}</p>`, text: UMLAUTS }],
    ['HTML alone', { html: '<p>a</p>' }],
    ['an attachment', { text: 'a', attachments: [{ filename: 'ü.bin', content: BYTES }] }],
    ['an empty attachment', { text: 'a', attachments: [{ filename: 'a.txt', content: Buffer.alloc(0) }] }],
    [
      'an attachment of text',
      { text: 'a', attachments: [{ filename: 'a.csv', content: Buffer.from(`a;b\n${LONG}`) }] },
    ],
    ['an attachment and no body', { attachments: [{ filename: 'a.png', content: BYTES }] }],
    [
      'a picture in the HTML and a file beside it',
      {
        html: '<img src="cid:a">',
        text: 'a',
        attachments: [
          { filename: 'a.png', content: BYTES.subarray(0, 57 * 3), cid: 'a' },
          { filename: 'b.bin', content: BYTES.subarray(0, 58) },
        ],
      },
    ],
    [
      'headers',
      { text: 'a', headers: [{ key: 'X-Site', value: 'Süd '.repeat(60) }], subject: UMLAUTS.slice(0, 800) },
    ],
    ['more than the encoders take at a time', { text: UMLAUTS.repeat(60), html: LONG.repeat(40) }],
  ];
  for (const [name, mail] of corpus) {
    it(`are those of nodemailer for ${name}`, () => assertSame(mail));
  }

  it('are those of nodemailer for any text and any attachment', async () => {
    const text = fc.string({
      unit: fc.constantFrom('a', ' ', '\t', '=', 'ü', '泵', '🚨', '\r\n', '.', 'long word '),
      maxLength: 400,
    });
    await fc.assert(
      fc.asyncProperty(text, text, fc.uint8Array({ maxLength: 400 }), (plain, html, bytes) =>
        assertSame({ text: plain, html, attachments: [{ filename: 'a.bin', content: Buffer.from(bytes) }] }),
      ),
      { numRuns: 300 },
    );
  });

  it('are none for content that is elsewhere', () => {
    const [tree] = trees({ text: 'a', attachments: [{ path: '/etc/hostname' }] });
    assert.throws(() => mimeBytes(tree), TypeError);
  });
});
