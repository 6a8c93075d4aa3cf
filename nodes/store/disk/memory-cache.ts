/** Which mails stay in memory although they are on disk: the newest, as most mails leave as soon as they came. */

/** Mails and bytes that one outbox keeps in memory at most. */
export const MEMORY_SHARE = { mails: 1_000, bytes: 16 * 1024 * 1024 };

export interface MemoryShare {
  /** Keeps a mail of so many bytes; `evict` is called when its turn to leave memory comes, which may be at once. */
  keep(id: string, bytes: number, evict: () => void): void;
  has(id: string): boolean;
  /** The mail is finished: nothing is called. */
  forget(id: string): void;
}

export function createMemoryShare(most: { mails: number; bytes: number } = MEMORY_SHARE): MemoryShare {
  /** Oldest first. */
  const kept = new Map<string, { bytes: number; evict: () => void }>();
  let total = 0;

  function forget(id: string): void {
    total -= kept.get(id)?.bytes ?? 0;
    kept.delete(id);
  }

  return {
    keep(id, bytes, evict) {
      // A mail larger than the share would push all others out and then leave itself.
      if (bytes > most.bytes) return evict();
      kept.set(id, { bytes, evict });
      total += bytes;
      for (const [oldest, { evict: evictOldest }] of kept) {
        if (kept.size <= most.mails && total <= most.bytes) break;
        forget(oldest);
        evictOldest();
      }
    },
    has: (id) => kept.has(id),
    forget,
  };
}
