/**
 * One process at a time holds an outbox. Each owner makes a lock file with the next higher number, which only one process
 * can; the highest number is the owner. Numbers never go back: a released lock stays, marked as such, until the next
 * owner removes it, so that two processes that see the same dead owner can not both follow it.
 *
 * The owner touches its file as a sign of life, for those who can not look it up in their table of processes.
 */
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { t } from '../../language/text';
import { MailError } from '../../types';
import { codeOf, FILE_MODE, removeFile, UNFINISHED, type FileSystem } from './files';
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity';

/** Times of the sign of life, ms. */
export interface LockTimes {
  /** From one to the next. */
  beat: number;
  /** An owner that cannot be looked up and gave none for so long is dead. */
  stale: number;
}

const TIMES: LockTimes = { beat: 2_000, stale: 10_000 };

export interface OutboxLock {
  /** Rejects with MailError OUTBOX_LOCKED when the lock was lost; looks at the disk only when the last beat is long ago. */
  check(): Promise<void>;
  release(): Promise<void>;
}

interface Holder extends ProcessIdentity {
  released: boolean;
}

const NAME = /^lock-(\d+)$/;

/**
 * Takes the lock of `folder`, which must exist. An owner that died on this machine is followed at once, one of another
 * machine or container after `stale` ms. Rejects with MailError OUTBOX_LOCKED that names folder and pid of the owner.
 */
export async function acquireLock(
  fs: FileSystem,
  folder: string,
  times: LockTimes = TIMES,
): Promise<OutboxLock> {
  const own = await ownIdentity();
  const pathOf = (number: number) => join(folder, `lock-${number}`);

  for (;;) {
    const last = (await lockNumbers(fs, folder)).at(-1) ?? 0;
    if (last > 0) await waitUntilFree(pathOf(last));
    const number = last + 1;
    if (!(await create(pathOf(number)))) continue;
    const numbers = await lockNumbers(fs, folder);
    if (numbers.some((other) => other > number)) {
      // Others were faster by a whole change of owner.
      await removeFile(fs, pathOf(number));
      continue;
    }
    for (const older of numbers) if (older < number) await removeFile(fs, pathOf(older));
    return hold(pathOf(number));
  }

  /** Creates a lock file; false when another process did. */
  async function create(path: string): Promise<boolean> {
    let handle: FileHandle;
    try {
      handle = await fs.open(path, 'wx', FILE_MODE);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
    try {
      await handle.writeFile(JSON.stringify({ ...own, released: false } satisfies Holder));
      await handle.sync();
      await handle.close();
    } catch (error) {
      await handle.close().catch(() => undefined);
      await removeFile(fs, path);
      throw error;
    }
    return true;
  }

  /** Resolves when the owner of this lock file is gone; rejects when it lives. */
  async function waitUntilFree(path: string): Promise<void> {
    const holder = await readHolder(fs, path);
    if (holder?.released) return;
    const runs = holder ? await isRunning(holder, own) : 'unknown';
    if (runs === 'no') return;
    if (runs === 'yes') throw lockedBy(folder, holder);
    // Its clock may differ from ours: only a change of its file tells, and only our own clock measures.
    const before = await touched(fs, path);
    const until = performance.now() + times.stale;
    while (performance.now() < until) {
      await delay(Math.min(times.beat / 4, times.stale / 4));
      const seen = await touched(fs, path);
      if (seen === before) continue;
      const now = await readHolder(fs, path);
      // Gone: it was followed by another process, that is the one to look at.
      if (seen === 0 || now?.released) return;
      throw lockedBy(folder, now);
    }
  }

  function hold(path: string): OutboxLock {
    let lost = false;
    let lastBeat = performance.now();

    async function beat(): Promise<void> {
      const now = new Date();
      try {
        await fs.utimes(path, now, now);
        lastBeat = performance.now();
      } catch (error) {
        if (codeOf(error) === 'ENOENT') lost = true;
      }
    }
    const timer = setInterval(() => void beat(), times.beat);
    timer.unref();

    return {
      async check() {
        // This process may have been suspended for longer than others wait.
        if (!lost && performance.now() - lastBeat > times.stale / 2) await beat();
        if (!lost) return;
        throw new MailError(
          'OUTBOX_LOCKED',
          t`The outbox ${folder} is not held by this process any more: its folder was removed or another process took it`,
          { hint: t`Give each Node-RED a user directory of its own, then restart this one.` },
        );
      },
      async release() {
        clearInterval(timer);
        if (lost) return;
        const unfinished = path + UNFINISHED;
        try {
          const handle = await fs.open(unfinished, 'w', FILE_MODE);
          try {
            await handle.writeFile(JSON.stringify({ ...own, released: true } satisfies Holder));
          } finally {
            await handle.close();
          }
          await fs.rename(unfinished, path);
        } catch (error) {
          // The folder is gone, and the lock with it.
          if (codeOf(error) !== 'ENOENT') throw error;
        }
      },
    };
  }
}

async function lockNumbers(fs: FileSystem, folder: string): Promise<number[]> {
  const names = await fs.readdir(folder);
  const numbers = names.flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b);
}

/** Null when the file can not be read as one: its owner may be writing it at this moment. */
async function readHolder(fs: FileSystem, path: string): Promise<Holder | null> {
  try {
    const handle = await fs.open(path, 'r');
    try {
      const holder = JSON.parse(await handle.readFile('utf8')) as Partial<Holder> | null;
      return typeof holder?.pid === 'number' && typeof holder.home === 'string' ? (holder as Holder) : null;
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}

/** Changes with each sign of life; 0 when the file is gone. */
async function touched(fs: FileSystem, path: string): Promise<number> {
  try {
    return (await fs.stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}

function lockedBy(folder: string, holder: Holder | null): MailError {
  const message = holder
    ? t`The outbox ${folder} is in use by the process with pid ${holder.pid}`
    : t`The outbox ${folder} is in use by another process`;
  return new MailError('OUTBOX_LOCKED', message, {
    hint: t`Stop the other Node-RED, or give each a user directory of its own.`,
  });
}
