/**
 * The bytes of mails, msgs and events: small ones inside their record, large ones in files of their own. What is read is
 * what was taken, or an error: each piece is checked before anyone gets it, so that a mail is read once only and no byte
 * of it that changed on the disk ever reaches the server.
 */
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { t } from '../../language/text';
import { MailError } from '../../types';
import { checksum, createPieceSums, PIECE, sumOfPiece, type PieceSums } from './checksums';
import { diskError } from './disk-error';
import { codeOf, removeFile, writeDurably, type FileSystem } from './files';
import type { Content, Item } from './journal/live-records';
import { mailName } from '../mail-name';
import { newBlob, type RecordBlob } from './journal/records';
import { setBytesAside, setFilesAside, type StoreFolders } from './folders';

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
  take<K extends string>(
    parts: Record<K, Part>,
  ): Promise<{ places: Record<K, Content>; blobs: RecordBlob[] }>;
  /** Chunks of the content as they are read. Throws MailError OUTBOX_DAMAGED when it is not there as it was taken. */
  stream(source: Source): AsyncGenerator<Buffer>;
  /** All of the content. Rejects as `stream` throws. */
  read(source: Source): Promise<Buffer>;
  /** The blobs of an item, to be written again: what is damaged is so as well in its new place. */
  blobs(item: Item): Promise<RecordBlob[]>;
  /**
   * Puts what is there of a damaged content into damaged/, by its own name when it is a file. Gives its path, or null
   * when nothing is left of it or it is there already.
   */
  setAside(source: Source, name: string): Promise<string | null>;
  /** Deletes the files among them. Never rejects: one that stays behind is removed at the next start. */
  remove(places: readonly Content[]): Promise<void>;
}

/** A range of a file, with the checksums of its pieces of so many bytes; those of a file that an early version wrote are not known. */
interface Place {
  path: string;
  offset: number;
  length: number;
  piece: number;
  sums: Buffer | null;
}

/** Contents in the segments of the journal and in the files in mails/. */
export function createContents(fs: FileSystem, folders: StoreFolders): Contents {
  async function* stream(source: Source): AsyncGenerator<Buffer> {
    const { handle, item, place } = await openAt(source);
    const { path, offset, length, piece, sums } = place;
    try {
      for (let done = 0; done < length;) {
        const wanted = Math.min(piece, length - done);
        const bytes = await readUpTo(handle, offset + done, wanted);
        if (bytes.length < wanted) {
          throw damaged(item, path, t`it ends after ${done + bytes.length} of ${length} bytes`);
        }
        if (sums && !checksum(bytes).equals(sumOfPiece(sums, done / piece))) {
          throw damaged(item, path, t`its bytes are not those that were written`);
        }
        done += wanted;
        for (let at = 0; at < wanted; at += PIECE) yield bytes.subarray(at, at + PIECE);
      }
    } finally {
      await handle.close();
    }
  }

  async function openAt(source: Source) {
    for (;;) {
      const item = source.item();
      if (!item) throw finished(folders.mails);
      const place = placeOf(item, source.content(item));
      try {
        return { handle: await fs.open(place.path, 'r'), item, place };
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
        // Written again elsewhere, and its old segment deleted, between two lines of this function: look once more.
        if (source.item() === item) throw await missing(item, place.path);
      }
    }
  }

  /** A file that is gone is lost; a folder that is gone may be a disk that comes back. */
  async function missing(item: Item, path: string): Promise<MailError> {
    try {
      await fs.stat(folders.journal);
      return damaged(item, path, t`the file is missing`);
    } catch (error) {
      return diskError(error, folders.journal);
    }
  }

  function placeOf(item: Item, content: Content): Place {
    if ('file' in content) {
      const sums = content.sums === undefined ? null : Buffer.from(content.sums, 'base64');
      return { path: join(folders.mails, content.file), offset: 0, length: content.size, piece: PIECE, sums };
    }
    const path = join(folders.journal, item.segment.name);
    const blob = item.blobs[content.blob];
    if (!blob) throw damaged(item, path, t`its bytes are not those that were written`);
    return { path, offset: blob.offset, length: blob.length, piece: blob.length, sums: blob.sum };
  }

  /** What is there of the content, changed or not; nothing when all of it is gone. */
  async function readUnchecked(source: Source): Promise<Buffer> {
    try {
      const { handle, place } = await openAt(source);
      try {
        return await readUpTo(handle, place.offset, place.length);
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (codeOf(error) !== 'OUTBOX_DAMAGED') throw error;
      return Buffer.alloc(0);
    }
  }

  async function remove(places: readonly Content[]): Promise<void> {
    for (const place of places) {
      if ('file' in place) await removeFile(fs, join(folders.mails, place.file)).catch(() => undefined);
    }
  }

  async function writeFile({ name, bytes }: Part): Promise<Content> {
    const sums = createPieceSums();
    const size = await writeDurably(fs, join(folders.mails, name), summed(bytes, sums));
    return { file: name, size, sums: sums.end().toString('base64') };
  }

  return {
    async take<K extends string>(parts: Record<K, Part>) {
      const places: Partial<Record<K, Content>> = {};
      const blobs: RecordBlob[] = [];
      try {
        for (const [key, part] of Object.entries(parts) as [K, Part][]) {
          places[key] =
            part.size <= INLINE_BYTES
              ? { blob: blobs.push(newBlob(await collect(part.bytes))) - 1 }
              : await writeFile(part);
        }
      } catch (error) {
        await remove(Object.values(places));
        throw error;
      }
      return { places: places as Record<K, Content>, blobs };
    },
    stream,
    read: (source) => collect(stream(source)),
    blobs: (item) =>
      Promise.all(
        item.blobs.map(async ({ sum }, blob) => {
          return { bytes: await readUnchecked({ item: () => item, content: () => ({ blob }) }), sum };
        }),
      ),
    async setAside(source, name) {
      const item = source.item();
      const content = item && source.content(item);
      if (!content) return null;
      if ('file' in content) {
        const [path = null] = await setFilesAside(fs, folders.mails, [content.file], folders.damaged).catch(
          (error: unknown) => {
            if (codeOf(error) !== 'ENOENT') throw error;
            return [];
          },
        );
        return path;
      }
      const bytes = await readUnchecked(source);
      return bytes.length === 0 ? null : setBytesAside(fs, folders.damaged, name, bytes);
    },
    remove,
  };
}

/** Reads until a range ends, or the file before it. */
async function readUpTo(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}

async function* summed(bytes: Part['bytes'], sums: PieceSums): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    sums.add(chunk);
    yield chunk;
  }
}

async function collect(chunks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  const [only] = all;
  return only && all.length === 1 ? only : Buffer.concat(all);
}

const HINT = () =>
  t`Was the outbox folder changed or restored by hand? If not, check its disk. Send the mail again.`;

function damaged({ record }: Item, path: string, why: string): MailError {
  const text =
    record.type === 'mail'
      ? t`The content of the mail "${mailName(record.mail)}" can not be read from ${path}: ${why}`
      : t`The data of the event can not be read from ${path}: ${why}`;
  return new MailError('OUTBOX_DAMAGED', text, { hint: HINT() });
}

function finished(folder: string): MailError {
  return new MailError('OUTBOX_DAMAGED', t`The content is not in ${folder} any more: its mail is finished`, {
    hint: HINT(),
  });
}
