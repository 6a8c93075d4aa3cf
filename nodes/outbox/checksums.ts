/**
 * Checksums of content: one for each piece, so that content can be checked as it is read, and nothing of it that changed on
 * the disk is handed on.
 */
import { createHash } from 'node:crypto';

/** Bytes of a piece. */
export const PIECE = 65_536;

const SUM_BYTES = 8;

/** The checksum of one piece. */
function sumOf(piece: Buffer): Buffer {
  return createHash('sha256').update(piece).digest().subarray(0, SUM_BYTES);
}

/** Collects the checksums of content that comes in chunks of any size. */
export function createChecksums() {
  const sums: Buffer[] = [];
  let rest: Buffer[] = [];
  let size = 0;
  return {
    add(chunk: Buffer): void {
      rest.push(chunk);
      size += chunk.length;
      if (size < PIECE) return;
      let bytes = rest.length === 1 ? chunk : Buffer.concat(rest);
      for (; bytes.length >= PIECE; bytes = bytes.subarray(PIECE)) sums.push(sumOf(bytes.subarray(0, PIECE)));
      rest = bytes.length > 0 ? [Buffer.from(bytes)] : [];
      size = bytes.length;
    },
    /** All of them, in base64. */
    text(): string {
      const last = size > 0 ? [sumOf(Buffer.concat(rest))] : [];
      return Buffer.concat([...sums, ...last]).toString('base64');
    },
  };
}

/** Checks pieces against the checksums; content of before has none, and passes. */
export function createCheck(text: string | undefined): (piece: Buffer, index: number) => boolean {
  if (text === undefined) return () => true;
  const sums = Buffer.from(text, 'base64');
  return (piece, index) => {
    const at = index * SUM_BYTES;
    return sums.subarray(at, at + SUM_BYTES).equals(sumOf(piece));
  };
}
