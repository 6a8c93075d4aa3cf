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
  type EmailResult,
  type ErrorSummary,
  type Msg,
  type OutgoingMail,
  type Problem,
  type RateLimit,
} from '../types';
import { createAccount } from './account';
import { createArrivals } from './arrivals';
import { createOwnTime, systemClock, type Clock } from '../clock';
import { createDispatcher, type Deliver } from './dispatcher';
import { createEnding } from './ending';
import { problemOf } from './hold';
import { afterAttempt, giveUp, isFinished, recovered } from './mail-state';
import type { RateLimitState } from './rate-limit';
import { plannedAttempt } from './retry';
import { newProgress, type Entry, type KeptEvent, type Store } from '../store/store';
import { createWaiting } from './waiting';

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
  /** Called when a mail failed in a way that may pass, and waits for its next attempt. */
  deferred?: (mail: OutgoingMail, error: ErrorSummary, attempts: number) => void;
  /** Called when the counts or the problem changed. */
  changed: () => void;
  /** Called when the store could not keep a change; the mail itself goes on. */
  trouble: (error: unknown) => void;
  /** The source msgs of a mail that this process took, so that they need not be read from the store. */
  liveMessages?: (mailId: string) => Msg[] | undefined;
  /** Puts off what is to be told to a node that is away until it is back; null when it need not be put off. */
  untilBack?: (nodeId: string) => ((tell: () => void) => void) | null;
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
  /** Keeps nothing any more; outcomes that are put off are told all the same. */
  close(): Promise<void>;
  counts(): Omit<Counts, 'ignored'>;
  problem(): Problem | null;
  /** Attempts that count in the current window of the rate limit. */
  rateUsed(): number;
  /** When the rate limit lets the next mail go, ms; 0 when it does so now. */
  blockedUntil(): number;
}

export function createOutbox(options: OutboxOptions): Outbox {
  const { store, report, changed, trouble, clock = systemClock, random = Math.random } = options;
  const time = createOwnTime(clock);
  const waiting = createWaiting();
  const account = createAccount(random);
  const ending = createEnding({
    store,
    report,
    trouble,
    liveMessages: (id) => options.liveMessages?.(id),
    untilBack: (nodeId) => options.untilBack?.(nodeId) ?? null,
    now: () => clock.wall(),
  });
  const dispatcher = createDispatcher({
    store,
    waiting,
    account,
    clock,
    time,
    rate: options.policy.rate,
    land,
    landed: changed,
    trouble,
  });
  let policy = options.policy;
  const arrivals = createArrivals();
  /** Mails that ended in an earlier process, whose node was away then. */
  const untold: Entry[] = [];
  /** When each mail was queued, in own time: a clock that is set must not make mails old. */
  const queuedAt = new WeakMap<Entry, number>();

  const held = () => waiting.ready + waiting.deferred + dispatcher.busy + arrivals.count;
  const expires = (entry: Entry) => (queuedAt.get(entry) ?? time.now()) + policy.retryFor;

  function wait(entry: Entry): void {
    waiting.add(entry, time.now());
  }

  /** Takes in a mail of another time, or of none yet. */
  function welcome(entry: Entry): void {
    const now = time.now();
    // Not younger than now: the clock may have been set back since.
    queuedAt.set(entry, Math.min(entry.mail.queuedAt - time.offset(), now));
    entry.progress.nextAttempt = plannedAttempt(entry.progress.nextAttempt, now);
    wait(entry);
  }

  async function land(entry: Entry, outcome: Attempt, started: number): Promise<void> {
    const attempt = account.judge(entry, outcome);
    const next = afterAttempt(entry.progress, attempt, { now: time.now(), expires: expires(entry), random });
    entry.progress = next.progress;
    const failure = next.state === 'queued' ? next.account : undefined;
    if (failure) account.failed(failure, started, time.now());
    else if (wasJudged(attempt)) account.worked(started);
    if (next.state === 'sent' || next.state === 'failed') return ending.finish(entry);
    await store.save(entry).catch(trouble);
    wait(entry);
    const { lastError, attempts } = entry.progress;
    if (next.state === 'deferred' && lastError) options.deferred?.(entry.mail, lastError, attempts);
    // The account failed again: mails that were tried for long enough end here, the others go on waiting.
    const now = time.now();
    if (failure) await giveUpAll(failure.error, (one) => expires(one) <= now);
  }

  async function giveUpAll(error: MailError, which: (entry: Entry) => boolean): Promise<void> {
    for (const entry of waiting.takeWhere(which)) {
      entry.progress = giveUp(entry.progress, error).progress;
      await ending.finish(entry);
    }
  }

  async function take(entry: Entry, events?: string[]): Promise<void> {
    await arrivals.pass(
      () => store.add(entry, events),
      () => welcome(entry),
    );
    changed();
    dispatcher.pump();
  }

  return {
    async open() {
      const { entries, events, rate, warnings } = await store.load();
      if (rate !== undefined) dispatcher.recallRate(rate as RateLimitState);
      for (const entry of entries) {
        entry.progress = recovered(entry.progress);
        if (isFinished(entry.progress)) untold.push(entry);
        else welcome(entry);
      }
      return { mails: entries.length, events, warnings };
    },
    async add(mail, events) {
      if (held() >= policy.limit) {
        throw new MailError('OUTBOX_FULL', t`The outbox holds ${policy.limit} mails already (outboxLimit)`, {
          hint: t`See why mails are not leaving (status of the connector), or raise outboxLimit.`,
        });
      }
      await take({ mail, progress: newProgress(mail.envelope.to), recovered: false }, events);
    },
    async moveTo(other) {
      const entries = waiting.takeWhere(() => true);
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
      account.forget();
      dispatcher.start(deliver, newPolicy);
      for (const entry of untold.splice(0)) void ending.finish(entry);
    },
    async stop() {
      await dispatcher.stop();
      account.forget();
      changed();
    },
    abandon: (reason) => giveUpAll(reason, () => true),
    async close() {
      await ending.close();
      await store.close();
    },
    counts: () => ({
      queued: waiting.ready + arrivals.count,
      deferred: waiting.deferred,
      sending: dispatcher.busy,
      ...ending.counts(),
    }),
    problem() {
      const hold = account.hold();
      if (!hold) return null;
      const { error, since, nextAttempt } = problemOf(hold);
      return { error, since: time.toWall(since), nextAttempt: time.toWall(nextAttempt) };
    },
    rateUsed: () => dispatcher.rateUsed(),
    blockedUntil() {
      const at = dispatcher.blockedUntil();
      return at === 0 ? 0 : time.toWall(at);
    },
  };
}

/** True when the attempt got as far as the mail itself; a connection that died on the way there says nothing good. */
function wasJudged({ failure }: Attempt): boolean {
  return !failure || !['aborted', 'connection', 'crowded'].includes(failure.scope);
}
