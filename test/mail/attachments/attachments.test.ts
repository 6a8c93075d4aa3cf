import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import promises from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
  attachmentBytes,
  fitAttachments,
  readAttachments,
  type AttachmentSource,
} from '../../../nodes/mail/attachments/attachments';

const MB = 1_048_576;

describe('Attachments', () => {
  let base: string;
  let folder: string;

  before(async () => {
    base = await realpath(await mkdtemp(path.join(os.tmpdir(), 'attachments-')));
    folder = path.join(base, 'files');
    await mkdir(path.join(folder, 'sub'), { recursive: true });
    await writeFile(path.join(folder, 'a.txt'), 'alpha');
    await writeFile(path.join(folder, 'sub', 'Отчёт 泵 🚨.csv'), 'beta');
    await writeFile(path.join(folder, '..dots.txt'), 'dots');
    await writeFile(path.join(base, 'secret.txt'), 'secret');
    await mkdir(path.join(base, 'files-too'));
    await writeFile(path.join(base, 'files-too', 'x.txt'), 'secret');
    await symlink(path.join(base, 'secret.txt'), path.join(folder, 'leak.txt'));
    await symlink(base, path.join(folder, 'up'));
    await symlink(path.join(folder, 'a.txt'), path.join(folder, 'inner.txt'));
    await symlink('loop', path.join(folder, 'loop'));
    await symlink(folder, path.join(base, 'alias'));
    if (process.platform !== 'win32') execFileSync('mkfifo', [path.join(folder, 'pipe')]);
  });

  after(() => rm(base, { recursive: true }));

  const read = (
    source: AttachmentSource,
    rule: { folder?: string; freeBytes?: number; limitBytes?: number } = {},
  ) => readAttachments(source, { folder, freeBytes: 10 * MB, limitBytes: 10 * MB, ...rule });

  const texts = async (source: AttachmentSource) => {
    const { attachments, skipped } = await read(source);
    assert.deepEqual(skipped, []);
    return attachments.map(({ filename, content }) => [filename, content.toString()]);
  };

  const skips = async (source: AttachmentSource, reason: RegExp, rule = {}) => {
    const { attachments, skipped } = await read(source, rule);
    assert.deepEqual(attachments, []);
    assert.equal(skipped.length, 1);
    assert.match(skipped[0]?.reason ?? '', reason);
    assert.match(skipped[0]?.reason ?? '', /: .+\.$/s, 'the reason says what to do');
    return skipped[0]?.filename;
  };

  describe('named by the property', () => {
    it('are a path, relative to the folder or whole', async () => {
      assert.deepEqual(await texts({ property: 'a.txt' }), [['a.txt', 'alpha']]);
      assert.deepEqual(await texts({ property: path.join(folder, 'a.txt') }), [['a.txt', 'alpha']]);
      assert.deepEqual(await texts({ property: 'sub/../a.txt' }), [['a.txt', 'alpha']]);
      assert.deepEqual(await texts({ property: '..dots.txt' }), [['..dots.txt', 'dots']]);
    });

    it('keep names of any script', async () => {
      assert.deepEqual(await texts({ property: 'sub/Отчёт 泵 🚨.csv' }), [['Отчёт 泵 🚨.csv', 'beta']]);
    });

    it('are a list that mixes paths, objects and Buffers', async () => {
      const property = ['a.txt', { filename: 'b.txt', content: 'b' }, Buffer.from('c')];
      assert.deepEqual(await texts({ property, filename: '/tmp/c.bin' }), [
        ['a.txt', 'alpha'],
        ['b.txt', 'b'],
        ['c.bin', 'c'],
      ]);
    });

    it('are a Buffer that went through JSON, or any bytes', async () => {
      assert.deepEqual(await texts({ property: { type: 'Buffer', data: [104, 105] }, filename: 'x' }), [
        ['x', 'hi'],
      ]);
      assert.deepEqual(await texts({ property: new Uint8Array([104, 105]) }), [['attachment-1', 'hi']]);
    });

    it('are objects with a path, whose name, type and cid are kept', async () => {
      const { attachments } = await read({
        property: { path: 'a.txt', filename: 'b.log', contentType: 'text/x-log', cid: 'l1' },
      });
      assert.deepEqual(attachments, [
        { filename: 'b.log', content: Buffer.from('alpha'), contentType: 'text/x-log', cid: 'l1' },
      ]);
    });

    it('are none, without complaint, for undefined, null and empty text', async () => {
      for (const property of [undefined, null, '', []]) {
        assert.deepEqual(await read({ property }), { attachments: [], skipped: [], warnings: [] });
      }
    });
  });

  describe('of msg.attachments', () => {
    it('are always read, text as UTF-8, base64 or hex', async () => {
      const attachments = [
        { filename: 'a', content: 'Ä' },
        { filename: 'b', content: 'w4Q=', encoding: 'base64' },
        { filename: 'c', content: 'c3 84', encoding: 'HEX' },
        { filename: 'd', content: { type: 'Buffer', data: [104] } },
        { filename: 'e', content: '' },
      ];
      assert.deepEqual(await texts({ attachments }), [
        ['a', 'Ä'],
        ['b', 'Ä'],
        ['c', 'Ä'],
        ['d', 'h'],
        ['e', ''],
      ]);
    });

    it('follow the same rule of the folder for path and href', async () => {
      assert.deepEqual(await texts({ attachments: [{ path: 'a.txt' }, { href: 'a.txt' }] }), [
        ['a.txt', 'alpha'],
        ['a.txt', 'alpha'],
      ]);
      await skips({ attachments: [{ path: '../secret.txt' }] }, /not inside/);
      await skips({ attachments: [{ href: '/etc/hostname' }] }, /not inside/);
    });

    it('are attached once when they are the property, too', async () => {
      const attachments = [{ filename: 'a', content: 'x' }];
      assert.equal((await read({ attachments, property: attachments })).attachments.length, 1);
      assert.equal((await read({ attachments, property: 'a.txt' })).attachments.length, 2);
    });
  });

  describe('are skipped with the reason', () => {
    for (const [named, reason] of [
      ['missing.txt', /does not exist/],
      ['a.txt/b', /does not exist/],
      ['sub', /is a folder/],
      ['.', /not inside/],
      ['../secret.txt', /not inside/],
      ['../files-too/x.txt', /not inside/],
      ['leak.txt', /not inside/],
      ['up/secret.txt', /not inside/],
      ['/etc/passwd', /not inside/],
      ['/etc/no-such-file', /not inside/],
      ['loop', /circle/],
      ['a\0.txt', /NUL/],
      [`${'x'.repeat(5000)}`, /too long a name/],
      ['https://example.com/a.txt', /URLs are never fetched/],
      ['file:///etc/passwd', /URLs are never fetched/],
      ['HTTP:example.com', /URLs are never fetched/],
    ] as const) {
      it(`for the path ${JSON.stringify(named).slice(0, 40)}`, async () => {
        await skips({ property: named }, reason);
        await skips({ property: { filename: 'n', path: named } }, reason);
      });
    }

    it('for a pipe, which is not even opened', async function () {
      if (process.platform === 'win32') this.skip();
      const open = promises.open;
      promises.open = () => assert.fail('it was opened');
      try {
        await skips({ property: 'pipe' }, /device, a pipe/);
      } finally {
        promises.open = open;
      }
    });

    it('for a device', async function () {
      if (process.platform === 'win32') this.skip();
      await skips({ property: '/dev/zero' }, /device, a pipe/, { folder: '/dev' });
    });

    it('for a path when no folder is set, or the folder is missing', async () => {
      await skips({ property: 'a.txt' }, /set attachFolder/, { folder: '' });
      await skips({ property: 'a.txt' }, /check attachFolder/, { folder: path.join(base, 'gone') });
    });

    it('for a file that Node-RED may not read', async function () {
      if (process.platform === 'win32' || process.getuid?.() === 0) this.skip();
      const file = path.join(folder, 'locked.txt');
      await writeFile(file, 'x', { mode: 0o000 });
      await skips({ property: 'locked.txt' }, /may not be read/);
    });

    for (const [title, item, reason] of [
      ['content that is an object', { filename: 'x', content: { a: 1 } }, /content is an object/],
      ['content that is a number', { filename: 'x', content: 7 }, /content is the number "7"/],
      ['an object without content and path', { temperature: 20 }, /neither content nor a path/],
      ['an unknown encoding', { content: 'x', encoding: 'rot13' }, /"rot13"/],
      ['broken base64', { content: 'w4Q=!!', encoding: 'base64' }, /not valid base64/],
      [
        'a contentType with a line break',
        { content: 'x', contentType: 'text/plain\r\nBcc: e@x.com' },
        /contentType/,
      ],
      ['a cid with a line break', { content: 'x', cid: 'a\nb' }, /its cid is "a\\nb"/],
      ['a number', 42, /the number "42"/],
      ['a list in a list', [['a.txt']], /list inside a list/],
      ['an empty item of a list', [null], /is empty/],
    ] as const) {
      it(`for ${title}`, async () => {
        await skips({ property: item }, reason);
      });
    }

    it('while all others are attached', async () => {
      const { attachments, skipped } = await read({ property: ['missing.txt', 'a.txt', null] });
      assert.deepEqual(
        attachments.map(({ filename }) => filename),
        ['a.txt'],
      );
      assert.deepEqual(
        skipped.map(({ filename }) => filename),
        ['missing.txt', 'attachment-3'],
      );
    });

    it('also for an object whose properties throw', async () => {
      const item = {
        get content(): string {
          throw new Error('no');
        },
      };
      await skips({ property: item }, /cannot be read/);
    });
  });

  describe('through links', () => {
    it('are read when the real file is inside', async () => {
      assert.deepEqual(await texts({ property: 'inner.txt' }), [['inner.txt', 'alpha']]);
    });

    it('are read when the folder itself is named by a link', async () => {
      const alias = path.join(base, 'alias');
      for (const property of ['a.txt', path.join(alias, 'a.txt'), path.join(folder, 'a.txt')]) {
        assert.equal((await read({ property }, { folder: alias })).attachments.length, 1);
      }
      await skips({ property: path.join(alias, 'none.txt') }, /does not exist/, { folder: alias });
    });

    for (const [title, swapBack] of [
      ['for a link', false],
      ['for a link and back', true],
    ] as const) {
      it(`never give a file outside, although a folder is swapped ${title} while they are opened`, async () => {
        const race = await mkdtemp(path.join(folder, 'race-'));
        const outer = await mkdtemp(path.join(base, 'outer-'));
        await writeFile(path.join(race, 'f.txt'), 'public');
        await writeFile(path.join(outer, 'f.txt'), 'secret');
        const open = promises.open;
        promises.open = async (...args) => {
          await rename(race, `${race}-kept`);
          await symlink(outer, race);
          const file = await open(...args);
          assert.equal((await file.stat()).ino, (await promises.stat(path.join(outer, 'f.txt'))).ino);
          if (swapBack) {
            await rm(race);
            await rename(`${race}-kept`, race);
          }
          return file;
        };
        try {
          await skips({ property: path.join(race, 'f.txt') }, /was replaced while it was read/);
        } finally {
          promises.open = open;
        }
      });
    }
  });

  describe('are bounded', () => {
    it('by the bytes that are still free, over all items in order', async () => {
      const property = ['xxxx', 'yyyy', 'zz'].map((content) => ({ filename: content, content }));
      const { attachments, skipped } = await read({ property }, { freeBytes: 6, limitBytes: 6 });
      assert.deepEqual(
        attachments.map(({ filename }) => filename),
        ['xxxx', 'zz'],
      );
      assert.equal(skipped[0]?.filename, 'yyyy');
      assert.match(skipped[0]?.reason ?? '', /other attachments left only/);
    });

    it('to the byte, and the reason names size and limit', async () => {
      const file = path.join(folder, 'big.bin');
      await writeFile(file, Buffer.alloc(2 * MB + 1));
      assert.equal(
        (await read({ property: 'big.bin' }, { freeBytes: 2 * MB + 1, limitBytes: 2 * MB + 1 })).skipped
          .length,
        0,
      );
      await skips({ property: 'big.bin' }, /it has 2\.00 MB, more than the 2 MB/, {
        freeBytes: 2 * MB,
        limitBytes: 2 * MB,
      });
    });

    it('by the size that a file had when it was opened, however much can be read', async function () {
      if (process.platform !== 'linux') this.skip();
      // A regular file that says it has no bytes and always gives more.
      const { attachments } = await read({ property: 'status' }, { folder: '/proc/self', freeBytes: 10 });
      assert.equal(attachmentBytes([{ attachments }]), 0);
      assert.equal(attachments.length, 1);
    });
  });

  describe('names', () => {
    for (const [given, expected] of [
      ['/etc/../x.txt', 'x.txt'],
      ['C:\\logs\\x.txt', 'x.txt'],
      ['a\r\nb\u0000.txt', 'ab.txt'],
      ['', 'attachment-1'],
      ['..', 'attachment-1'],
      ['dir/', 'attachment-1'],
      [7, 'attachment-1'],
      ['  Übersicht "泵".pdf ', 'Übersicht "泵".pdf'],
      [`${'😀'.repeat(500)}.jpeg`, `${'😀'.repeat(195)}.jpeg`],
    ] as const) {
      it(`${JSON.stringify(given).slice(0, 40)} becomes ${expected.slice(0, 40)}`, async () => {
        const { attachments } = await read({ attachments: [{ filename: given, content: 'x' }] });
        assert.equal(attachments[0]?.filename, expected);
      });
    }
  });
});

describe('fitAttachments', () => {
  const file = (filename: string, size: number, cid?: string) => ({
    filename,
    content: Buffer.alloc(size),
    ...(cid === undefined ? {} : { cid }),
  });

  it('keeps the total of a mail within the limit and says what is missing, event by event', () => {
    const [first, second] = fitAttachments(
      [
        { attachments: [file('a', 6)], skipped: [] },
        { attachments: [file('b', 5), file('c', 4)], skipped: [{ filename: 'd', reason: 'gone.' }] },
      ],
      10,
    );
    assert.deepEqual(
      first?.attachments.map(({ filename }) => filename),
      ['a'],
    );
    assert.deepEqual(
      second?.attachments.map(({ filename }) => filename),
      ['c'],
    );
    assert.deepEqual(
      second?.skipped.map(({ filename }) => filename),
      ['d', 'b'],
    );
  });

  it('embeds a file that several events bring only once', () => {
    const fit = fitAttachments(
      [
        { attachments: [file('logo.png', 6, 'logo')], skipped: [] },
        { attachments: [file('logo.png', 6, 'logo'), file('other.png', 1, 'logo')], skipped: [] },
      ],
      10,
    );
    assert.deepEqual(
      fit.flatMap(({ attachments }) => attachments.map(({ filename }) => filename)),
      ['logo.png', 'other.png'],
    );
    assert.deepEqual(
      fit.flatMap(({ skipped }) => skipped),
      [],
    );
  });
});
