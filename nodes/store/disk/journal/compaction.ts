/** Gives space of the journal back: deletes its oldest segments, after what still counts in them was written again. */
import type { Journal } from './journal';
import type { Item, JournalRecord, Ledger } from './live-records';
import type { RecordBlob } from './records';

/** Segments that may be there however little still counts. */
const SPARE_SEGMENTS = 4;

/**
 * Most closed segments for so many bytes that still count: twice what they need, so that each byte is written again
 * at most about once, and one mail that waits for long does not keep the segments after it for ever.
 */
export function mostSegments(bytes: number, segmentBytes: number): number {
  return SPARE_SEGMENTS + 2 * Math.ceil(bytes / segmentBytes);
}

export interface CompactionOptions {
  journal: Journal<JournalRecord>;
  ledger: Ledger;
  segmentBytes: number;
  /** True for an item about which a record is on its way: written again after that, it would be as it was before. */
  isBusy: (item: Item) => boolean;
  /** The blobs of an item. */
  read: (item: Item) => Promise<RecordBlob[]>;
}

export interface Compaction {
  /** Looks whether there is something to do; never rejects. Resolves when it is done, or can not be done now. */
  run(): Promise<void>;
}

export function createCompaction(options: CompactionOptions): Compaction {
  const { journal, ledger, segmentBytes, isBusy, read } = options;
  let running: Promise<void> | null = null;
  let again = false;

  async function clear(): Promise<void> {
    for (;;) {
      const [oldest] = journal.closedSegments();
      if (!oldest) return;
      const items = ledger.itemsIn(oldest);
      const rate = ledger.rate();
      const empty = items.size === 0 && rate?.segment !== oldest;
      if (!empty) {
        if (journal.closedSegments().length <= mostSegments(ledger.size(), segmentBytes)) return;
        for (const item of [...items]) await writeAgain(item);
        const last = ledger.rate();
        if (last?.segment === oldest) await journal.append({ type: 'rate', state: last.state });
        // One that was busy is still there: its own record calls again.
        if (ledger.itemsIn(oldest).size > 0) return;
      }
      await journal.remove(oldest);
    }
  }

  async function writeAgain(item: Item): Promise<void> {
    const { record } = item;
    const now = () => (record.type === 'mail' ? ledger.mail(record.mail.id) : ledger.event(record.id));
    if (now() !== item || isBusy(item)) return;
    const blobs = await read(item);
    if (now() !== item || isBusy(item)) return;
    // The events of a mail ended with its first record; an older one of them can not come back any more.
    await journal.append(record.type === 'mail' ? { ...record, events: [] } : record, blobs);
  }

  return {
    run() {
      again = true;
      running ??= (async () => {
        while (again) {
          again = false;
          // A disk that is full or fails shows at the next mail; clearing up is tried again then.
          await clear().catch(() => undefined);
        }
        running = null;
      })();
      return running;
    },
  };
}
