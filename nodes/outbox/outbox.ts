/**
 * The outbox: takes mails, delivers them in order through the connections it may use, repeats what failed,
 * and reports each mail exactly once when it is finished. Who goes next is decided in dispatcher.ts, what an attempt means
 * for a mail in mail-state.ts; here they meet.
 */
import { t } from '../language/text';
import {
  MailError,
  type Attempt,
  type Counts,
  type ErrorSummary,
  type OutgoingMail,
  type Problem,
  type RateLimit,
} from '../types';
import { createMonotonicTime, systemClock, type Clock } from '../clock';
import { createArrivals } from './arrivals';
import { createCircuitBreaker } from './circuit-breaker';
import { createCompletion, type OutcomeReceiver } from './completion';
import { createDispatcher, type Deliver } from './dispatcher';
import { createMailQueue } from './mail-queue';
import { afterAttempt, giveUp, isFinished, recovered, summarize } from './mail-state';
import type { RateLimitState } from './rate-limit';
import { plannedAttempt } from './retry';
import { newProgress, type Entry, type KeptEvent, type Store } from '../store/store';

export interface Policy {
  /** Most attempts at the same time. */
  connections: number;
  /** Most mails held. */
  limit: number;
  /** How long a mail is tried, ms from when it was queued. */
  retryFor: number;
  rate: RateLimit;
}

/** What a connector hears of its outbox. */
export interface OutboxEvents {
  /** A mail failed for good; `told` is false when its node is gone and has not heard of it. */
  failed: (mail: OutgoingMail, error: ErrorSummary, told: boolean) => void;
  /** A mail failed in a way that may pass, and waits for its next attempt. */
  deferred: (mail: OutgoingMail, error: ErrorSummary, attempts: number) => void;
  /** The counts or the problem changed. */
  changed: () => void;
  /** The store could not keep a change, or a receiver of an outcome threw; the mail itself goes on. */
  onError: (error: unknown) => void;
}

export interface OutboxOptions {
  store: Store;
  policy: Policy;
  /** Gets the outcome of each mail, once. */
  receiver: OutcomeReceiver;
  events: OutboxEvents;
  clock?: Clock;
  random?: () => number;
}

/** What an earlier process left. */
export interface Leftovers {
  mails: number;
  /** Events that waited in batches. */
  events: KeptEvent[];
  warnings: string[];
}

export interface Outbox {
  /** Reads what an earlier process left; call once before anything else. Rejects with a MailError. */
  open(): Promise<Leftovers>;
  /** Takes a mail, and the kept events that it holds. Rejects with a MailError when it can not be kept. */
  add(mail: OutgoingMail, events?: string[]): Promise<void>;
  /** Keeps an event that waits in a batch. Rejects with a MailError when it can not. */
  keepEvent(event: KeptEvent): Promise<void>;
  dropEvents(ids: string[]): Promise<void>;
  /** Hands all waiting mails to another outbox; call it stopped. Rejects when one is not taken: it and the rest stay here. */
  moveTo(other: Outbox): Promise<void>;
  /** Takes a mail of another outbox as it stands there, however many it holds. Rejects with a MailError. */
  adopt(entry: Entry): Promise<void>;
  start(deliver: Deliver, policy: Policy): void;
  /** Lets attempts under way finish within a bound (< 9 s) and keeps the rest. */
  stop(): Promise<void>;
  /** Fails every mail that waits, for the reason given; call it stopped. */
  abandon(reason: MailError): Promise<void>;
  /** Closes the store. Deferred outcomes are still reported. */
  close(): Promise<void>;
  counts(): Omit<Counts, 'ignored'>;
  problem(): Problem | null;
  /** Attempts that count in the current window of the rate limit. */
  rateUsed(): number;
  /** When the rate limit lets the next mail go, ms; 0 when it does so now. */
  blockedUntil(): number;
}

export function createOutbox(options: OutboxOptions): Outbox {
  const { store, receiver, clock = systemClock, random = Math.random } = options;
  const { failed, deferred, changed, onError } = options.events;
  const time = createMonotonicTime(clock);
  const queue = createMailQueue();
  const circuit = createCircuitBreaker(random);
  const completion = createCompletion({ store, receiver, failed, onError, now: () => clock.wall() });
  const { rate } = options.policy;
  const dispatcher = createDispatcher({
    store,
    queue,
    circuit,
    clock,
    time,
    rate,
    settle,
    onSettled: changed,
    onError,
  });
  let policy = options.policy;
  const arrivals = createArrivals();
  /** Mails that ended in an earlier process, whose node was away then. */
  const unreported: Entry[] = [];
  /** When each mail was queued, in monotonic time: a clock that is set must not make mails old. */
  const queuedAt = new WeakMap<Entry, number>();

  const held = () => queue.ready + queue.deferred + dispatcher.busy + arrivals.count;
  const expires = (entry: Entry) => (queuedAt.get(entry) ?? time.now()) + policy.retryFor;

  function wait(entry: Entry): void {
    queue.add(entry, time.now());
  }

  /** Takes in a mail of another time, or of none yet. */
  function welcome(entry: Entry): void {
    const now = time.now();
    // Not younger than now: the clock may have been set back since.
    queuedAt.set(entry, Math.min(entry.mail.queuedAt - time.offset(), now));
    entry.progress.nextAttempt = plannedAttempt(entry.progress.nextAttempt, now);
    wait(entry);
  }

  /** Applies the result of an attempt to its mail. The connection has already been released. */
  async function settle(entry: Entry, result: Attempt, started: number): Promise<void> {
    const attempt = circuit.classify(entry, result);
    const next = afterAttempt(entry.progress, attempt, { now: time.now(), expires: expires(entry), random });
    entry.progress = next.progress;
    const failure = next.state === 'queued' ? next.account : undefined;
    if (failure) circuit.trip(failure, started, time.now());
    else if (reachedVerdict(attempt)) circuit.succeeded(started);
    if (next.state === 'sent' || next.state === 'failed') return completion.complete(entry);
    await store.save(entry).catch(onError);
    wait(entry);
    const { lastError, attempts } = entry.progress;
    if (next.state === 'deferred' && lastError) deferred(entry.mail, lastError, attempts);
    // The account failed again: mails that were tried for long enough end here, the others go on waiting.
    const now = time.now();
    if (failure) await giveUpAll(failure.error, (one) => expires(one) <= now);
  }

  async function giveUpAll(error: MailError, which: (entry: Entry) => boolean): Promise<void> {
    for (const entry of queue.takeWhere(which)) {
      entry.progress = giveUp(entry.progress, error).progress;
      await completion.complete(entry);
    }
  }

  async function take(entry: Entry, eventIds?: string[]): Promise<void> {
    await arrivals.pass(
      () => store.add(entry, eventIds),
      () => welcome(entry),
    );
    changed();
    dispatcher.pump();
  }

  return {
    async open() {
      const loaded = await store.load();
      const { entries, warnings } = loaded;
      if (loaded.rate !== undefined) dispatcher.recallRate(loaded.rate as RateLimitState);
      for (const entry of entries) {
        entry.progress = recovered(entry.progress);
        if (isFinished(entry.progress)) unreported.push(entry);
        else welcome(entry);
      }
      return { mails: entries.length, events: loaded.events, warnings };
    },
    async add(mail, eventIds) {
      if (held() >= policy.limit) {
        throw new MailError('OUTBOX_FULL', t`The outbox holds ${policy.limit} mails already (outboxLimit)`, {
          hint: t`See why mails are not leaving (status of the connector), or raise outboxLimit.`,
        });
      }
      await take({ mail, progress: newProgress(mail.envelope.to), recovered: false }, eventIds);
    },
    async moveTo(other) {
      const entries = queue.takeWhere(() => true);
      let moved = 0;
      try {
        for (const entry of entries) {
          await other.adopt(entry);
          moved += 1;
        }
      } finally {
        entries.slice(moved).forEach(wait);
      }
    },
    adopt: (entry) => take(entry),
    keepEvent: (event) => store.keepEvent(event),
    dropEvents: (ids) => store.dropEvents(ids),
    start(deliver, newPolicy) {
      policy = newPolicy;
      // A new start may have new settings: the old problem says nothing about them.
      circuit.reset();
      dispatcher.start(deliver, newPolicy);
      for (const entry of unreported.splice(0)) void completion.complete(entry);
    },
    async stop() {
      await dispatcher.stop();
      circuit.reset();
      changed();
    },
    abandon: (reason) => giveUpAll(reason, () => true),
    async close() {
      await completion.close();
      await store.close();
    },
    counts: () => ({
      queued: queue.ready + arrivals.count,
      deferred: queue.deferred,
      sending: dispatcher.busy,
      ...completion.counts(),
    }),
    problem() {
      const outage = circuit.outage();
      if (!outage) return null;
      return {
        error: summarize(outage.failure.error),
        since: time.toWallClock(outage.since),
        nextAttempt: time.toWallClock(outage.nextAttempt),
      };
    },
    rateUsed: () => dispatcher.rateUsed(),
    blockedUntil() {
      const at = dispatcher.blockedUntil();
      return at === 0 ? 0 : time.toWallClock(at);
    },
  };
}

/** True when the attempt got as far as the mail itself; a connection that died on the way there says nothing good. */
function reachedVerdict({ failure }: Attempt): boolean {
  return !failure || !['aborted', 'connection', 'crowded'].includes(failure.scope);
}
