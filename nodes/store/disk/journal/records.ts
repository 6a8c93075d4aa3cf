/**
 * The form of a record in a file of the journal, numbers big-endian:
 *
 *   mark 8 bytes | length of the rest 4 | checksum 8 | 128 + blobs 1 | length of text 4 | length 4 and checksum 8 of
 *   each blob | text (JSON) | blobs
 *
 * The checksum is that of all but mark, itself and blobs: a record whose blobs are damaged still says whose they are.
 *
 * Earlier versions wrote the number of blobs without the 128, no checksums of blobs, and the one of the record over them
 * as well: these records are still read.
 *
 * The mark is random for each file: no content of a mail can look like a record of the file that it is in, so that after
 * damage the next record is found again.
 */
import { checksum, CHECKSUM_BYTES } from '../checksums';

export const MARK_BYTES = 8;
const LENGTH_AT = MARK_BYTES;
const CHECKSUM_AT = LENGTH_AT + 4;
const REST_AT = CHECKSUM_AT + CHECKSUM_BYTES;

/** Says that blobs have checksums of their own. */
const WITH_SUMS = 0x80;

/** Where bytes are in a file. */
export interface Range {
  offset: number;
  length: number;
}

/** Bytes of a record, and the checksum of what they were when they came. */
export interface RecordBlob {
  bytes: Buffer;
  sum: Buffer;
}

export interface BlobPlace extends Range {
  sum: Buffer;
}

/** What stands at a place in a file of the journal. */
export type Found =
  /** Its blobs may be damaged. */
  | { kind: 'record'; range: Range; text: Buffer; blobs: BlobPlace[] }
  /** Bytes that are no record although they should be. */
  | { kind: 'damaged'; range: Range }
  /** The end of a file whose last write was cut off: nobody was told that it is kept. */
  | { kind: 'torn'; range: Range };

export function newBlob(bytes: Buffer): RecordBlob {
  return { bytes, sum: checksum(bytes) };
}

/** The bytes of a record, and where its blobs are from the start of these bytes. */
export function encodeRecord(
  mark: Buffer,
  text: string,
  blobs: readonly RecordBlob[],
): { bytes: Buffer; blobs: BlobPlace[] } {
  const textBytes = Buffer.from(text);
  const head = Buffer.alloc(headBytes(WITH_SUMS + blobs.length));
  head.writeUInt8(WITH_SUMS + blobs.length, 0);
  head.writeUInt32BE(textBytes.length, 1);
  blobs.forEach(({ bytes, sum }, i) => {
    const at = headBytes(WITH_SUMS + i);
    head.writeUInt32BE(bytes.length, at);
    sum.copy(head, at + 4);
  });
  const parts = [head, textBytes, ...blobs.map(({ bytes }) => bytes)];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = Buffer.concat([Buffer.alloc(REST_AT), ...parts], REST_AT + length);
  mark.copy(bytes);
  bytes.writeUInt32BE(length, LENGTH_AT);
  const blobsAt = REST_AT + head.length + textBytes.length;
  sumOf(bytes, 0, blobsAt).copy(bytes, CHECKSUM_AT);
  return {
    bytes,
    blobs: placesOf(
      blobs.map(({ bytes: { length: size }, sum }) => ({ size, sum })),
      blobsAt,
    ),
  };
}

/** Goes through the bytes of a file, first to last; every byte belongs to exactly one of the things found. */
export function* scanRecords(bytes: Buffer, mark: Buffer): Generator<Found> {
  for (let at = 0; at < bytes.length;) {
    const record = recordAt(bytes, at, mark);
    if (record) {
      yield record;
      at += record.range.length;
      continue;
    }
    const next = nextRecord(bytes, at + 1, mark);
    const range = { offset: at, length: (next ?? bytes.length) - at };
    const kind = next === undefined && isTorn(bytes, at, mark) ? 'torn' : 'damaged';
    yield { kind, range };
    at += range.length;
  }
}

function recordAt(bytes: Buffer, at: number, mark: Buffer): Extract<Found, { kind: 'record' }> | undefined {
  const rest = at + REST_AT;
  if (rest + 5 > bytes.length || bytes.compare(mark, 0, MARK_BYTES, at, at + MARK_BYTES) !== 0)
    return undefined;
  const end = rest + bytes.readUInt32BE(at + LENGTH_AT);
  const form = bytes.readUInt8(rest);
  const textAt = rest + headBytes(form);
  const blobsAt = textAt + bytes.readUInt32BE(rest + 1);
  if (end > bytes.length || blobsAt > end) return undefined;
  const withSums = form >= WITH_SUMS;
  const found = bytes.subarray(at + CHECKSUM_AT, rest);
  if (!sumOf(bytes, at, withSums ? blobsAt : end).equals(found)) return undefined;

  let blobAt = blobsAt;
  const sizes = Array.from({ length: form % WITH_SUMS }, (_, i) => {
    const place = rest + headBytes(form - (form % WITH_SUMS) + i);
    const size = bytes.readUInt32BE(place);
    const blob = bytes.subarray(blobAt, (blobAt += size));
    // A copy: the bytes of the whole file would stay in memory with it.
    const sum = withSums
      ? Buffer.from(bytes.subarray(place + 4, place + 4 + CHECKSUM_BYTES))
      : checksum(blob);
    return { size, sum };
  });
  return {
    kind: 'record',
    range: { offset: at, length: end - at },
    text: bytes.subarray(textAt, blobsAt),
    blobs: placesOf(sizes, blobsAt),
  };
}

function nextRecord(bytes: Buffer, from: number, mark: Buffer): number | undefined {
  for (let at = bytes.indexOf(mark, from); at !== -1; at = bytes.indexOf(mark, at + 1)) {
    if (recordAt(bytes, at, mark)) return at;
  }
  return undefined;
}

/** A write that was cut off leaves the beginning of a record, or zeros where the file had grown already. */
function isTorn(bytes: Buffer, at: number, mark: Buffer): boolean {
  const tail = bytes.subarray(at);
  if (tail.every((byte) => byte === 0)) return true;
  const beginning = Math.min(tail.length, MARK_BYTES);
  if (tail.compare(mark, 0, beginning, 0, beginning) !== 0) return false;
  return tail.length < REST_AT || REST_AT + tail.readUInt32BE(LENGTH_AT) > tail.length;
}

/** Bytes between checksum and text, from the byte that tells the number of blobs and their form. */
function headBytes(form: number): number {
  return 5 + (form % WITH_SUMS) * (form < WITH_SUMS ? 4 : 4 + CHECKSUM_BYTES);
}

/** Over the length and the rest up to `end` of the record that begins at `at`: a wrong length shows too. */
function sumOf(bytes: Buffer, at: number, end: number): Buffer {
  return checksum(bytes.subarray(at + LENGTH_AT, at + CHECKSUM_AT), bytes.subarray(at + REST_AT, end));
}

function placesOf(blobs: { size: number; sum: Buffer }[], from: number): BlobPlace[] {
  let offset = from;
  return blobs.map(({ size: length, sum }) => {
    const place = { offset, length, sum };
    offset += length;
    return place;
  });
}
