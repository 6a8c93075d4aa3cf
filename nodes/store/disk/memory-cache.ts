/**
 * Which mails stay in memory although they are on disk: those that came first, as they leave first. One that finds no room is
 * read from the disk when its turn comes.
 */

/** Mails and bytes that one outbox keeps in memory at most. */
export const MEMORY_SHARE = { mails: 5_000, bytes: 16 * 1024 * 1024 };

export interface MemoryShare {
  /** Whether there is room to keep a mail of so many bytes, which it takes. */
  keep(id: string, bytes: number): boolean;
  has(id: string): boolean;
  /** The mail is finished: nothing is called. */
  forget(id: string): void;
}

export function createMemoryShare(most: { mails: number; bytes: number } = MEMORY_SHARE): MemoryShare {
  const kept = new Map<string, number>();
  let total = 0;

  function forget(id: string): void {
    total -= kept.get(id) ?? 0;
    kept.delete(id);
  }

  return {
    keep(id, bytes) {
      if (kept.size >= most.mails || total + bytes > most.bytes) return false;
      kept.set(id, bytes);
      total += bytes;
      return true;
    },
    has: (id) => kept.has(id),
    forget,
  };
}
