/**
 * Which mail an event belongs to. Pure: time comes in, new state and what to send come out; the timer belongs
 * to the caller, who sets it for `nextDue` and calls `due` when it fires.
 */

/** The events of one mail. */
export interface Batch<E> {
  readonly key: string;
  readonly events: readonly E[];
}

/** A batch that still waits. Times in ms since the epoch. */
interface Waiting<E> {
  readonly key: string;
  /** Number of its events. */
  readonly count: number;
  /** A chain, so that adding an event costs the same however many there are. */
  readonly newest: Link<E>;
  /** When the first event came: the clock is not restarted by later ones. */
  readonly startedAt: number;
  readonly dueAt: number;
}

interface Link<E> {
  readonly event: E;
  readonly before: Link<E> | null;
}

/** The batches that wait, by key, the oldest first. */
export type Batches<E> = ReadonlyMap<string, Waiting<E>>;

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
  const before = alone ? undefined : batches.get(key);
  const startedAt = before?.startedAt ?? now;
  const waiting: Waiting<E> = {
    key,
    count: (before?.count ?? 0) + 1,
    newest: { event, before: before?.newest ?? null },
    startedAt,
    dueAt: startedAt + rules.timeout,
  };
  if (alone) return { batches, send: closed(waiting), startTimer: null };
  const others = new Map(batches);
  if (waiting.count >= rules.size) {
    others.delete(key);
    return { batches: others, send: closed(waiting), startTimer: null };
  }
  others.set(key, waiting);
  return { batches: others, send: null, startTimer: before ? null : waiting.dueAt };
}

/** Takes out every batch whose time has come at `now` (ms), the oldest first. */
export function dueBatches<E>(batches: Batches<E>, now: number): { batches: Batches<E>; send: Batch<E>[] } {
  return takeOut(batches, (batch) => now >= batch.dueAt);
}

/** Takes out everything that waits, the oldest first, to be sent now. */
export function flushBatches<E>(batches: Batches<E>): { batches: Batches<E>; send: Batch<E>[] } {
  return takeOut(batches, () => true);
}

/** Drops everything that waits and gives back the dropped events, so that each can be reported. */
export function resetBatches<E>(batches: Batches<E>): { batches: Batches<E>; dropped: E[] } {
  return { batches: emptyBatches(), dropped: [...batches.values()].flatMap((waiting) => eventsOf(waiting)) };
}

/** When the next batch is due (ms since the epoch), or null when none waits. */
export function nextDue<E>(batches: Batches<E>): number | null {
  let next: number | null = null;
  for (const { dueAt } of batches.values()) if (next === null || dueAt < next) next = dueAt;
  return next;
}

/** Events that wait in all batches. */
export function countEvents<E>(batches: Batches<E>): number {
  let sum = 0;
  for (const { count } of batches.values()) sum += count;
  return sum;
}

function takeOut<E>(
  batches: Batches<E>,
  wanted: (waiting: Waiting<E>) => boolean,
): { batches: Batches<E>; send: Batch<E>[] } {
  const send: Batch<E>[] = [];
  const rest = new Map<string, Waiting<E>>();
  for (const [key, waiting] of batches) {
    if (wanted(waiting)) send.push(closed(waiting));
    else rest.set(key, waiting);
  }
  return { batches: rest, send };
}

function closed<E>(waiting: Waiting<E>): Batch<E> {
  return { key: waiting.key, events: eventsOf(waiting) };
}

function eventsOf<E>({ count, newest }: Waiting<E>): E[] {
  const events = new Array<E>(count);
  let link: Link<E> | null = newest;
  for (let i = count - 1; link; i--, link = link.before) events[i] = link.event;
  return events;
}
