/** Checksums of what is on the disk: a few bytes that tell damage, not an attacker who can write them as well. */
import { createHash } from 'node:crypto';

export const CHECKSUM_BYTES = 8;

/** Bytes of a file that have a checksum of their own. Part of the format: files on disk are checked by it. */
export const PIECE = 65_536;

export function checksum(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest().subarray(0, CHECKSUM_BYTES);
}

/** The checksums of the pieces of a file while it is written, in chunks of any size. */
export interface PieceSums {
  add(chunk: Buffer): void;
  /** All of them, one after the other; nothing can be added any more. */
  end(): Buffer;
}

export function createPieceSums(): PieceSums {
  const sums: Buffer[] = [];
  let hash = createHash('sha256');
  let room = PIECE;

  function endPiece(): void {
    sums.push(hash.digest().subarray(0, CHECKSUM_BYTES));
    hash = createHash('sha256');
    room = PIECE;
  }

  return {
    add(chunk) {
      for (let at = 0; at < chunk.length;) {
        const part = chunk.subarray(at, at + room);
        hash.update(part);
        at += part.length;
        room -= part.length;
        if (room === 0) endPiece();
      }
    },
    end() {
      if (room < PIECE) endPiece();
      return Buffer.concat(sums);
    },
  };
}

/** The checksum of one piece among those of a file. */
export function sumOfPiece(sums: Buffer, piece: number): Buffer {
  return sums.subarray(piece * CHECKSUM_BYTES, (piece + 1) * CHECKSUM_BYTES);
}
