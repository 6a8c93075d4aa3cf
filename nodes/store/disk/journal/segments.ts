/** The files of the journal: their names, their order, and how one is read. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FileSystem } from '../files';
import { MARK_BYTES, scanRecords, type Found } from './records';

export interface Segment {
  /** Counts up over all processes; records of a lower number are older, whatever the clock says. */
  readonly number: number;
  readonly name: string;
  readonly mark: Buffer;
  /** Bytes that are kept for sure. */
  size: number;
}

/** Bytes checked in one turn of the event loop: a few ms at most on a small machine. */
const TURN = 256 * 1024;

const NAME = /^(\d{10})-([0-9a-f]{16})\.journal$/;

/** A segment with a new mark; nothing is written yet. */
export function newSegment(number: number): Segment {
  const mark = randomBytes(MARK_BYTES);
  return {
    number,
    name: `${String(number).padStart(10, '0')}-${mark.toString('hex')}.journal`,
    mark,
    size: 0,
  };
}

/** The segments in a folder, oldest first, and the names of all else in it. */
export async function listSegments(
  fs: FileSystem,
  folder: string,
): Promise<{ segments: Segment[]; foreign: string[] }> {
  const segments: Segment[] = [];
  const foreign: string[] = [];
  for (const name of await fs.readdir(folder)) {
    const [, number, mark] = NAME.exec(name) ?? [];
    if (number === undefined || mark === undefined) foreign.push(name);
    else segments.push({ number: Number(number), name, mark: Buffer.from(mark, 'hex'), size: 0 });
  }
  return { segments: segments.sort((a, b) => a.number - b.number), foreign };
}

/** Reads a segment into memory and goes through it without holding up the event loop; sets its size. */
export async function* readSegment(
  fs: FileSystem,
  folder: string,
  segment: Segment,
): AsyncGenerator<{ found: Found; bytes: Buffer }> {
  const handle = await fs.open(join(folder, segment.name), 'r');
  let bytes: Buffer;
  try {
    bytes = await handle.readFile();
  } finally {
    await handle.close();
  }
  segment.size = bytes.length;
  let pause = TURN;
  for (const found of scanRecords(bytes, segment.mark)) {
    yield { found, bytes };
    if (found.range.offset < pause) continue;
    pause = found.range.offset + TURN;
    await nextTurn();
  }
}
