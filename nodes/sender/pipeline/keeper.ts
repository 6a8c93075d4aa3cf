/**
 * Keeps events while they wait in batches: those of the same moment share a sync. One whose batch leaves before its turn
 * comes is not kept at all, for its mail is.
 */

/** An event that waits. */
export interface Keepable {
  /** The id under which the outbox keeps it; null as long as it does not. */
  keptAs: string | null;
  /** It could not be kept, and its msg was refused. */
  lost: boolean;
}

export interface KeeperOptions<W extends Keepable> {
  /** Keeps an event; gives the id under which it is kept. */
  write: (event: W) => Promise<string>;
  /** An event could not be kept. */
  lost: (event: W, error: unknown) => void;
}

export interface Keeper<W extends Keepable> {
  /** Resolves when the event is kept, or lost, or has left before. */
  keep(event: W): Promise<void>;
  /** These leave in a mail, or are dropped: resolves when those that are just written are kept or lost. */
  leave(events: readonly W[]): Promise<void>;
}

/** Events that are written at once: enough to share a sync, few enough not to hold up the process. */
const MOST_AT_ONCE = 200;

export function createKeeper<W extends Keepable>({ write, lost }: KeeperOptions<W>): Keeper<W> {
  /** Each with what tells that its fate is known. */
  const pending = new Map<W, () => void>();
  const writing = new Map<W, Promise<void>>();
  let busy = false;

  async function writeOne(event: W): Promise<void> {
    try {
      event.keptAs = await write(event);
    } catch (error) {
      event.lost = true;
      lost(event, error);
    }
  }

  async function writeAll(): Promise<void> {
    busy = true;
    // A turn of promises later, so that events of the same moment go together.
    await Promise.resolve();
    while (pending.size > 0) {
      for (const [event, known] of [...pending].slice(0, MOST_AT_ONCE)) {
        pending.delete(event);
        const written = writeOne(event).finally(() => {
          writing.delete(event);
          known();
        });
        writing.set(event, written);
      }
      await Promise.all(writing.values());
    }
    busy = false;
  }

  return {
    keep: (event) =>
      new Promise((resolve) => {
        pending.set(event, resolve);
        if (!busy) void writeAll();
      }),
    async leave(events) {
      for (const event of events) {
        pending.get(event)?.();
        pending.delete(event);
      }
      await Promise.all(events.flatMap((event) => writing.get(event) ?? []));
    },
  };
}
