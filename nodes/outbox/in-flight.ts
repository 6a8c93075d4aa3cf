/** The attempts in flight. */
import type { Entry } from '../store/store';

/**
 * How long a stop lets an attempt go on before and after the final dot was handed over, ms. Before it nothing is lost by
 * ending it; after it the outcome would be unknown. Node-RED waits 15 s for a node to close.
 */
const STOP_GRACE = { beforeDot: 3_000, afterDot: 8_000 };

/** When a stop abandons an attempt that does not end although it was told to, or whose result a disk does not take, ms. */
const STOP_BOUND = 8_900;

/** One attempt. */
export interface InFlight {
  entry: Entry;
  /** When it began, monotonic ms. */
  started: number;
  /** False once another mail may use the connection: the attempt ended and only its result is still being stored. */
  usesConnection: boolean;
  dotHandedOver: boolean;
  abort: AbortController;
}

export interface AttemptsInFlight {
  /** Attempts, and results that are being stored. */
  readonly size: number;
  /** Attempts that use a connection. */
  readonly connections: number;
  /** Runs an attempt; `run` must not reject. `onSettled` is called when it ended and its result is stored. */
  start(attempt: InFlight, run: (attempt: InFlight) => Promise<void>, onSettled: () => void): void;
  /** Lets the attempts finish within the grace, then aborts them; resolves when all are over, in less than 9 s in any case. */
  finish(): Promise<void>;
}

/** Nothing is in flight yet. */
export function createAttemptsInFlight(): AttemptsInFlight {
  const running = new Map<InFlight, Promise<void>>();

  const abort = (which: (attempt: InFlight) => boolean) => {
    for (const attempt of running.keys()) if (which(attempt)) attempt.abort.abort();
  };

  return {
    get size() {
      return running.size;
    },
    get connections() {
      let count = 0;
      for (const { usesConnection } of running.keys()) if (usesConnection) count += 1;
      return count;
    },
    start(attempt, run, onSettled) {
      // It counts from now on, whatever it sets going.
      running.set(attempt, Promise.resolve());
      const settled = run(attempt).finally(() => {
        running.delete(attempt);
        onSettled();
      });
      running.set(attempt, settled);
    },
    async finish() {
      const timers = [
        setTimeout(() => abort((attempt) => !attempt.dotHandedOver), STOP_GRACE.beforeDot),
        setTimeout(() => abort(() => true), STOP_GRACE.afterDot),
      ];
      const late = new Promise<void>((resolve) => timers.push(setTimeout(resolve, STOP_BOUND)));
      await Promise.race([Promise.all(running.values()), late]);
      timers.forEach(clearTimeout);
    },
  };
}
