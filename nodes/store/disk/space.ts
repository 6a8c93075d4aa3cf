import { t } from '../../language/text';
import { MailError } from '../../types';
import type { FileSystem } from './files';

/** Kept free for what must be written of mails that are in the outbox already (progress, results, clearing up), bytes. */
export const RESERVE = 20 * 1024 * 1024;

/** How long a measurement is believed, ms; what was claimed since is counted against it. */
const BELIEVED_FOR = 1_000;

/** Refuses what the disk has no room for. */
export interface FreeSpace {
  /** Rejects with MailError OUTBOX_DISK when this many bytes more would eat into the reserve. */
  claim(bytes: number): Promise<void>;
}

/** Watches the disk that holds `folder`; `clock` gives ms that never go back. */
export function createFreeSpace(
  fs: FileSystem,
  folder: string,
  clock: () => number = () => performance.now(),
): FreeSpace {
  let free = Infinity;
  let measured = -Infinity;
  let measuring: Promise<void> | null = null;

  async function measure(): Promise<void> {
    try {
      const { bavail, bsize, blocks } = await fs.statfs(folder);
      // Some network and memory file systems know no size: then the write itself has to tell.
      free = blocks === 0 ? Infinity : bavail * bsize;
    } catch {
      free = Infinity;
    }
    measured = clock();
    measuring = null;
  }

  return {
    async claim(bytes) {
      if (clock() - measured >= BELIEVED_FOR) await (measuring ??= measure());
      if (free - bytes < Math.max(RESERVE, 2 * bytes)) {
        // The next claim looks again: space may come back at any time.
        measured = -Infinity;
        throw new MailError(
          'OUTBOX_DISK',
          t`The disk of the outbox ${folder} is full: ${inMb(free)} are free, ${inMb(bytes)} were to be stored and
            ${inMb(RESERVE)} stay reserved`,
          { hint: t`Free space on this disk; then mails are taken again.` },
        );
      }
      free -= bytes;
    },
  };
}

const inMb = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MB`;
