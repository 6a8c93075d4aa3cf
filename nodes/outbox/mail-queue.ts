/** The mails that wait for their turn: ready ones by priority, and deferred ones by the time of their next attempt. */
import type { Priority } from '../types';
import type { Entry } from '../store/store';

export interface MailQueue {
  /** Mails that may be tried now. */
  readonly ready: number;
  readonly deferred: number;
  /** Takes a mail in: deferred until its next attempt when that is after `now`, else ready in its old place. */
  add(entry: Entry, now: number): void;
  /** Makes deferred mails ready whose time has come. */
  promote(now: number): void;
  /** Takes out the most urgent and then oldest ready mail; `indexOf` picks another one out of those as urgent. */
  take(indexOf?: (size: number) => number): Entry | undefined;
  /** When the next deferred mail is due, ms; Infinity when there is none. */
  nextDue(): number;
  /** Takes out every mail that the test holds for. */
  takeWhere(test: (entry: Entry) => boolean): Entry[];
}

const PRIORITIES: Priority[] = ['high', 'normal', 'low'];

/** Creates an empty queue. */
export function createMailQueue(): MailQueue {
  const byId = (entry: Entry) => entry.mail.id;
  const ready = { high: createQueue(byId), normal: createQueue(byId), low: createQueue(byId) };
  const deferred = createQueue<Entry>((entry) => entry.progress.nextAttempt);
  const byUrgency = PRIORITIES.map((priority) => ready[priority]);

  return {
    get ready() {
      return byUrgency.reduce((sum, queue) => sum + queue.size, 0);
    },
    get deferred() {
      return deferred.size;
    },
    add(entry, now) {
      if (entry.progress.nextAttempt > now) deferred.add(entry);
      else ready[entry.mail.priority].add(entry);
    },
    promote(now) {
      for (
        let first = deferred.first();
        first && first.progress.nextAttempt <= now;
        first = deferred.first()
      ) {
        deferred.take();
        ready[first.mail.priority].add(first);
      }
    },
    take(indexOf = () => 0) {
      const queue = byUrgency.find(({ size }) => size > 0);
      return queue?.take(indexOf(queue.size));
    },
    nextDue: () => deferred.first()?.progress.nextAttempt ?? Infinity,
    takeWhere: (test) => [...byUrgency, deferred].flatMap((queue) => queue.takeWhere(test)),
  };
}

/** Items in ascending order of their rank; taking the first and adding at the end are cheap. */
export interface Queue<T> {
  readonly size: number;
  add(item: T): void;
  first(): T | undefined;
  /** Takes out the item at an index, the first when none is given. */
  take(index?: number): T | undefined;
  /** Takes out every item that the test holds for, in order. */
  takeWhere(test: (item: T) => boolean): T[];
}

/** Creates a queue; items of equal rank keep the order in which they came. */
export function createQueue<T>(rankOf: (item: T) => string | number): Queue<T> {
  let items: T[] = [];
  // Shifting an array of 10,000 mails for each one sent would cost more than the mail: the head moves instead.
  let head = 0;

  /** The index of the first item with a higher rank. */
  function upperBound(rank: string | number): number {
    let low = head;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (rankOf(items[middle] as T) <= rank) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    get size() {
      return items.length - head;
    },
    add(item) {
      const rank = rankOf(item);
      const last = items[items.length - 1];
      if (head === items.length || rankOf(last as T) <= rank) items.push(item);
      else items.splice(upperBound(rank), 0, item);
    },
    first: () => items[head],
    take(index = 0) {
      if (head + index >= items.length) return undefined;
      if (index > 0) return items.splice(head + index, 1)[0];
      const item = items[head] as T;
      (items as (T | undefined)[])[head] = undefined;
      head += 1;
      if (head > 1024 && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
    takeWhere(test) {
      const taken: T[] = [];
      const kept: T[] = [];
      for (let i = head; i < items.length; i++) {
        const item = items[i] as T;
        if (test(item)) taken.push(item);
        else kept.push(item);
      }
      items = kept;
      head = 0;
      return taken;
    },
  };
}
