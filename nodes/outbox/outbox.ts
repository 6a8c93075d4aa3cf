/**
 * The outbox: takes mails, delivers them in order through the connections it may use, repeats what failed,
 * and reports each mail exactly once when it is finished. What an attempt means for a mail is decided in
 * mail-state.ts; here is only who goes next and when.
 */
import {
  MailError,
  type Attempt,
  type Counts,
  type EmailResult,
  type Failure,
  type OutgoingMail,
  type Priority,
  type Problem,
  type RateLimit,
} from '../types';
import { holdAfter, problemOf, probeIndex, type Hold } from './hold';
import { afterAttempt, giveUp } from './mail-state';
import { createQueue } from './queue';
import { createRateLimit, type RateLimiter } from './rate-limit';
import { resultOf } from './result';
import { newProgress, type Entry, type Store } from './store';

/** How long `stop` lets an attempt go on before and after the final dot was handed over, ms. Node-RED waits 15 s for a node. */
const STOP_GRACE = { beforeDot: 3_000, afterDot: 8_000 };

/** The longest delay that a Node.js timer can hold, ms. */
const MAX_TIMER = 2_147_483_647;

/** Hands one mail to the server. Never rejects: a failure is part of the attempt. */
export type Deliver = (
  mail: OutgoingMail,
  recipients: string[],
  control: { signal: AbortSignal; aboutToSendDot: () => Promise<void> },
) => Promise<Attempt>;

export interface Policy {
  /** Most attempts at the same time. */
  connections: number;
  /** Most mails held. */
  limit: number;
  /** How long a mail is tried, ms from when it was queued. */
  retryFor: number;
  rate: RateLimit;
}

export interface OutboxOptions {
  store: Store;
  policy: Policy;
  /** Called once for each mail when it is finished. */
  report: (result: EmailResult, mail: OutgoingMail) => void;
  /** Called when the counts or the problem changed. */
  changed: () => void;
  /** Called when the store could not keep a change; the mail itself goes on. */
  trouble: (error: unknown) => void;
  now?: () => number;
  random?: () => number;
}

export interface Outbox {
  /** Reads what an earlier process left; call once before anything else. */
  open(): Promise<number>;
  /** Takes a mail; rejects with a MailError when it can not be kept. */
  add(mail: OutgoingMail): Promise<void>;
  start(deliver: Deliver, policy: Policy): void;
  /** Lets attempts under way finish within a bound (< 9 s) and keeps the rest. */
  stop(): Promise<void>;
  /** Fails every mail that waits, for the reason given; call it stopped. */
  abandon(reason: MailError): Promise<void>;
  close(): Promise<void>;
  counts(): Omit<Counts, 'ignored'>;
  problem(): Problem | null;
  /** Attempts that count in the current window of the rate limit. */
  rateUsed(): number;
}

interface Flight {
  entry: Entry;
  started: number;
  /** False once the attempt ended and only its result is still being kept. */
  onWire: boolean;
  dotHandedOver: boolean;
  abort: AbortController;
  /** Resolves when the attempt ended and its result is kept. */
  landed: Promise<void>;
}

const PRIORITIES: Priority[] = ['high', 'normal', 'low'];

export function createOutbox(options: OutboxOptions): Outbox {
  const { store, report, changed, trouble } = options;
  const now = options.now ?? Date.now;
  const random = options.random ?? Math.random;
  let policy = options.policy;
  let limiter: RateLimiter = createRateLimit(policy.rate);
  let deliver: Deliver | null = null;
  let hold: Hold | null = null;
  let wake: NodeJS.Timeout | undefined;
  let arriving = 0;
  let sent = 0;
  let failed = 0;

  const byId = (entry: Entry) => entry.mail.id;
  const ready = { high: createQueue(byId), normal: createQueue(byId), low: createQueue(byId) };
  const deferred = createQueue<Entry>((entry) => entry.progress.nextAttempt);
  const flights = new Set<Flight>();
  /** Attempts that showed that the account works, and what that count was when a mail failed because of the account. */
  let landings = 0;
  const suspects = new WeakMap<Entry, number>();
  let onWire = 0;

  const waiting = () => ready.high.size + ready.normal.size + ready.low.size;
  const held = () => waiting() + deferred.size + flights.size + arriving;
  const queueOf = (entry: Entry) => ready[entry.mail.priority];
  const expires = (entry: Entry) => entry.mail.queuedAt + policy.retryFor;
  const readyQueues = PRIORITIES.map((priority) => ready[priority]);
  const nextReady = () => readyQueues.find((queue) => queue.size > 0);

  function pump(): void {
    clearTimeout(wake);
    if (!deliver) return;
    const time = now();
    while (deferred.size > 0 && (deferred.first() as Entry).progress.nextAttempt <= time) {
      const due = deferred.take() as Entry;
      queueOf(due).add(due);
    }
    let blockedUntil = Infinity;
    while (onWire < width(time)) {
      const queue = nextReady();
      if (!queue) break;
      const place = limiter.reserve(time);
      if (!place.ok) {
        blockedUntil = place.at;
        break;
      }
      launch(queue.take(hold ? probeIndex(hold, queue.size) : 0) as Entry, place.slot);
    }
    sleepUntil(Math.min(blockedUntil, nextEvent()));
  }

  /** How many attempts may be under way: one at a time while the account has a problem. */
  function width(time: number): number {
    if (!hold) return policy.connections;
    return time >= hold.nextAttempt ? 1 : 0;
  }

  function nextEvent(): number {
    let at = Infinity;
    const firstDeferred = deferred.first();
    if (firstDeferred) at = firstDeferred.progress.nextAttempt;
    if (hold && onWire === 0 && waiting() > 0) at = Math.min(at, hold.nextAttempt);
    return at;
  }

  function sleepUntil(at: number): void {
    if (at === Infinity) return;
    wake = setTimeout(pump, Math.min(Math.max(at - now(), 1), MAX_TIMER));
  }

  function launch(entry: Entry, slot: number): void {
    const flight: Flight = {
      entry,
      started: now(),
      onWire: true,
      dotHandedOver: false,
      abort: new AbortController(),
      landed: Promise.resolve(),
    };
    flights.add(flight);
    onWire += 1;
    flight.landed = fly(flight, slot)
      .catch(trouble)
      .finally(() => {
        flights.delete(flight);
        changed();
        pump();
      });
  }

  async function fly(flight: Flight, slot: number): Promise<void> {
    const { entry } = flight;
    const attempt = await (deliver as Deliver)(entry.mail, entry.progress.pending, {
      signal: flight.abort.signal,
      aboutToSendDot: async () => {
        entry.progress.dotSent = true;
        await store.save(entry);
        flight.dotHandedOver = true;
      },
    });
    limiter.release(slot, now());
    flight.onWire = false;
    onWire -= 1;
    const kept = land(flight, attempt);
    // The connection is free now: the next mail need not wait until this result is kept.
    pump();
    await kept;
  }

  async function land({ entry, started }: Flight, outcome: Attempt): Promise<void> {
    const attempt = suspect(entry, outcome);
    const next = afterAttempt(entry.progress, attempt, { now: now(), expires: expires(entry), random });
    entry.progress = next.progress;
    const account = next.state === 'queued' ? next.account : undefined;
    if (account) {
      hold = holdAfter(hold, account, started, now(), random);
    } else if (attempt.failure?.scope !== 'aborted') {
      if (hold && started >= hold.renewed) hold = null;
      landings += 1;
    }
    if (next.state === 'sent' || next.state === 'failed') return finish(entry);
    await store.save(entry).catch(trouble);
    (next.state === 'deferred' ? deferred : queueOf(entry)).add(entry);
    if (account) await expireWaiting(account);
  }

  /**
   * When a mail fails as if the account were out of order, and failed so before, and the account worked in between, then
   * the cause is this mail (its size, its sender): it waits by itself, and the others go on.
   */
  function suspect(entry: Entry, attempt: Attempt): Attempt {
    if (attempt.failure?.scope !== 'account') return attempt;
    const before = suspects.get(entry);
    suspects.set(entry, landings);
    if (before === undefined || before === landings) return attempt;
    return { ...attempt, failure: { ...attempt.failure, scope: 'message' } };
  }

  async function finish(entry: Entry): Promise<void> {
    const result = resultOf(entry, now());
    if (result.status === 'sent') {
      sent += 1;
      // Forgotten before it is told: a crash in between must not send it again.
      await store.finish(entry, result).catch(trouble);
      report(result, entry.mail);
    } else {
      failed += 1;
      // Told before it is put away: a crash in between tells it again rather than never.
      report(result, entry.mail);
      await store.finish(entry, result).catch(trouble);
    }
  }

  /** The account failed again: mails that were tried for long enough end here, the others go on waiting. */
  async function expireWaiting(failure: Failure): Promise<void> {
    const time = now();
    const over = (entry: Entry) => expires(entry) <= time;
    const expired = [...readyQueues, deferred].flatMap((queue) => queue.takeWhere(over));
    for (const entry of expired) {
      entry.progress = giveUp(entry.progress, failure.error).progress;
      await finish(entry);
    }
  }

  return {
    async open() {
      const { entries } = await store.load();
      for (const entry of entries)
        (entry.progress.nextAttempt > now() ? deferred : queueOf(entry)).add(entry);
      return entries.length;
    },
    async add(mail) {
      if (held() >= policy.limit) {
        throw new MailError('OUTBOX_FULL', `The outbox holds ${policy.limit} mails already (outboxLimit)`, {
          hint: 'See why mails are not leaving (status of the connector), or raise outboxLimit.',
        });
      }
      const entry: Entry = { mail, progress: newProgress(mail.envelope.to), recovered: false };
      arriving += 1;
      try {
        await store.add(entry);
        queueOf(entry).add(entry);
      } finally {
        arriving -= 1;
      }
      changed();
      pump();
    },
    start(newDeliver, newPolicy) {
      limiter = createRateLimit(newPolicy.rate, limiter.state());
      policy = newPolicy;
      deliver = newDeliver;
      // A new start may have new settings: the old problem says nothing about them.
      hold = null;
      pump();
    },
    async stop() {
      deliver = null;
      clearTimeout(wake);
      const abort = (which: (flight: Flight) => boolean) => {
        for (const flight of flights) if (which(flight)) flight.abort.abort();
      };
      const timers = [
        setTimeout(() => abort((flight) => !flight.dotHandedOver), STOP_GRACE.beforeDot),
        setTimeout(() => abort(() => true), STOP_GRACE.afterDot),
      ];
      await Promise.all([...flights].map((flight) => flight.landed));
      timers.forEach(clearTimeout);
      hold = null;
      changed();
    },
    async abandon(reason) {
      for (const queue of [...readyQueues, deferred]) {
        for (const entry of queue.takeWhere(() => true)) {
          entry.progress = giveUp(entry.progress, reason).progress;
          await finish(entry);
        }
      }
    },
    close: () => store.close(),
    counts: () => ({
      queued: waiting() + arriving,
      deferred: deferred.size,
      sending: flights.size,
      sent,
      failed,
    }),
    problem: () => hold && problemOf(hold),
    rateUsed: () => limiter.used(now()),
  };
}
