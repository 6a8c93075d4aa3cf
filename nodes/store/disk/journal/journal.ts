/**
 * A journal: records that are added at its end and durable when `append` resolves. It is a row of files, the segments;
 * only the last is written to. Records that arrive while the disk syncs go with the next sync, all together.
 */
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { t } from '../../../language/text';
import { FILE_MODE, removeFile, syncFolder, writeFully, type FileSystem } from '../files';
import { encodeRecord, type RecordBlob, type BlobPlace, type Range } from './records';
import { listSegments, newSegment, readSegment, type Segment } from './segments';

/** Bytes written with one sync at most: more would hold up the event loop while their checksums are made. */
const BATCH = 1024 * 1024;

/** Where a record is. */
export interface RecordPlace {
  segment: Segment;
  /** Bytes of the whole record. */
  size: number;
  blobs: BlobPlace[];
}

export interface JournalOptions<R> {
  fs: FileSystem;
  folder: string;
  /** A segment that has so many bytes is followed by a new one. */
  segmentBytes: number;
  /** Tells whether data read from a file is a record; it may be of a later version of this package. */
  isRecord: (data: unknown) => data is R;
  /** Called for each record in their order: those found at `open`, and each appended one as soon as it is durable. */
  kept: (record: R, place: RecordPlace) => void;
  /** Awaited before each write; rejects when this process may not write any more. */
  mayWrite: () => Promise<void>;
}

/** What `open` found that is no record. */
export interface Unreadable {
  segment: Segment;
  range: Range;
  bytes: Buffer;
}

export interface Journal<R> {
  /** Reads all segments; tells what is damaged, and gives the names of files that do not belong here. Call it once. */
  open(damaged: (what: Unreadable) => Promise<void>): Promise<{ foreign: string[] }>;
  /**
   * Resolves when the record is durable; rejects with the error of the file system, and the record is not kept then.
   * The record is given back to `kept`: nobody may change it any more.
   */
  append(record: R, blobs?: readonly RecordBlob[]): Promise<void>;
  /** As `append`, for a record that nothing urgent waits for: it goes with the next other one, or alone a few ms later. */
  appendLazily(record: R): Promise<void>;
  /** Segments, oldest first; the one that is written to is not among them. */
  closedSegments(): readonly Segment[];
  /** Deletes a segment; the caller knows that nothing in it is needed. Older ones have to be deleted before. */
  remove(segment: Segment): Promise<void>;
  /** Writes what is under way and takes no more. */
  close(): Promise<void>;
}

/** How long a lazy record waits for company, ms. */
const PATIENCE_MS = 4;

interface Waiting<R> {
  record: R;
  text: string;
  blobs: readonly RecordBlob[];
  size: number;
  resolve: () => void;
  reject: (error: unknown) => void;
}

export function createJournal<R>(options: JournalOptions<R>): Journal<R> {
  const { fs, folder, segmentBytes, isRecord, kept, mayWrite } = options;
  const closed: Segment[] = [];
  let current: { segment: Segment; handle: FileHandle; sound: boolean } | null = null;
  let lastNumber = 0;
  let waiting: Waiting<R>[] = [];
  let writing: Promise<void> | null = null;
  /** Something that waits must be written now. */
  let pressing = false;
  let patience: NodeJS.Timeout | undefined;
  let ended = false;

  function press(): void {
    clearTimeout(patience);
    patience = undefined;
    if (waiting.length === 0) return;
    pressing = true;
    // A turn of promises later, so that records of the same moment share the first sync too.
    writing ??= Promise.resolve().then(writeAll);
  }

  async function writeAll(): Promise<void> {
    while (pressing) {
      const batch = takeBatch();
      pressing = waiting.length > 0;
      try {
        await write(batch);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    writing = null;
  }

  function queue(record: R, blobs: readonly RecordBlob[] = []): Promise<void> {
    if (ended) return Promise.reject(new Error(t`the journal is closed`));
    const text = JSON.stringify(record);
    const size = blobs.reduce((sum, { bytes }) => sum + bytes.length, text.length);
    return new Promise((resolve, reject) => waiting.push({ record, text, blobs, size, resolve, reject }));
  }

  function takeBatch(): Waiting<R>[] {
    let size = 0;
    const over = waiting.findIndex((one) => (size += one.size) > BATCH);
    const count = over === -1 ? waiting.length : Math.max(over, 1);
    const batch = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return batch;
  }

  async function write(batch: Waiting<R>[]): Promise<void> {
    await mayWrite();
    const { segment, handle } = await writable();
    const encoded = batch.map(({ text, blobs }) => encodeRecord(segment.mark, text, blobs));
    try {
      await writeFully(handle, Buffer.concat(encoded.map(({ bytes }) => bytes)), segment.size);
      await handle.datasync();
    } catch (error) {
      if (current) current.sound = false;
      // Nobody was told that these records are kept: none of them may come back after a restart.
      await mend().catch(() => undefined);
      throw error;
    }
    encoded.forEach(({ bytes, blobs }, i) => {
      const at = segment.size;
      segment.size += bytes.length;
      const places = blobs.map(({ offset, length, sum }) => ({ offset: at + offset, length, sum }));
      kept((batch[i] as Waiting<R>).record, { segment, size: bytes.length, blobs: places });
    });
  }

  /** The segment to write to: a new one when there is none or the last is full. */
  async function writable(): Promise<{ segment: Segment; handle: FileHandle }> {
    await mend();
    if (current && current.segment.size >= segmentBytes) await closeCurrent();
    if (current) return current;
    const segment = newSegment(lastNumber + 1);
    const path = join(folder, segment.name);
    const handle = await fs.open(path, 'wx', FILE_MODE);
    try {
      await syncFolder(fs, folder);
    } catch (error) {
      await handle.close();
      await removeFile(fs, path);
      throw error;
    }
    lastNumber = segment.number;
    current = { segment, handle, sound: true };
    return current;
  }

  /**
   * After a failed write: cuts off what may have been written. The file is closed then, as a sync that failed once says
   * nothing about later ones. Rejects while that is not possible, and nothing is written until it is.
   */
  async function mend(): Promise<void> {
    if (!current || current.sound) return;
    const { segment, handle } = current;
    await handle.truncate(segment.size);
    await handle.datasync();
    await closeCurrent();
    if (segment.size === 0) {
      closed.pop();
      await removeFile(fs, join(folder, segment.name));
    }
  }

  async function closeCurrent(): Promise<void> {
    if (!current) return;
    const { segment, handle } = current;
    current = null;
    closed.push(segment);
    await handle.close();
  }

  return {
    async open(damaged) {
      const { segments, foreign } = await listSegments(fs, folder);
      for (const segment of segments) {
        for await (const { found, bytes } of readSegment(fs, folder, segment)) {
          const data = found.kind === 'record' ? parse(found.text) : undefined;
          if (found.kind === 'record' && isRecord(data)) {
            kept(data, { segment, size: found.range.length, blobs: found.blobs });
          } else if (found.kind !== 'torn') {
            await damaged({ segment, range: found.range, bytes });
          }
        }
        closed.push(segment);
        lastNumber = segment.number;
      }
      return { foreign };
    },
    append(record, blobs) {
      const written = queue(record, blobs);
      press();
      return written;
    },
    appendLazily(record) {
      const written = queue(record);
      patience ??= setTimeout(press, PATIENCE_MS);
      return written;
    },
    closedSegments: () => closed,
    async remove(segment) {
      await removeFile(fs, join(folder, segment.name));
      // Durable before the next: a segment that came back alone would bring mails back that were sent.
      await syncFolder(fs, folder);
      closed.splice(closed.indexOf(segment), 1);
    },
    async close() {
      ended = true;
      press();
      await writing;
      await closeCurrent();
    },
  };
}

function parse(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}
