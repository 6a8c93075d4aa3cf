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
  type Msg,
  type OutgoingMail,
  type Problem,
  type RateLimit,
} from '../types';
import { createFlights, type Flight } from './flights';
import { holdAfter, problemOf, probeIndex, type Hold } from './hold';
import { afterAttempt, giveUp, recovered } from './mail-state';
import { createRateLimit, type RateLimitState } from './rate-limit';
import { resultOf } from './result';
import { newProgress, type Entry, type KeptEvent, type Store } from './store';
import { createWaiting } from './waiting';

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
  /** The source msgs of a mail that this process took, so that they need not be read from the store. */
  liveMessages?: (mailId: string) => Msg[] | undefined;
  now?: () => number;
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
  /** Gives all waiting mails away, to be adopted by another outbox; call it stopped. */
  release(): Entry[];
  /** Takes a mail of another outbox, as it stands there. */
  adopt(entry: Entry): Promise<void>;
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
  /** When the rate limit lets the next mail go, ms; 0 when it does so now. */
  blockedUntil(): number;
}

export function createOutbox(options: OutboxOptions): Outbox {
  const { store, report, changed, trouble } = options;
  const now = options.now ?? Date.now;
  const random = options.random ?? Math.random;
  const waiting = createWaiting();
  const flights = createFlights();
  let policy = options.policy;
  let limiter = createRateLimit(policy.rate);
  let deliver: Deliver | null = null;
  let hold: Hold | null = null;
  let wake: NodeJS.Timeout | undefined;
  let blockedUntil = 0;
  let arriving = 0;
  let sent = 0;
  let failed = 0;
  /** Attempts that showed that the account works, and what that count was when a mail failed because of the account. */
  let landings = 0;
  const suspects = new WeakMap<Entry, number>();

  const held = () => waiting.ready + waiting.deferred + flights.size + arriving;
  const expires = (entry: Entry) => entry.mail.queuedAt + policy.retryFor;

  function pump(): void {
    clearTimeout(wake);
    if (!deliver) return;
    const time = now();
    waiting.promote(time);
    blockedUntil = 0;
    while (waiting.ready > 0 && flights.onWire < width(time)) {
      const place = limiter.reserve(time);
      if (!place.ok) {
        blockedUntil = place.at;
        break;
      }
      launch(waiting.take((size) => (hold ? probeIndex(hold, size) : 0)) as Entry, place.slot);
    }
    sleepUntil(Math.min(blockedUntil || Infinity, nextEvent()));
  }

  /** How many attempts may be under way: one at a time while the account has a problem. */
  function width(time: number): number {
    if (!hold) return policy.connections;
    return time >= hold.nextAttempt ? 1 : 0;
  }

  function nextEvent(): number {
    const due = waiting.nextDue();
    return hold && flights.onWire === 0 && waiting.ready > 0 ? Math.min(due, hold.nextAttempt) : due;
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
    };
    flights.start(
      flight,
      () => fly(flight, slot).catch(trouble),
      () => {
        changed();
        pump();
      },
    );
  }

  async function fly(flight: Flight, slot: number): Promise<void> {
    const { entry } = flight;
    // Before the attempt, so that the limit holds over a crash as well.
    if (policy.rate.limit > 0) await store.saveRate(limiter.state());
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
    waiting.add(entry, now());
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
    const messages = options.liveMessages?.(entry.mail.id) ?? (await store.loadMessages(entry));
    const result = { ...resultOf(entry, now()), messages };
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
    await giveUpAll(failure.error, (entry) => expires(entry) <= time);
  }

  async function giveUpAll(error: MailError, which: (entry: Entry) => boolean): Promise<void> {
    for (const entry of waiting.takeWhere(which)) {
      entry.progress = giveUp(entry.progress, error).progress;
      await finish(entry);
    }
  }

  async function take(entry: Entry, events?: string[]): Promise<void> {
    arriving += 1;
    try {
      await store.add(entry, events);
      waiting.add(entry, now());
    } finally {
      arriving -= 1;
    }
    changed();
    pump();
  }

  return {
    async open() {
      const { entries, events, rate, warnings } = await store.load();
      if (rate !== undefined) limiter = createRateLimit(policy.rate, rate as RateLimitState);
      for (const entry of entries) {
        entry.progress = recovered(entry.progress);
        waiting.add(entry, now());
      }
      return { mails: entries.length, events, warnings };
    },
    async add(mail, events) {
      if (held() >= policy.limit) {
        throw new MailError('OUTBOX_FULL', `The outbox holds ${policy.limit} mails already (outboxLimit)`, {
          hint: 'See why mails are not leaving (status of the connector), or raise outboxLimit.',
        });
      }
      await take({ mail, progress: newProgress(mail.envelope.to), recovered: false }, events);
    },
    release: () => waiting.takeWhere(() => true),
    adopt: (entry) => take(entry),
    keepEvent: (event) => store.keepEvent(event),
    dropEvents: (ids) => store.dropEvents(ids),
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
      await flights.finish();
      hold = null;
      changed();
    },
    abandon: (reason) => giveUpAll(reason, () => true),
    close: () => store.close(),
    counts: () => ({
      queued: waiting.ready + arriving,
      deferred: waiting.deferred,
      sending: flights.size,
      sent,
      failed,
    }),
    problem: () => hold && problemOf(hold),
    rateUsed: () => limiter.used(now()),
    blockedUntil: () => blockedUntil,
  };
}
