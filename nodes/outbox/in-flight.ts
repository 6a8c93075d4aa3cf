/** The attempts under way. */
import type { Entry } from '../store/store';

/**
 * How long a stop lets an attempt go on before and after the final dot was handed over, ms. Before it nothing is lost by
 * ending it; after it the outcome would be unknown. Node-RED waits 15 s for a node to close.
 */
const STOP_GRACE = { beforeDot: 3_000, afterDot: 8_000 };

/** When a stop leaves an attempt alone that does not end although it was told to, or whose result a disk does not take, ms. */
const STOP_BOUND = 8_900;

export interface Flight {
  entry: Entry;
  started: number;
  /** False once another mail may have its place: the attempt ended and only its result is still being kept. */
  onWire: boolean;
  dotHandedOver: boolean;
  abort: AbortController;
}

export interface Flights {
  /** Attempts, and results that are being kept. */
  readonly size: number;
  /** Attempts that use a connection. */
  readonly onWire: number;
  /** Runs an attempt; `run` must not reject. `over` is called when it ended and its result is kept. */
  start(flight: Flight, run: (flight: Flight) => Promise<void>, over: () => void): void;
  /** Lets the attempts finish within the grace, then ends them; resolves when all are over, in less than 9 s in any case. */
  finish(): Promise<void>;
}

export function createFlights(): Flights {
  const flights = new Map<Flight, Promise<void>>();

  const abort = (which: (flight: Flight) => boolean) => {
    for (const flight of flights.keys()) if (which(flight)) flight.abort.abort();
  };

  return {
    get size() {
      return flights.size;
    },
    get onWire() {
      let count = 0;
      for (const flight of flights.keys()) if (flight.onWire) count += 1;
      return count;
    },
    start(flight, run, over) {
      // It counts from now on, whatever it sets going.
      flights.set(flight, Promise.resolve());
      const landed = run(flight).finally(() => {
        flights.delete(flight);
        over();
      });
      flights.set(flight, landed);
    },
    async finish() {
      const timers = [
        setTimeout(() => abort((flight) => !flight.dotHandedOver), STOP_GRACE.beforeDot),
        setTimeout(() => abort(() => true), STOP_GRACE.afterDot),
      ];
      const late = new Promise<void>((resolve) => timers.push(setTimeout(resolve, STOP_BOUND)));
      await Promise.race([Promise.all(flights.values()), late]);
      timers.forEach(clearTimeout);
    },
  };
}
