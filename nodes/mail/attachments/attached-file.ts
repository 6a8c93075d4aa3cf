/** Reads a file that a msg names: only regular files whose real path lies inside one folder. */
import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, realpath, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { t } from '../../language/text';
import { shownValue } from '../template/text-view';

export interface FileRule {
  /** The folder that holds all files that may be sent; empty when there is none. */
  folder: string;
  /** Bytes that may still be attached to the mail. */
  freeBytes: number;
  /** Bytes that one mail may hold, for the reason that is given. */
  limitBytes: number;
}

export type FileOutcome = { content: Buffer } | { reason: string };

/**
 * Reads a file of the folder, `named` relative to it or with its whole path. Never throws: a file that may not
 * or cannot be read gives the reason, with what to do. A file that grows is read up to the size it had.
 */
export async function readAttachedFile(named: string, rule: FileRule): Promise<FileOutcome> {
  if (looksLikeUrl(named)) {
    return { reason: t`URLs are never fetched: download it in the flow and give the content as a Buffer.` };
  }
  if (rule.folder === '') {
    return { reason: t`no folder is set for attachments: set attachFolder in the mail node.` };
  }
  let folder: string;
  try {
    folder = await realpath(rule.folder);
  } catch (error) {
    return {
      reason: t`the folder ${shownValue(rule.folder)} ${faultOf(error)}: check attachFolder in the mail node.`,
    };
  }
  const wanted = path.resolve(folder, named);
  try {
    return await readInside(folder, wanted, rule);
  } catch (error) {
    // Whether something exists outside of the folder is nobody's business.
    if (!isInside(folder, wanted) && !isInside(path.resolve(rule.folder), wanted)) return outside();
    return { reason: t`the file ${faultOf(error)}: check the path and the rights of the file.` };
  }
}

/** Says why content of so many bytes does not fit any more; undefined when it does. */
export function tooLarge(bytes: number, rule: { freeBytes: number; limitBytes: number }): string | undefined {
  if (bytes <= rule.freeBytes) return undefined;
  const size = megabytes(bytes);
  const limit = megabytes(rule.limitBytes);
  return rule.freeBytes < rule.limitBytes && bytes <= rule.limitBytes
    ? t`it has ${size} MB, but other attachments left only ${megabytes(rule.freeBytes)} of the ${limit} MB of this mail: raise attachMaxMb or send fewer files at once.`
    : t`it has ${size} MB, more than the ${limit} MB that a mail may hold: raise attachMaxMb or send a smaller file.`;
}

async function readInside(folder: string, wanted: string, rule: FileRule): Promise<FileOutcome> {
  const real = await realpath(wanted);
  if (!isInside(folder, real)) return outside();
  // Opening a device can already do something, so what it is must be known before.
  const before = await lstat(real, { bigint: true });
  if (!before.isFile()) return { reason: notRegular(before) };
  // O_NONBLOCK: if a pipe took the place of the file just now, opening it must not wait for a writer.
  // Windows has neither flag.
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants as Partial<typeof constants>;
  const file = await open(real, (O_RDONLY ?? 0) | (O_NONBLOCK ?? 0) | (O_NOFOLLOW ?? 0));
  try {
    const opened = await file.stat({ bigint: true });
    if (!opened.isFile()) return { reason: notRegular(opened) };
    // Between the look at the path and the opening somebody may have swapped a folder for a link: what is open
    // must be what the path names now, and that must still lie inside.
    const now = await realpath(wanted);
    const named = await lstat(now, { bigint: true });
    if (!isInside(folder, now) || named.ino !== opened.ino || named.dev !== opened.dev) {
      return { reason: t`the file was replaced while it was read: send it again.` };
    }
    const reason = tooLarge(Number(opened.size), rule);
    return reason === undefined ? { content: await readWhole(file, Number(opened.size)) } : { reason };
  } finally {
    await file.close();
  }
}

/** Reads at most `size` bytes; fewer when the file shrinks meanwhile. */
async function readWhole(file: FileHandle, size: number): Promise<Buffer> {
  const content = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await file.read(content, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return content.subarray(0, filled);
}

function isInside(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return (
    relative !== '' &&
    relative !== '..' &&
    !relative.startsWith(`..${path.sep}`) &&
    !path.isAbsolute(relative)
  );
}

function outside(): FileOutcome {
  return {
    reason: t`it is not inside the folder that attachFolder names: move it there or set attachFolder.`,
  };
}

function notRegular(stats: BigIntStats): string {
  return stats.isDirectory()
    ? t`it is a folder: name the files in it.`
    : t`it is a device, a pipe or a socket: only regular files are attached.`;
}

/** A scheme and `//`, or a scheme that needs none; a single letter is a drive of Windows. */
function looksLikeUrl(named: string): boolean {
  return /^\s*(?:[a-z][a-z0-9+.-]+:\/\/|(?:https?|ftp|file|data|blob|cid|mailto):)/i.test(named);
}

function faultOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  const known: Record<string, string> = {
    ENOENT: t`does not exist`,
    ENOTDIR: t`does not exist`,
    EACCES: t`may not be read by Node-RED`,
    EPERM: t`may not be read by Node-RED`,
    ELOOP: t`is a link that leads in a circle`,
    ENAMETOOLONG: t`has too long a name`,
    ERR_INVALID_ARG_VALUE: t`has a name with a NUL character`,
  };
  return known[code ?? ''] ?? t`cannot be read (${code ?? String(error)})`;
}

function megabytes(bytes: number): string {
  const mb = bytes / 1_048_576;
  return mb >= 10 || Number.isInteger(mb) ? String(Math.ceil(mb)) : mb < 0.01 ? '<0.01' : mb.toFixed(2);
}
