/** Runs steps one after the other, as the msgs of a node are handled, and lets the rest of the process go on in between. */
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long steps run before the rest of the process has its turn, ms: below what a person or a socket notices. */
const TURN_MS = 5;

export type SerialQueue = <T>(step: () => T | Promise<T>) => Promise<T>;

/** Creates a queue: each step begins when the one before it ended, whether it failed or not. */
export function createSerialQueue(): SerialQueue {
  let tail: Promise<unknown> = Promise.resolve();
  let turnEnds = 0;

  async function inTurn<T>(step: () => T | Promise<T>): Promise<T> {
    // Steps that wait for nothing outside would otherwise follow each other without end: a flow can bring thousands at once.
    if (performance.now() >= turnEnds) {
      await nextTurn();
      turnEnds = performance.now() + TURN_MS;
    }
    return step();
  }

  return (step) => {
    const result = tail.then(() => inTurn(step));
    tail = result.catch(() => undefined);
    return result;
  };
}
