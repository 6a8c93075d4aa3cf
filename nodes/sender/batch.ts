/**
 * Which mail an event belongs to. Time comes in, batches come out; the timer belongs to the caller, who sets it for
 * `nextDue` and calls `takeDue` when it fires. Each call costs the same however many batches wait.
 */

/** The events of one mail. */
export interface Batch<E> {
  readonly key: string;
  readonly events: readonly E[];
}

export interface BatchRules {
  /** Events that fill a batch; 1 sends each at once. */
  size: number;
  /** Milliseconds from the first event until the batch is sent. */
  timeout: number;
}

/** The batches that wait. Times in ms since the epoch. */
export interface Batches<E> {
  /**
   * Adds an event that came at `now`. Gives the batch that it filled, or the event by itself when it is `alone` (urgent):
   * they wait no more.
   */
  add(entry: { key: string; event: E; now: number; alone: boolean }): Batch<E> | null;
  /** Takes an event out of the batch that it waits in; false when it waits in none. */
  remove(key: string, event: E): boolean;
  /** Takes out every batch whose time has come, the oldest first. */
  takeDue(now: number): Batch<E>[];
  /** Takes out everything that waits, the oldest first. */
  takeAll(): Batch<E>[];
  /** When the next batch is due; null when none waits. */
  nextDue(): number | null;
  /** Events that wait in all batches. */
  readonly waiting: number;
}

/** A batch that waits, and its neighbours in the row of those that do, by the time at which they are due. */
interface Waiting<E> {
  readonly key: string;
  readonly events: E[];
  readonly dueAt: number;
  before: Waiting<E> | null;
  after: Waiting<E> | null;
}

/** No batch waits yet. */
export function createBatches<E>(rules: BatchRules): Batches<E> {
  const byKey = new Map<string, Waiting<E>>();
  let first: Waiting<E> | null = null;
  let last: Waiting<E> | null = null;
  let waiting = 0;

  /** The clock of a batch starts with its first event and is not restarted by later ones. */
  function begin(key: string, now: number): Waiting<E> {
    const dueAt = now + rules.timeout;
    // Nearly always the last: only an event of an earlier process, or of before a clock was set, comes late to its place.
    let before = last;
    while (before && before.dueAt > dueAt) before = before.before;
    const batch: Waiting<E> = { key, events: [], dueAt, before, after: before ? before.after : first };
    if (batch.before) batch.before.after = batch;
    else first = batch;
    if (batch.after) batch.after.before = batch;
    else last = batch;
    byKey.set(key, batch);
    return batch;
  }

  function end(batch: Waiting<E>): Batch<E> {
    if (batch.before) batch.before.after = batch.after;
    else first = batch.after;
    if (batch.after) batch.after.before = batch.before;
    else last = batch.before;
    byKey.delete(batch.key);
    waiting -= batch.events.length;
    return { key: batch.key, events: batch.events };
  }

  function takeWhile(wanted: (batch: Waiting<E>) => boolean): Batch<E>[] {
    const taken: Batch<E>[] = [];
    while (first && wanted(first)) taken.push(end(first));
    return taken;
  }

  return {
    add({ key, event, now, alone }) {
      if (alone || rules.size <= 1) return { key, events: [event] };
      const batch = byKey.get(key) ?? begin(key, now);
      batch.events.push(event);
      waiting += 1;
      return batch.events.length >= rules.size ? end(batch) : null;
    },
    remove(key, event) {
      const batch = byKey.get(key);
      const place = batch ? batch.events.lastIndexOf(event) : -1;
      if (!batch || place < 0) return false;
      batch.events.splice(place, 1);
      waiting -= 1;
      if (batch.events.length === 0) end(batch);
      return true;
    },
    takeDue: (now) => takeWhile(({ dueAt }) => now >= dueAt),
    takeAll: () => takeWhile(() => true),
    nextDue: () => first?.dueAt ?? null,
    get waiting() {
      return waiting;
    },
  };
}
