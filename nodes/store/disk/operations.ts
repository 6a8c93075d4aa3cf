/** The calls of a store that are under way, and the mails and events that they are about. */
export interface Operations {
  /** Runs a call; what it is about is busy until it has ended. */
  run<T>(about: readonly string[], work: () => Promise<T>): Promise<T>;
  isBusy(about: string): boolean;
  /** Resolves when all calls have ended, well or not. */
  ended(): Promise<void>;
}

export function createOperations(): Operations {
  const running = new Set<Promise<unknown>>();
  const busy = new Map<string, number>();

  function count(about: readonly string[], step: 1 | -1): void {
    for (const key of about) {
      const calls = (busy.get(key) ?? 0) + step;
      if (calls > 0) busy.set(key, calls);
      else busy.delete(key);
    }
  }

  return {
    async run(about, work) {
      count(about, 1);
      const call = work();
      running.add(call);
      try {
        return await call;
      } finally {
        running.delete(call);
        count(about, -1);
      }
    },
    isBusy: (about) => busy.has(about),
    async ended() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

/**
 * A function that writes values of which only the newest counts: one that comes while another is written waits, and is
 * replaced by those after it. Resolves when the value, or a newer one, is written; rejects as `write` does.
 */
export function newestOnly<T>(write: (value: T) => Promise<void>): (value: T) => Promise<void> {
  let newest: { value: T } | null = null;
  let next: Promise<void> | null = null;
  let last: Promise<void> = Promise.resolve();

  return (value) => {
    if (newest && next) {
      newest.value = value;
      return next;
    }
    const mine = { value };
    newest = mine;
    next = last.then(() => {
      newest = null;
      return write(mine.value);
    });
    last = next.catch(() => undefined);
    return next;
  };
}
