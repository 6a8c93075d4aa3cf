/** Who goes next, and when: ready mails leave through the connections that are free, the rate limit and the account allow. */
import { t } from '../language/text';
import { MailError, type Attempt, type OutgoingMail, type RateLimit } from '../types';
import type { Account } from './account';
import { createAllowedConnections } from './allowed-connections';
import type { Clock, OwnTime } from '../clock';
import { createFlights, type Flight } from './in-flight';
import { probeIndex } from './hold';
import { nextRecipients } from './mail-state';
import { createRateLimit, type RateLimitState } from './rate-limit';
import type { Entry, Store } from '../store/store';
import type { Waiting } from './waiting';

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

/** Times that went from own time to the time of day and back may have lost so much, ms. */
const ROUNDING = 2;

export interface DispatcherOptions {
  store: Store;
  waiting: Waiting;
  account: Account;
  clock: Clock;
  time: OwnTime;
  rate: RateLimit;
  /** Decides what an attempt, begun at `started` in own time, makes of its mail; the connection is free already. */
  land: (entry: Entry, attempt: Attempt, started: number) => Promise<void>;
  /** An attempt is over and its result is kept. */
  landed: () => void;
  trouble: (error: unknown) => void;
}

export interface Dispatcher {
  /** Attempts, and results that are being kept. */
  readonly busy: number;
  start(deliver: Deliver, policy: { connections: number; rate: RateLimit }): void;
  /** Lets attempts under way finish within a bound (< 9 s), ends the others, and begins none. */
  stop(): Promise<void>;
  /** Something may go now that could not before. */
  pump(): void;
  /** Goes on with the limit as an earlier process left it. */
  recallRate(state: RateLimitState): void;
  rateUsed(): number;
  /** When the rate limit lets the next mail go, own time; 0 when it does so now. */
  blockedUntil(): number;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { store, waiting, account, clock, time, land, trouble } = options;
  const flights = createFlights();
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
    waiting.promote(now);
    forgetOldHold(now);
    let blockedUntil = Infinity;
    while (waiting.ready > 0 && hasRoom(now)) {
      const place = limiter.reserve(now);
      if (!place.ok) {
        blockedUntil = place.at;
        break;
      }
      const hold = account.hold();
      launch(waiting.take((size) => (hold ? probeIndex(hold, size) : 0)) as Entry, place.slot, deliver);
    }
    sleepUntil(Math.min(blockedUntil, nextEvent()));
  }

  /** How many attempts may be under way: one at a time while the account has a problem. */
  function width(now: number): number {
    const hold = account.hold();
    if (!hold) return allowed.limit(now);
    return now >= hold.nextAttempt ? 1 : 0;
  }

  /**
   * One connection is opened, and then no more at once than work already: neither a wrong password nor a server that allows
   * few connections is met with ten at the same moment.
   */
  function hasRoom(now: number): boolean {
    const { onWire } = flights;
    // Without an attempt nobody hears of connections that end.
    if (onWire === 0) working = 0;
    return onWire < Math.min(width(now), Math.max(1, 2 * working));
  }

  function nextEvent(): number {
    const hold = account.hold();
    const oneMore = !hold && waiting.ready > 0 ? allowed.nextTry(time.now()) : Infinity;
    const due = Math.min(waiting.nextDue(), oneMore);
    const heldUp = hold && flights.onWire === 0 && (waiting.ready > 0 || isEmpty());
    return heldUp ? Math.min(due, hold.nextAttempt) : due;
  }

  const isEmpty = () => waiting.ready + waiting.deferred + flights.size === 0;

  /** Without a mail to probe with, nobody knows any more whether the account has a problem. */
  function forgetOldHold(now: number): void {
    const hold = account.hold();
    if (!hold || now < hold.nextAttempt || !isEmpty()) return;
    account.forget();
    options.landed();
  }

  function sleepUntil(at: number): void {
    if (at !== Infinity) cancelWake = clock.after(at - time.now(), pump);
  }

  function launch(entry: Entry, slot: number, via: Deliver): void {
    const abort = new AbortController();
    const started = time.now();
    const flight: Flight = { entry, started, onWire: true, dotHandedOver: false, abort };
    flights.start(
      flight,
      () => fly(flight, slot, via),
      () => {
        options.landed();
        pump();
      },
    );
  }

  /** Never rejects, and never leaves a mail behind that is neither waiting nor ended. */
  async function fly(flight: Flight, slot: number, via: Deliver): Promise<void> {
    const { entry } = flight;
    let attempt: Attempt;
    try {
      // Before the attempt, so that the limit holds over a crash as well.
      if (limited) await store.saveRate(rateState());
      attempt = await tryOnce(flight, via);
    } catch (error) {
      trouble(error);
      attempt = brokeHere(error);
    }
    limiter.release(slot, time.now());
    if (attempt.working !== undefined) {
      working = attempt.working;
      allowed.refused(working, time.now());
    }
    const kept = land(entry, attempt, flight.started).catch(trouble);
    if (!goesOnAtOnce(attempt)) {
      // The connection is free now: the next mail need not wait until this result is kept.
      flight.onWire = false;
      pump();
    }
    // Else the same mail goes again at once, and no later one before it.
    await kept;
  }

  async function tryOnce(flight: Flight, via: Deliver): Promise<Attempt> {
    // Stopped while the rate was written: the connections are about to close.
    if (deliver !== via) return notTried();
    const { entry } = flight;
    return via(entry.mail, nextRecipients(entry.progress), {
      signal: flight.abort.signal,
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
        flight.dotHandedOver = true;
      },
    });
  }

  /** In the time of day, for a later process. */
  function rateState(): RateLimitState {
    return shifted(limiter.state(), time.offset());
  }

  return {
    get busy() {
      return flights.size;
    },
    start(newDeliver, { connections: most, rate }) {
      limiter = createRateLimit(rate, limiter.state());
      limited = rate.limit > 0;
      allowed = createAllowedConnections(most);
      deliver = newDeliver;
      pump();
    },
    async stop() {
      deliver = null;
      cancelWake();
      await flights.finish();
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
function goesOnAtOnce({ failure, left }: Attempt): boolean {
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
