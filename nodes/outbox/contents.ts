/** The bytes of mails, msgs and events: small ones inside their record, large ones in files of their own. */
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { t } from '../language/text';
import { MailError } from '../types';
import { createCheck, createChecksums, PIECE } from './checksums';
import { diskError } from './disk-error';
import { codeOf, removeFile, writeDurably, type FileSystem } from './file-system';
import type { Content, Item } from './ledger';

/** Content up to here goes into the record, bytes: so that one sync is enough for it. */
export const INLINE_BYTES = 256 * 1024;

/** Where content is: the item that has it (another one after it was written again), and which of its contents. */
export interface Source {
  item: () => Item | undefined;
  content: (item: Item) => Content;
}

/** Content to be taken. */
export interface Part {
  /** Of the file, if it becomes one. */
  name: string;
  /** Bytes. */
  size: number;
  bytes: Iterable<Buffer> | AsyncIterable<Buffer>;
}

export interface Contents {
  /**
   * Takes contents for one record: small ones as blobs to put into it, large ones into durable files without ever
   * holding all of one. Leaves nothing behind when it rejects.
   */
  take<K extends string>(parts: Record<K, Part>): Promise<{ places: Record<K, Content>; blobs: Buffer[] }>;
  /**
   * Pieces of the content, each checked before it is handed on. Throws MailError OUTBOX_DAMAGED when the content is not there
   * as it was taken.
   */
  stream(source: Source): AsyncGenerator<Buffer>;
  /** All of the content. */
  read(source: Source): Promise<Buffer>;
  /** Deletes the files among them. Never rejects: one that stays behind is removed at the next start. */
  remove(places: readonly Content[]): Promise<void>;
}

/** Contents in the segments in `journalFolder` and the files in `folder`. */
export function createContents(fs: FileSystem, folder: string, journalFolder: string): Contents {
  async function* stream(source: Source): AsyncGenerator<Buffer> {
    const { handle, name, offset, length, sums } = await openAt(source);
    const isSound = createCheck(sums);
    try {
      for (let index = 0; index * PIECE < length; index++) {
        const start = index * PIECE;
        const piece = Buffer.allocUnsafe(Math.min(PIECE, length - start));
        const filled = await readFully(handle, piece, offset + start);
        if (filled < piece.length) {
          throw damaged(name, t`it ends after ${start + filled} of ${length} bytes`);
        }
        if (!isSound(piece, index)) throw damaged(name, t`it was changed on the disk`);
        yield piece;
      }
    } finally {
      await handle.close();
    }
  }

  async function openAt(source: Source) {
    for (;;) {
      const item = source.item();
      if (!item) throw damaged(folder, t`its mail is finished`);
      const content = source.content(item);
      const { path, offset, length } = placeOf(item, content);
      try {
        return { handle: await fs.open(path, 'r'), name: path, offset, length, sums: content.sums };
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
        // Written again elsewhere, and its old segment deleted, between two lines of this function: look once more.
        if (source.item() === item) throw await missing(path);
      }
    }
  }

  /** A file that is gone is lost; a folder that is gone may be a disk that comes back. */
  async function missing(path: string): Promise<MailError> {
    try {
      await fs.stat(journalFolder);
      return damaged(path, t`the file is missing`);
    } catch (error) {
      return diskError(error, journalFolder);
    }
  }

  function placeOf({ segment, blobs }: Item, content: Content) {
    if ('file' in content) return { path: join(folder, content.file), offset: 0, length: content.size };
    const { offset, length } = blobs[content.blob] ?? { offset: 0, length: 0 };
    return { path: join(journalFolder, segment.name), offset, length };
  }

  async function remove(places: readonly Content[]): Promise<void> {
    for (const place of places) {
      if ('file' in place) await removeFile(fs, join(folder, place.file)).catch(() => undefined);
    }
  }

  return {
    async take<K extends string>(parts: Record<K, Part>) {
      const places: Partial<Record<K, Content>> = {};
      const blobs: Buffer[] = [];
      try {
        for (const [key, { name, size, bytes }] of Object.entries(parts) as [K, Part][]) {
          const checksums = createChecksums();
          const noted = tapped(bytes, (chunk) => checksums.add(chunk));
          const place =
            size <= INLINE_BYTES
              ? { blob: blobs.push(await collect(noted)) - 1 }
              : { file: name, size: await writeDurably(fs, join(folder, name), noted) };
          places[key] = { ...place, sums: checksums.text() };
        }
      } catch (error) {
        await remove(Object.values(places));
        throw error;
      }
      return { places: places as Record<K, Content>, blobs };
    },
    stream,
    read: (source) => collect(stream(source)),
    remove,
  };
}

/** Bytes into a buffer until it is full or the file ends; gives how many. */
async function readFully(handle: FileHandle, into: Buffer, position: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

async function* tapped(
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  see: (chunk: Buffer) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    see(chunk);
    yield chunk;
  }
}

async function collect(chunks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  const [only] = all;
  return only && all.length === 1 ? only : Buffer.concat(all);
}

function damaged(name: string, why: string): MailError {
  return new MailError('OUTBOX_DAMAGED', t`The content of the mail can not be read from ${name}: ${why}`, {
    hint: t`Was the outbox folder changed or restored by hand, or does the disk fail? Send the mail again.`,
  });
}
