import assert from 'node:assert/strict';
import { readAttachments, type AttachmentSource } from '../../../nodes/mail/attachments/attachments';
import { isEncodedContent } from '../../../nodes/mail/attachments/data-url';
import { typeOfBytes } from '../../../nodes/mail/attachments/media-types';

const MB = 1_048_576;
const PNG = Buffer.from('\x89PNG\r\n\x1a\n and more', 'latin1');
const JPEG = Buffer.from('\xff\xd8\xff\xe0 and more', 'latin1');
const RULE = { folder: '', freeBytes: 10 * MB, limitBytes: 10 * MB };

const read = (source: AttachmentSource) => readAttachments(source, RULE);

/** Names, types and contents of what is attached; nothing may be skipped. */
async function attached(source: AttachmentSource) {
  const { attachments, skipped } = await read(source);
  assert.deepEqual(skipped, []);
  return attachments.map(({ filename, contentType, content }) => [
    filename,
    contentType,
    content.toString('latin1'),
  ]);
}

describe('Content in an address', () => {
  const url = 'data:text/plain;base64,SGVsbG8=';

  it('is attached, as a path, an href, content or by itself', async () => {
    for (const file of [
      { filename: 'a.txt', path: url },
      { filename: 'a.txt', href: url },
      { filename: 'a.txt', content: url },
    ]) {
      assert.deepEqual(await attached({ attachments: [file] }), [['a.txt', 'text/plain', 'Hello']]);
    }
    assert.deepEqual(await attached({ property: url, mode: 'files' }), [
      ['attachment-1.txt', 'text/plain', 'Hello'],
    ]);
  });

  it('may be percent-encoded, and its type may be told beside', async () => {
    assert.deepEqual(await attached({ attachments: [{ path: 'data:,a%20b', filename: 'n' }] }), [
      ['n', undefined, 'a b'],
    ]);
    const file = { path: 'data:application/x;charset=utf-8;base64,SGVs\nbG8%3D', contentType: 'text/csv' };
    assert.deepEqual(await attached({ attachments: [file] }), [['attachment-1.csv', 'text/csv', 'Hello']]);
  });

  it('that is broken is skipped with the reason', async () => {
    for (const path of ['data:image/png;base64,a*b', 'data:text/plain,%zz']) {
      const { skipped } = await read({ attachments: [{ filename: 'a', path }] });
      assert.equal(skipped.length, 1, path);
    }
  });

  it('is left alone where a text only begins like one', async () => {
    const text = 'data:image/png;base64,the rest is prose.';
    assert.equal(isEncodedContent(text), false);
    assert.deepEqual(await attached({ attachments: [{ filename: 'a.txt', content: text }] }), [
      ['a.txt', undefined, text],
    ]);
  });
});

describe('Buffers alone', () => {
  const buffers = (property: unknown, more: Partial<AttachmentSource> = {}) =>
    attached({ property, mode: 'buffers', ...more });

  it('are attached without a folder, named by their bytes', async () => {
    assert.deepEqual(await buffers(PNG), [['snapshot.png', 'image/png', PNG.toString('latin1')]]);
    assert.deepEqual(
      (await buffers([PNG, JPEG, Buffer.from('%PDF-1.7')])).map(([name, type]) => [name, type]),
      [
        ['snapshot.png', 'image/png'],
        ['snapshot-2.jpg', 'image/jpeg'],
        ['attachment-3.pdf', 'application/pdf'],
      ],
    );
    assert.deepEqual((await buffers(PNG, { filename: '/data/cam 1.png' }))[0]?.slice(0, 2), [
      'cam 1.png',
      undefined,
    ]);
  });

  it('leave texts and data alone, which are no files', async () => {
    for (const payload of [
      'alarm.txt',
      '/etc/passwd',
      7,
      { temperature: 3 },
      { content: 'only a text' },
      ['a', 'b'],
      null,
    ]) {
      assert.deepEqual(await buffers(payload), []);
    }
  });

  it('may be in objects with a name', async () => {
    assert.deepEqual(await buffers({ filename: 'a.csv', content: 'a;b' }), [['a.csv', undefined, 'a;b']]);
    assert.deepEqual((await buffers([{ content: PNG }, 'text']))[0]?.[0], 'snapshot.png');
  });

  it('have the type that came with them', async () => {
    assert.deepEqual((await buffers(Buffer.from('x'), { contentType: 'image/jpeg' }))[0], [
      'attachment-1.jpg',
      'image/jpeg',
      'x',
    ]);
    assert.deepEqual((await buffers(PNG, { contentType: 'text\r\nX: y' }))[0]?.slice(0, 2), [
      'snapshot.png',
      'image/png',
    ]);
  });
});

describe('The bytes of a format', () => {
  it('are known', () => {
    for (const [text, type] of [
      ['GIF89a', 'image/gif'],
      ['RIFF1234WEBPVP8', 'image/webp'],
      ['RIFF1234WAVEfmt', 'audio/wav'],
      ['\0\0\0\x20ftypisom', 'video/mp4'],
      ['<?xml version="1.0"?>\n<svg xmlns="x">', 'image/svg+xml'],
      ['PK\x03\x04', 'application/zip'],
    ] as const) {
      assert.equal(typeOfBytes(Buffer.from(text, 'latin1'))?.type, type);
    }
    for (const text of ['', 'plain', 'BMW', 'RIFF', '<html><svg>'])
      assert.equal(typeOfBytes(Buffer.from(text)), null, text);
  });
});

describe('Files as other nodes and libraries give them', () => {
  it('are taken', async () => {
    for (const file of [
      {
        originalname: 'a.csv',
        mimetype: 'text/csv',
        buffer: Buffer.from('x'),
        encoding: '7bit',
        size: 1,
        fieldname: 'f',
      },
      { name: 'a.csv', data: Buffer.from('x'), mimetype: 'text/csv', tempFilePath: '', size: 1 },
      { originalFilename: 'a.csv', mimetype: 'text/csv', content: 'x' },
      {
        filename: 'a.csv',
        contentType: 'text/csv',
        content: Buffer.from('x'),
        headers: new Map([['content-type', 'text/csv']]),
        cid: '',
      },
      { filename: 'a.csv', contentType: 'text/csv', content: { type: 'Buffer', data: [120] } },
    ]) {
      const { attachments, skipped, warnings } = await read({ attachments: [file] });
      assert.deepEqual([skipped, warnings], [[], []]);
      assert.deepEqual(attachments, [
        { filename: 'a.csv', content: Buffer.from('x'), contentType: 'text/csv' },
      ]);
    }
  });
});

describe('The name of content', () => {
  it('comes from its type when there is none', async () => {
    assert.deepEqual(await attached({ attachments: [{ content: 'x', contentType: 'image/jpeg' }] }), [
      ['attachment-1.jpg', 'image/jpeg', 'x'],
    ]);
    assert.deepEqual(
      (await attached({ attachments: [{ content: 'x', contentType: 'application/octet-stream' }] }))[0]?.[0],
      'attachment-1',
    );
  });

  it('keeps a date with slashes, and is the last part of a path', async () => {
    for (const [filename, shown] of [
      ['JD-26/11/2026.csv', 'JD-26-11-2026.csv'],
      ['Ein / Aus.txt', 'Ein-Aus.txt'],
      ['/data/2026/11.csv', '11.csv'],
      ['C:\\temp\\a.csv', 'a.csv'],
      ['../a.csv', 'a.csv'],
    ] as const) {
      assert.deepEqual((await attached({ attachments: [{ filename, content: 'x' }] }))[0]?.[0], shown);
    }
    const named = (filename: string) => attached({ property: Buffer.from('x'), mode: 'files', filename });
    assert.equal((await named('reports/a.csv'))[0]?.[0], 'a.csv');
    assert.equal((await named('JD-26/11/2026.csv'))[0]?.[0], 'JD-26-11-2026.csv');
  });
});

describe('Disposition and headers of an attachment', () => {
  it('are kept when they are safe, and told when not', async () => {
    const { attachments, warnings } = await read({
      attachments: [
        {
          filename: 'a.txt',
          content: 'x',
          contentDisposition: 'Inline',
          headers: {
            'X-Site': 'Nord',
            'Content-Description': 'a plan',
            'Content-Type': 'text/html',
            'X-A': 'a\r\nB: c',
          },
        },
        { filename: 'b.txt', content: 'x', contentDisposition: 'hidden', headers: 'X: y' },
      ],
    });
    assert.deepEqual(attachments[0]?.headers, { 'X-Site': 'Nord', 'Content-Description': 'a plan' });
    assert.deepEqual(
      attachments.map(({ contentDisposition }) => contentDisposition),
      ['inline', undefined],
    );
    assert.equal(warnings.length, 4);
    assert.match(
      warnings.join('\n'),
      /a\.txt: its header "Content-Type"[^]*"X-A"[^]*b\.txt: its contentDisposition is "hidden"[^]*its headers are "X: y"/,
    );
  });
});
