import assert from 'node:assert/strict';
import fsPromises from 'node:fs/promises';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileSystem } from '../../../nodes/store/disk/files';
import { checksum } from '../../../nodes/store/disk/checksums';
import {
  createJournal,
  type Journal,
  type RecordPlace,
  type Unreadable,
} from '../../../nodes/store/disk/journal/journal';
import { newBlob, type RecordBlob } from '../../../nodes/store/disk/journal/records';
import type { Segment } from '../../../nodes/store/disk/journal/segments';
import { systemError, useFolder, watchedFileSystem } from './disk-fixture';

interface Note {
  n: number;
}

interface Opened {
  journal: Journal<Note>;
  /** Numbers of the records in the order in which they were kept. */
  kept: number[];
  damaged: Unreadable[];
  foreign: string[];
}

describe('the journal', () => {
  const folder = useFolder();

  async function open(
    fs: FileSystem = fsPromises,
    segmentBytes = 1_000_000,
    at: (place: RecordPlace) => void = () => undefined,
  ): Promise<Opened> {
    const kept: number[] = [];
    const damaged: Unreadable[] = [];
    const journal = createJournal<Note>({
      fs,
      folder: folder(),
      segmentBytes,
      isRecord: (data): data is Note => typeof (data as Note).n === 'number',
      kept({ n }, place) {
        kept.push(n);
        at(place);
      },
      mayWrite: async () => undefined,
    });
    const { foreign } = await journal.open(async (what) => void damaged.push(what));
    return { journal, kept, damaged, foreign };
  }

  const files = () => readdirSync(folder()).sort();
  const onlyFile = () => join(folder(), files()[0] as string);

  async function write(count: number, blobs: RecordBlob[] = []): Promise<void> {
    const { journal } = await open();
    for (let n = 1; n <= count; n++) await journal.append({ n }, blobs);
    await journal.close();
  }

  it('gives records back in the order in which they were appended, over several processes', async () => {
    await write(3);
    const second = await open();
    assert.deepEqual(second.kept, [1, 2, 3]);
    await Promise.all([4, 5, 6].map((n) => second.journal.append({ n })));
    await second.journal.close();
    assert.deepEqual((await open()).kept, [1, 2, 3, 4, 5, 6]);
  });

  it('says where the blobs of a record are', async () => {
    const found: string[] = [];
    const blobs = [Buffer.from('first'), Buffer.alloc(0), Buffer.from('third')].map(newBlob);
    for (const round of ['written', 'read']) {
      const journal = createJournal<Note>({
        fs: fsPromises,
        folder: folder(),
        segmentBytes: 1_000_000,
        isRecord: (data): data is Note => data !== undefined,
        kept: (_, { segment, blobs: ranges }) => {
          const bytes = readFileSync(join(folder(), segment.name));
          for (const { offset, length } of ranges)
            found.push(bytes.toString('utf8', offset, offset + length));
        },
        mayWrite: async () => undefined,
      });
      await journal.open(async () => undefined);
      if (round === 'written')
        await Promise.all([journal.append({ n: 1 }, blobs), journal.append({ n: 2 }, blobs)]);
      await journal.close();
    }
    assert.deepEqual(found, Array(4).fill(['first', '', 'third']).flat());
  });

  it('is synced when append resolves, and shares a sync between records that arrive meanwhile', async () => {
    let syncs = 0;
    const { journal } = await open(
      watchedFileSystem({ after: (operation) => void (operation === 'datasync' && (syncs += 1)) }),
    );
    await journal.append({ n: 1 });
    assert.equal(syncs, 1);
    await Promise.all(Array.from({ length: 100 }, (_, n) => journal.append({ n })));
    assert.ok(syncs <= 3, `${syncs} syncs`);
    await journal.close();
  });

  it('keeps every whole record when the file is cut off at any byte, without a word about damage', async () => {
    await write(4, [newBlob(Buffer.from('some bytes'))]);
    const bytes = readFileSync(onlyFile());
    const recordSize = bytes.length / 4;
    for (let cut = bytes.length - 1; cut >= 0; cut--) {
      truncateSync(onlyFile(), cut);
      const { kept, damaged } = await open();
      assert.deepEqual(kept, [1, 2, 3, 4].slice(0, Math.floor(cut / recordSize)), `cut at ${cut}`);
      assert.equal(damaged.length, 0, `cut at ${cut}`);
    }
  });

  it('takes zeros at the end for a write that was cut off', async () => {
    await write(2);
    writeFileSync(onlyFile(), Buffer.alloc(4096), { flag: 'a' });
    const { kept, damaged } = await open();
    assert.deepEqual([kept, damaged.length], [[1, 2], 0]);
  });

  it('loses only the record in which a byte is wrong, whichever byte it is, and sets that record aside', async () => {
    const blob = Buffer.from('some bytes');
    await write(3, [newBlob(blob)]);
    const bytes = readFileSync(onlyFile());
    const size = bytes.length / 3;
    for (let at = 0; at < size - blob.length; at++) {
      const broken = Buffer.from(bytes);
      broken[size + at] = (broken[size + at] as number) ^ 0x41;
      writeFileSync(onlyFile(), broken);
      const { kept, damaged } = await open();
      assert.deepEqual(kept, [1, 3], `byte ${at} of the second record`);
      assert.deepEqual(
        damaged.map(({ range }) => range),
        [{ offset: size, length: size }],
      );
    }
  });

  it('keeps a record with a wrong byte in a blob, and the checksum that tells so', async () => {
    const blobs = ['first', 'second'].map((text) => newBlob(Buffer.from(text)));
    await write(3, blobs);
    const bytes = readFileSync(onlyFile());
    bytes[(bytes.length / 3) * 2 - 1] = 0;
    writeFileSync(onlyFile(), bytes);
    const sound: boolean[][] = [];
    const { kept, damaged } = await open(fsPromises, 1_000_000, ({ blobs: places }) => {
      sound.push(
        places.map(({ offset, length, sum }) =>
          checksum(bytes.subarray(offset, offset + length)).equals(sum),
        ),
      );
    });
    assert.deepEqual([kept, damaged], [[1, 2, 3], []]);
    assert.deepEqual(sound, [
      [true, true],
      [true, false],
      [true, true],
    ]);
  });

  it('never takes the content of a record for a record, even next to damage', async () => {
    await write(1);
    const stolen = readFileSync(onlyFile());
    const next = await open();
    await next.journal.append({ n: 2 }, [newBlob(stolen)]);
    await next.journal.append({ n: 3 });
    await next.journal.close();
    const path = join(folder(), files()[1] as string);
    const bytes = readFileSync(path);
    bytes[9] = 0xff;
    writeFileSync(path, bytes);
    assert.deepEqual((await open()).kept, [1, 3]);
  });

  it('sets a record aside that it does not know, and names files that are none of its own', async () => {
    await write(1);
    const { journal } = await open();
    await (journal as Journal<unknown>).append({ from: 'a later version' });
    await journal.close();
    writeFileSync(join(folder(), 'notes.txt'), 'x');
    const { kept, damaged, foreign } = await open();
    assert.deepEqual([kept, damaged.length, foreign], [[1], 1, ['notes.txt']]);
  });

  it('starts a new file when one is full and removes the oldest for good', async () => {
    const { journal } = await open(fsPromises, 100);
    for (let n = 1; n <= 10; n++) await journal.append({ n }, [newBlob(Buffer.alloc(40))]);
    assert.ok(journal.closedSegments().length >= 4);
    await journal.remove(journal.closedSegments()[0] as Segment);
    await journal.close();
    const { kept } = await open();
    assert.equal(kept[0], 3);
    assert.equal(kept.at(-1), 10);
  });

  it('has the folder synced after each file that it removes: one that came back alone would bring mails back', async () => {
    const steps: string[] = [];
    const fs = watchedFileSystem({
      after(operation, path) {
        if (operation === 'unlink' || (operation === 'sync' && path === folder())) steps.push(operation);
      },
    });
    const { journal } = await open(fs, 100);
    for (let n = 1; n <= 10; n++) await journal.append({ n }, [newBlob(Buffer.alloc(40))]);
    steps.length = 0;
    const [first, second] = journal.closedSegments();
    await journal.remove(first as Segment);
    await journal.remove(second as Segment);
    assert.deepEqual(steps, ['unlink', 'sync', 'unlink', 'sync']);
    await journal.close();
  });

  for (const failing of ['write', 'datasync', 'create']) {
    it(`keeps nothing of a record whose ${failing} failed, and goes on when the disk works again`, async () => {
      let broken = false;
      const fs = watchedFileSystem({
        before: (operation) => {
          if (broken && operation === failing) throw systemError('ENOSPC');
        },
      });
      const first = await open(fs, failing === 'create' ? 1 : 1_000_000);
      await first.journal.append({ n: 1 });
      broken = true;
      await assert.rejects(first.journal.append({ n: 2 }), { code: 'ENOSPC' });
      await assert.rejects(first.journal.append({ n: 3 }), { code: 'ENOSPC' });
      broken = false;
      await first.journal.append({ n: 4 });
      await first.journal.close();
      assert.deepEqual(first.kept, [1, 4]);
      assert.deepEqual((await open()).kept, [1, 4]);
      assert.ok(files().every((name) => statSync(join(folder(), name)).size > 0));
    });
  }

  it('cuts off a record of which only a part fitted on the disk', async () => {
    let short = false;
    const real = watchedFileSystem({});
    const fs: FileSystem = {
      ...real,
      open: async (...args) => {
        const handle = await real.open(...args);
        return new Proxy(handle, {
          get(target, key) {
            const value: unknown = Reflect.get(target, key);
            if (key !== 'write') return typeof value === 'function' ? (value.bind(target) as unknown) : value;
            return async (bytes: Buffer, offset: number, length: number, position: number) => {
              if (!short) return target.write(bytes, offset, length, position);
              if (length < 20) throw systemError('ENOSPC');
              return target.write(bytes, offset, length - 10, position);
            };
          },
        });
      },
    };
    const { journal } = await open(fs);
    await journal.append({ n: 1 });
    const before = readFileSync(onlyFile());
    short = true;
    await assert.rejects(journal.append({ n: 2 }), { code: 'ENOSPC' });
    assert.deepEqual(readFileSync(onlyFile()), before);
    short = false;
    await journal.append({ n: 3 });
    await journal.close();
    assert.deepEqual((await open()).kept, [1, 3]);
  });

  it('writes nothing until a failed write could be cut off', async () => {
    let broken = ['datasync', 'truncate'];
    const fs = watchedFileSystem({
      before: (operation) => {
        if (broken.includes(operation)) throw systemError('EIO');
      },
    });
    const { journal, kept } = await open(fs);
    await assert.rejects(journal.append({ n: 1 }), { code: 'EIO' });
    broken = ['truncate'];
    await assert.rejects(journal.append({ n: 2 }), { code: 'EIO' });
    broken = [];
    await journal.append({ n: 3 });
    await journal.close();
    assert.deepEqual(kept, [3]);
    assert.deepEqual((await open()).kept, [3]);
  });
});
