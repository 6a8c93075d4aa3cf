/** The part of node:fs/promises that the disk store uses, and how to write with it so that a power cut loses nothing. */
import type { FileHandle } from 'node:fs/promises';
import type fsPromises from 'node:fs/promises';
import { dirname } from 'node:path';

/** Given to everything that touches the disk, so that a test can let it fail. */
export type FileSystem = Pick<
  typeof fsPromises,
  'chmod' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'stat' | 'statfs' | 'unlink' | 'utimes'
>;

/** Only the user that runs Node-RED reads mails. */
export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;

/** The ending of files that are being written; one that a crash left is worth nothing. */
export const UNFINISHED = '.tmp';

/** Writes all bytes at a position (bytes from the start); one write call may take only a part. */
export async function writeFully(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/**
 * Writes a file so that after a crash it is there as a whole or not at all: under another name, synced, renamed, and the
 * name synced. Gives its size in bytes; rejects with the error of the file system or of the content, leaving no file.
 */
export async function writeDurably(
  fs: FileSystem,
  path: string,
  content: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<number> {
  const unfinished = path + UNFINISHED;
  const handle = await fs.open(unfinished, 'w', FILE_MODE);
  let size = 0;
  try {
    try {
      for await (const chunk of content) {
        await writeFully(handle, chunk, size);
        size += chunk.length;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(unfinished, path);
  } catch (error) {
    await removeFile(fs, unfinished).catch(() => undefined);
    throw error;
  }
  await syncFolder(fs, dirname(path));
  return size;
}

/** Makes the names in a folder durable, where the system can (Windows and some network file systems can not). */
export async function syncFolder(fs: FileSystem, folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await fs.open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'ENOSYS', 'EISDIR'].includes(codeOf(error))) throw error;
  } finally {
    await handle.close();
  }
}

/** Removes a file; one that is gone already is no error. */
export async function removeFile(fs: FileSystem, path: string): Promise<void> {
  await fs.unlink(path).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
}

/** The code of a system error such as ENOSPC, or of a MailError; empty for anything else. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
