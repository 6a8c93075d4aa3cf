/** Adds records to the journal, with their contents, and those that it owes from an earlier failure. */
import type { Contents, Part } from './contents';
import type { FreeSpace } from './space';
import type { Journal } from './journal/journal';
import type { Content, JournalRecord } from './journal/live-records';
import type { RecordBlob } from './journal/records';

export interface RecordWriter {
  /** Resolves when the record is durable; rejects with the error of the file system. */
  append(record: JournalRecord): Promise<void>;
  /** Writes the record that `make` makes of the places of its contents; leaves nothing behind when that fails. */
  appendWith<K extends string>(
    parts: Record<K, Part>,
    make: (places: Record<K, Content>) => JournalRecord,
  ): Promise<void>;
  /**
   * Writes that a mail is finished; when that fails the record goes with the next one that can be written. With others
   * under way (`busy`) it waits a moment for theirs, and shares their sync.
   */
  finished(id: string, busy: boolean): Promise<void>;
}

export function createRecordWriter(
  journal: Journal<JournalRecord>,
  contents: Contents,
  space: FreeSpace,
): RecordWriter {
  /** Finished mails whose record could not be written. */
  const owed = new Set<string>();

  function payOff(): void {
    if (owed.size === 0) return;
    const ids = [...owed];
    owed.clear();
    journal.append({ type: 'finished', ids }).catch(() => ids.forEach((id) => owed.add(id)));
  }

  async function append(record: JournalRecord, blobs?: RecordBlob[]): Promise<void> {
    payOff();
    await journal.append(record, blobs);
  }

  return {
    append: (record) => append(record),
    async appendWith<K extends string>(
      parts: Record<K, Part>,
      make: (places: Record<K, Content>) => JournalRecord,
    ) {
      await space.claim(Object.values<Part>(parts).reduce((sum, { size }) => sum + size, 0));
      const { places, blobs } = await contents.take(parts);
      try {
        await append(make(places), blobs);
      } catch (error) {
        await contents.remove(Object.values(places));
        throw error;
      }
    },
    async finished(id, busy) {
      const record: JournalRecord = { type: 'finished', ids: [id] };
      payOff();
      try {
        await (busy ? journal.appendLazily(record) : journal.append(record));
      } catch (error) {
        owed.add(id);
        throw error;
      }
    },
  };
}
