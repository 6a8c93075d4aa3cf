/** The mails that wait for their turn: ready ones by priority, and deferred ones by the time of their next attempt. */
import type { Priority } from '../types';
import { createQueue } from './queue';
import type { Entry } from '../store/store';

export interface Waiting {
  /** Mails that may be tried now. */
  readonly ready: number;
  readonly deferred: number;
  /** Takes a mail in: deferred until its next attempt when that is after `now`, else ready in its old place. */
  add(entry: Entry, now: number): void;
  /** Makes deferred mails ready whose time has come. */
  promote(now: number): void;
  /** Takes the next ready mail out, the most urgent and then the oldest; `skip` gives the place of another one. */
  take(skip?: (size: number) => number): Entry | undefined;
  /** When the next deferred mail is due, ms; Infinity when there is none. */
  nextDue(): number;
  /** Takes out every mail that the test holds for. */
  takeWhere(test: (entry: Entry) => boolean): Entry[];
}

const PRIORITIES: Priority[] = ['high', 'normal', 'low'];

export function createWaiting(): Waiting {
  const byId = (entry: Entry) => entry.mail.id;
  const ready = { high: createQueue(byId), normal: createQueue(byId), low: createQueue(byId) };
  const deferred = createQueue<Entry>((entry) => entry.progress.nextAttempt);
  const inOrder = PRIORITIES.map((priority) => ready[priority]);

  return {
    get ready() {
      return inOrder.reduce((sum, queue) => sum + queue.size, 0);
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
    take(skip = () => 0) {
      const queue = inOrder.find(({ size }) => size > 0);
      return queue?.take(skip(queue.size));
    },
    nextDue: () => deferred.first()?.progress.nextAttempt ?? Infinity,
    takeWhere: (test) => [...inOrder, deferred].flatMap((queue) => queue.takeWhere(test)),
  };
}
