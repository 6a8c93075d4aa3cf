import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import MailComposer from 'nodemailer/lib/mail-composer';
import { mimeBytes } from '../../nodes/mail/mime-bytes';

type Mail = NonNullable<ConstructorParameters<typeof MailComposer>[0]>;

const base: Mail = {
  from: 'f@x.com',
  to: 'a@x.com',
  subject: 'Alert',
  messageId: '<1@x.com>',
  date: new Date(0),
  baseBoundary: 'b',
  newline: 'win',
};

const tree = (mail: Mail) => new MailComposer({ ...base, ...mail }).compile();

const text = (mail: Mail) => mimeBytes(tree(mail)).then(String);

/** Bytes of every value, in an order that base64 can not hide. */
const allBytes = (length: number) => Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) % 256));

describe('The bytes of a mail', () => {
  const shapes: Record<string, Mail> = {
    'a plain text': { text: 'one\ntwo\r\nthree' },
    'a text that ends with a line break': { text: 'one\n' },
    'no text at all': {},
    'a text with a long line': { text: `${'word '.repeat(100)}\nend` },
    'a text of another script': { text: 'Насос остановлен\n泵停止\n'.repeat(20) },
    'a text with lines of dots': { text: '.\n..\n.end' },
    'HTML and text': { html: `<p>${'ä &amp; b '.repeat(50)}</p>\n`, text: 'a' },
    'an attachment': { text: 'a', attachments: [{ filename: 'a.bin', content: allBytes(1000) }] },
    'an attachment of whole lines': { attachments: [{ filename: 'a.bin', content: allBytes(57 * 3) }] },
    'an empty attachment': { text: 'a', attachments: [{ filename: 'a.bin', content: Buffer.alloc(0) }] },
    'an embedded image beside a file': {
      html: '<img src="cid:i">',
      text: 'i',
      attachments: [
        { filename: 'i.png', cid: 'i', content: allBytes(200), contentType: 'image/png' },
        { filename: 'ü.csv', content: allBytes(60), contentType: 'text/csv; charset=utf-8' },
      ],
    },
  };
  for (const [name, mail] of Object.entries(shapes)) {
    it(`are those that nodemailer streams: ${name}`, async () => {
      assert.equal(await text(mail), (await tree(mail).build()).toString());
    });
  }

  it('are those that nodemailer streams: a large attachment, encoded in parts', async () => {
    const attachments = [{ filename: 'a.bin', content: allBytes(3_000_000) }];
    const expected = await tree({ attachments }).build();
    assert.ok((await mimeBytes(tree({ attachments }))).equals(expected));
  });

  it('of a large attachment leave time for other work', async () => {
    let turns = 0;
    let over = false;
    const watch = (async () => {
      for (; !over; turns++) await nextTurn();
    })();
    await mimeBytes(tree({ attachments: [{ filename: 'a.bin', content: allBytes(4_000_000) }] }));
    over = true;
    await watch;
    assert.ok(turns >= 4, `${turns} turns of the event loop`);
  });
});
