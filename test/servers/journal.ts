/** A list that grows while a test runs, and that a test can wait on. */

export interface Journal<T> {
  readonly items: readonly T[];
  add: (item: T) => void;
  /** Resolves with the first `count` items; rejects after `ms` with what did come. */
  waitFor: (count: number, ms?: number) => Promise<T[]>;
  /** Resolves with the first item, past or future, that fits; rejects after `ms` with what did come. */
  waitForOne: (fits: (item: T) => boolean, ms?: number) => Promise<T>;
  /** Resolves with the items in the order they came, one for each call; rejects after `ms`. */
  next: (ms?: number) => Promise<T>;
  /** Rejects everything that waits now or later. */
  fail: (reason: Error) => void;
}

const DEFAULT_WAIT = 10_000;
const SHOWN_AT_MOST = 30;

/**
 * Makes an empty journal.
 *
 * @param name what the items are, for the message of a wait that ran out
 * @param describe one line for an item
 * @param context more to say when a wait ran out, such as a log
 */
export function createJournal<T>(
  name: string,
  describe: (item: T) => string,
  context: () => string = () => '',
): Journal<T> {
  const items: T[] = [];
  const checks = new Set<() => void>();
  let taken = 0;
  let failure: Error | undefined;

  function report(wish: string, ms: number): Error {
    const shown = items.slice(-SHOWN_AT_MOST).map((item) => `  ${describe(item)}`);
    const list =
      shown.length === 0 ? 'nothing came' : `${items.length} came, at the end:\n${shown.join('\n')}`;
    return new Error(`waited ${ms} ms for ${wish} of ${name}: ${list}${context()}`);
  }

  function wait<R>(look: () => R | undefined, wish: string, ms: number): Promise<R> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        checks.delete(check);
      };
      const check = (): void => {
        const found = look();
        if (found !== undefined) {
          end();
          resolve(found);
        } else if (failure) {
          end();
          reject(failure);
        }
      };
      const timer = setTimeout(() => {
        end();
        reject(report(wish, ms));
      }, ms);
      checks.add(check);
      check();
    });
  }

  function runChecks(): void {
    for (const check of [...checks]) check();
  }

  return {
    items,
    add(item) {
      items.push(item);
      runChecks();
    },
    waitFor: (count, ms = DEFAULT_WAIT) =>
      wait(() => (items.length >= count ? items.slice(0, count) : undefined), `${count}`, ms),
    waitForOne: (fits, ms = DEFAULT_WAIT) => wait(() => items.find(fits), 'one', ms),
    next(ms = DEFAULT_WAIT) {
      const index = taken++;
      return wait(() => items[index], `number ${index + 1}`, ms);
    },
    fail(reason) {
      failure ??= reason;
      runChecks();
    },
  };
}
