/**
 * Which mail an event belongs to. Pure: time comes in, new state and what to send come out; the timer belongs
 * to the caller, who sets it for `nextDue` and calls `due` when it fires.
 */

/** Events that wait for one mail. Times in ms since the epoch. */
export interface Batch<E> {
  readonly key: string;
  readonly events: readonly E[];
  /** When the first event came: the clock is not restarted by later ones. */
  readonly startedAt: number;
  readonly dueAt: number;
}

/** The batches that wait, by key, the oldest first. */
export type Batches<E> = ReadonlyMap<string, Batch<E>>;

export interface BatchRules {
  /** Events that fill a batch; 1 sends each at once. */
  size: number;
  /** Milliseconds from the first event until the batch is sent. */
  timeout: number;
}

/** No batch waits. */
export function emptyBatches<E>(): Batches<E> {
  return new Map();
}

/** One text for all parts that events must share to meet in one mail; different parts never give the same. */
export function batchKey(parts: readonly unknown[]): string {
  return JSON.stringify(parts);
}

/**
 * Adds an event that came at `now` (ms). `send` is the batch that it filled, or the event by itself when it is
 * `alone` (urgent); `startTimer` is set when the event began a batch: the time at which that is due.
 */
export function addEvent<E>(
  batches: Batches<E>,
  rules: BatchRules,
  entry: { key: string; event: E; now: number; alone: boolean },
): { batches: Batches<E>; send: Batch<E> | null; startTimer: number | null } {
  const { key, event, now, alone } = entry;
  const waiting = alone ? undefined : batches.get(key);
  const startedAt = waiting?.startedAt ?? now;
  const batch: Batch<E> = {
    key,
    events: [...(waiting?.events ?? []), event],
    startedAt,
    dueAt: startedAt + rules.timeout,
  };
  if (alone) return { batches, send: batch, startTimer: null };
  const others = new Map(batches);
  if (batch.events.length >= rules.size) {
    others.delete(key);
    return { batches: others, send: batch, startTimer: null };
  }
  others.set(key, batch);
  return { batches: others, send: null, startTimer: waiting ? null : batch.dueAt };
}

/** Takes out every batch whose time has come at `now` (ms), the oldest first. */
export function dueBatches<E>(batches: Batches<E>, now: number): { batches: Batches<E>; send: Batch<E>[] } {
  // A clock that was set back must not make a batch wait for hours: time before its start counts as due.
  return takeOut(batches, (batch) => now >= batch.dueAt || now < batch.startedAt);
}

/** Takes out everything that waits, the oldest first, to be sent now. */
export function flushBatches<E>(batches: Batches<E>): { batches: Batches<E>; send: Batch<E>[] } {
  return takeOut(batches, () => true);
}

/** Drops everything that waits and gives back the dropped events, so that each can be reported. */
export function resetBatches<E>(batches: Batches<E>): { batches: Batches<E>; dropped: E[] } {
  return { batches: emptyBatches(), dropped: [...batches.values()].flatMap((batch) => [...batch.events]) };
}

/** When the next batch is due (ms since the epoch), or null when none waits. */
export function nextDue<E>(batches: Batches<E>): number | null {
  let next: number | null = null;
  for (const { dueAt } of batches.values()) if (next === null || dueAt < next) next = dueAt;
  return next;
}

function takeOut<E>(
  batches: Batches<E>,
  wanted: (batch: Batch<E>) => boolean,
): { batches: Batches<E>; send: Batch<E>[] } {
  const send: Batch<E>[] = [];
  const rest = new Map<string, Batch<E>>();
  for (const [key, batch] of batches) {
    if (wanted(batch)) send.push(batch);
    else rest.set(key, batch);
  }
  return { batches: rest, send };
}
