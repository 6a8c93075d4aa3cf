/** The folder failed/: mails that failed for good, as a file that mail programs open and one that says why. */
import { join } from 'node:path';
import type { EmailResult, OutgoingMail } from '../../types';
import { codeOf, removeFile, writeDurably, type FileSystem } from './files';

/** How long a dead letter is kept, ms. */
const KEPT_FOR = 30 * 86_400_000;

/**
 * Writes `<id>.eml` and `<id>.json`; durable when it resolves. A second call for the same mail replaces the first. A mail
 * whose content is damaged in the outbox leaves only the second file. Gives false then.
 */
export async function writeDeadLetter(
  fs: FileSystem,
  folder: string,
  mail: OutgoingMail,
  result: EmailResult,
  body: AsyncIterable<Buffer>,
): Promise<boolean> {
  const whole = await writeDurably(fs, join(folder, `${mail.id}.eml`), body).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) !== 'OUTBOX_DAMAGED') throw error;
      return false;
    },
  );
  const text = JSON.stringify(
    {
      ...result,
      // They are in the mail as far as its author wanted, and may be anything.
      messages: undefined,
      queuedAt: new Date(result.queuedAt).toISOString(),
      finishedAt: new Date(result.finishedAt).toISOString(),
      nodeId: mail.nodeId,
      priority: mail.priority,
      size: mail.size,
    },
    null,
    2,
  );
  await writeDurably(fs, join(folder, `${mail.id}.json`), [Buffer.from(`${text}\n`)]);
  return whole;
}

/** Deletes dead letters that were written more than 30 days before `now` (ms). */
export async function removeExpired(fs: FileSystem, folder: string, now: number): Promise<void> {
  for (const name of await fs.readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await fs.stat(path);
    if (now - mtimeMs > KEPT_FOR) await removeFile(fs, path);
  }
}
