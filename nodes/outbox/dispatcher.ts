/** Who goes next, and when: ready mails leave through the connections that are free, the rate limit and the account allow. */
import { t } from '../language/text';
import { MailError, type Attempt, type OutgoingMail, type RateLimit } from '../types';
import { createAllowedConnections } from './allowed-connections';
import type { CircuitBreaker } from './circuit-breaker';
import type { Clock, MonotonicTime } from '../clock';
import { createAttemptsInFlight, type InFlight } from './in-flight';
import type { MailQueue } from './mail-queue';
import { nextRecipients } from './mail-state';
import { createRateLimit, type RateLimitState } from './rate-limit';
import type { Entry, Store } from '../store/store';

/** Hands one mail to the server. Never rejects: a failure is part of the attempt. */
export type Deliver = (
  mail: OutgoingMail,
  recipients: string[],
  control: {
    signal: AbortSignal;
    aboutToSendDot: () => Promise<void>;
    /** Most connections that may be open. */
    connections: number;
    /** To be called when the attempt has a connection that works, with how many do. */
    connected: (working: number) => void;
  },
) => Promise<Attempt>;

/** What times may lose on the way from monotonic time to the time of day and back, ms. */
const ROUNDING = 2;

export interface DispatcherOptions {
  store: Store;
  queue: MailQueue;
  circuit: CircuitBreaker;
  clock: Clock;
  time: MonotonicTime;
  rate: RateLimit;
  /** Applies the result of an attempt, begun at `started` in monotonic time, to its mail; the connection is free already. */
  settle: (entry: Entry, attempt: Attempt, started: number) => Promise<void>;
  /** An attempt is over and its result is stored. */
  onSettled: () => void;
  onError: (error: unknown) => void;
}

export interface Dispatcher {
  /** Attempts, and results that are being stored. */
  readonly busy: number;
  start(deliver: Deliver, policy: { connections: number; rate: RateLimit }): void;
  /** Lets attempts under way finish within a bound (< 9 s), ends the others, and begins none. */
  stop(): Promise<void>;
  /** Something may go now that could not before. */
  pump(): void;
  /** Goes on with the limit as an earlier process left it. */
  recallRate(state: RateLimitState): void;
  rateUsed(): number;
  /** When the rate limit lets the next mail go, monotonic time; 0 when it does so now. */
  blockedUntil(): number;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { store, queue, circuit, clock, time, settle, onError } = options;
  const inFlight = createAttemptsInFlight();
  let limiter = createRateLimit(options.rate);
  let limited = false;
  let allowed = createAllowedConnections(0);
  /** Connections that work, as far as the attempts under way told. */
  let working = 0;
  let deliver: Deliver | null = null;
  let cancelWake = () => {};

  function pump(): void {
    cancelWake();
    if (!deliver) return;
    const now = time.now();
    queue.promote(now);
    resetIdleCircuit(now);
    let blockedUntil = Infinity;
    while (queue.ready > 0 && hasRoom(now)) {
      const reservation = limiter.reserve(now);
      if (!reservation.ok) {
        blockedUntil = reservation.at;
        break;
      }
      start(queue.take((size) => circuit.probeIndex(size)) as Entry, reservation.slot, deliver);
    }
    sleepUntil(Math.min(blockedUntil, nextEvent()));
  }

  /** How many attempts may use a connection. */
  function concurrency(now: number): number {
    const state = circuit.state(now);
    if (state === 'closed') return allowed.limit(now);
    return state === 'half-open' ? 1 : 0;
  }

  /**
   * One connection is opened, and then no more at once than work already: neither a wrong password nor a server that allows
   * few connections is met with ten at the same moment.
   */
  function hasRoom(now: number): boolean {
    const { connections } = inFlight;
    // Without an attempt nobody hears of connections that end.
    if (connections === 0) working = 0;
    return connections < Math.min(concurrency(now), Math.max(1, 2 * working));
  }

  function nextEvent(): number {
    const outage = circuit.outage();
    const oneMore = !outage && queue.ready > 0 ? allowed.nextTry(time.now()) : Infinity;
    const due = Math.min(queue.nextDue(), oneMore);
    const waitsForProbe = outage && inFlight.connections === 0 && (queue.ready > 0 || isEmpty());
    return waitsForProbe ? Math.min(due, outage.nextAttempt) : due;
  }

  const isEmpty = () => queue.ready + queue.deferred + inFlight.size === 0;

  /** Without a mail to probe with, nobody knows any more whether the account has a problem. */
  function resetIdleCircuit(now: number): void {
    if (circuit.state(now) !== 'half-open' || !isEmpty()) return;
    circuit.reset();
    options.onSettled();
  }

  function sleepUntil(at: number): void {
    if (at !== Infinity) cancelWake = clock.after(at - time.now(), pump);
  }

  function start(entry: Entry, slot: number, via: Deliver): void {
    const abort = new AbortController();
    const started = time.now();
    inFlight.start(
      { entry, started, usesConnection: true, dotHandedOver: false, abort },
      (one) => attempt(one, slot, via),
      () => {
        options.onSettled();
        pump();
      },
    );
  }

  /** Never rejects, and never leaves a mail behind that is neither waiting nor ended. */
  async function attempt(one: InFlight, slot: number, via: Deliver): Promise<void> {
    let result: Attempt;
    try {
      // Before the attempt, so that the limit holds over a crash as well.
      if (limited) await store.saveRate(rateState());
      result = await tryOnce(one, via);
    } catch (error) {
      onError(error);
      result = brokeHere(error);
    }
    limiter.release(slot, time.now());
    if (result.working !== undefined) {
      working = result.working;
      allowed.refused(working, time.now());
    }
    const settled = settle(one.entry, result, one.started).catch(onError);
    if (!continuesAtOnce(result)) {
      // The connection is free now: the next mail need not wait until this result is stored.
      one.usesConnection = false;
      pump();
    }
    // Else the same mail goes again at once, and no later one before it.
    await settled;
  }

  async function tryOnce(one: InFlight, via: Deliver): Promise<Attempt> {
    // Stopped while the rate was written: the connections are about to close.
    if (deliver !== via) return notTried();
    const { entry } = one;
    return via(entry.mail, nextRecipients(entry.progress), {
      signal: one.abort.signal,
      connections: allowed.limit(time.now()),
      connected(now) {
        if (now === working) return;
        working = now;
        allowed.worked(working);
        pump();
      },
      aboutToSendDot: async () => {
        entry.progress.dotSent = true;
        await store.save(entry);
        one.dotHandedOver = true;
      },
    });
  }

  /** In the time of day, for a later process. */
  function rateState(): RateLimitState {
    return shifted(limiter.state(), time.offset());
  }

  return {
    get busy() {
      return inFlight.size;
    },
    start(newDeliver, { connections, rate }) {
      limiter = createRateLimit(rate, limiter.state());
      limited = rate.limit > 0;
      allowed = createAllowedConnections(connections);
      deliver = newDeliver;
      pump();
    },
    async stop() {
      deliver = null;
      cancelWake();
      await inFlight.finish();
    },
    pump,
    recallRate(state) {
      limiter = createRateLimit(options.rate, shifted(state, ROUNDING - time.offset()));
    },
    rateUsed: () => limiter.used(time.now()),
    blockedUntil: () => limiter.freeAt(time.now()),
  };
}

/** True when the mail is to go again before any later one. */
function continuesAtOnce({ failure, left }: Attempt): boolean {
  return failure?.scope === 'connection' || failure?.scope === 'crowded' || left !== undefined;
}

function shifted({ ended, open }: RateLimitState, by: number): RateLimitState {
  return { ended: ended.map(([end, places]) => [end + by, places]), open };
}

function notTried(): Attempt {
  const error = new MailError('ABORTED', t`The connector stops`);
  return {
    accepted: [],
    refused: [],
    response: null,
    failure: { scope: 'aborted', permanent: false, minWait: 0, error },
  };
}

/** A fault of this package or below it: the mail waits for its next attempt, so that it neither vanishes nor blocks others. */
function brokeHere(cause: unknown): Attempt {
  const text = cause instanceof Error ? cause.message : String(cause);
  const error = new MailError('INTERNAL', t`The mail could not be handed to the mail server: ${text}`, {
    cause,
  });
  return {
    accepted: [],
    refused: [],
    response: null,
    failure: { scope: 'message', permanent: false, minWait: 0, error },
  };
}
