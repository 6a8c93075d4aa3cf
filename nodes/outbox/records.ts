/**
 * The form of a record in a file of the journal, numbers big-endian:
 *
 *   mark 8 bytes | length of the rest 4 | checksum of length and rest 8 | blobs 1 | length of text 4 | length of each
 *   blob 4 | text (JSON) | blobs
 *
 * The mark is random for each file: no content of a mail can look like a record of the file that it is in, so that after
 * damage the next record is found again.
 */
import { createHash } from 'node:crypto';

export const MARK_BYTES = 8;
const CHECKSUM_BYTES = 8;
const LENGTH_AT = MARK_BYTES;
const CHECKSUM_AT = LENGTH_AT + 4;
const REST_AT = CHECKSUM_AT + CHECKSUM_BYTES;

/** Where bytes are in a file. */
export interface Range {
  offset: number;
  length: number;
}

/** What stands at a place in a file of the journal. */
export type Found =
  | { kind: 'record'; range: Range; text: Buffer; blobs: Range[] }
  /** Bytes that are no record although they should be. */
  | { kind: 'damaged'; range: Range }
  /** The end of a file whose last write was cut off: nobody was told that it is kept. */
  | { kind: 'torn'; range: Range };

/** The bytes of a record, and where its blobs are from the start of these bytes. */
export function encodeRecord(
  mark: Buffer,
  text: string,
  blobs: readonly Buffer[],
): { bytes: Buffer; blobs: Range[] } {
  const textBytes = Buffer.from(text);
  const head = Buffer.alloc(5 + 4 * blobs.length);
  head.writeUInt8(blobs.length, 0);
  head.writeUInt32BE(textBytes.length, 1);
  blobs.forEach((blob, i) => head.writeUInt32BE(blob.length, 5 + 4 * i));
  const parts = [head, textBytes, ...blobs];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = Buffer.concat([Buffer.alloc(REST_AT), ...parts], REST_AT + length);
  mark.copy(bytes);
  bytes.writeUInt32BE(length, LENGTH_AT);
  checksum(bytes, 0, length).copy(bytes, CHECKSUM_AT);
  return {
    bytes,
    blobs: placesOf(
      blobs.map((blob) => blob.length),
      REST_AT + head.length + textBytes.length,
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
  const length = bytes.readUInt32BE(at + LENGTH_AT);
  if (length < 5 || rest + length > bytes.length) return undefined;
  const found = bytes.subarray(at + CHECKSUM_AT, rest);
  if (!checksum(bytes, at, length).equals(found)) return undefined;

  const count = bytes.readUInt8(rest);
  const textLength = bytes.readUInt32BE(rest + 1);
  const textAt = rest + 5 + 4 * count;
  const lengths = Array.from({ length: count }, (_, i) => bytes.readUInt32BE(rest + 5 + 4 * i));
  return {
    kind: 'record',
    range: { offset: at, length: REST_AT + length },
    text: bytes.subarray(textAt, textAt + textLength),
    blobs: placesOf(lengths, textAt + textLength),
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

/** Over the length and the rest of the record that begins at `at`: a wrong length shows too. */
function checksum(bytes: Buffer, at: number, length: number): Buffer {
  const rest = at + REST_AT;
  const hash = createHash('sha256')
    .update(bytes.subarray(at + LENGTH_AT, at + CHECKSUM_AT))
    .update(bytes.subarray(rest, rest + length));
  return hash.digest().subarray(0, CHECKSUM_BYTES);
}

function placesOf(lengths: number[], from: number): Range[] {
  let offset = from;
  return lengths.map((length) => {
    const range = { offset, length };
    offset += length;
    return range;
  });
}
