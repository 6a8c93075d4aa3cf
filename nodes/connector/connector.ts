/**
 * The life of a connector, from its configuration to its connections:
 *
 *   STOPPED ──start──▶ STARTING ──▶ RUN ──stop──▶ STOPPING ──▶ STOPPED
 *                          └──────▶ INIT_ERROR (the configuration can not work; a new deploy starts over)
 *
 * An outage of the mail server is no state of its own: the outbox carries it as a problem while the state stays RUN.
 */
import { t } from '../language/text';
import { MailError, type Counts, type ErrorSummary, type Problem, type RateLimit } from '../types';
import { summarize } from '../outbox/mail-state';
import type { Deliver } from '../outbox/dispatcher';
import type { Outbox, Policy } from '../outbox/outbox';
import type { SettingsSummary } from '../properties/summary';

export type ConnectorState = 'STOPPED' | 'STARTING' | 'RUN' | 'STOPPING' | 'INIT_ERROR';

/** The answer to `msg.action` and to the editor. */
export interface ConnectorStatus {
  state: ConnectorState;
  problem: Problem | null;
  counts: Counts;
  rate: RateLimit & { used: number };
  settings: SettingsSummary | null;
  lastError: ErrorSummary | null;
}

/** A connection to the mail server that can be opened with the settings in hand. */
export interface Transport {
  deliver: Deliver;
  close: () => void;
}

/** What the configuration amounts to: a way to connect, or the reason why there is none. */
export type StartPlan =
  { connect: () => Transport; policy: Policy; summary: SettingsSummary } | { error: MailError };

export interface ConnectorOptions {
  /** Opens the outbox that outlives this connector; rejects with a MailError when it can not be used. */
  openOutbox: (policy: Policy) => Promise<Outbox>;
  /** Reads the configuration anew at each start: environment variables may have changed. */
  plan: () => StartPlan;
  /** Resolves when outcomes can be sent into the flow: mails of an earlier process may end at once. */
  ready: Promise<void>;
  /** Called on each change of the state. */
  changed: (state: ConnectorState) => void;
  /** Called with what `changed` threw. */
  onError: (error: unknown) => void;
  /** Called before the outbox stops, while it still takes mails: time to hand over what waits in batches. */
  handOver: () => Promise<void>;
}

export interface Connector {
  state(): ConnectorState;
  /** Why the state is INIT_ERROR. */
  initError(): MailError | null;
  /** Resolves when the connector is in RUN or can not be; never waits for the mail server. */
  start(): Promise<void>;
  /** Resolves when no connection is open; takes less than 9 s. What was not sent stays in the outbox. */
  stop(): Promise<void>;
  /** Resolves when no start is under way. */
  settled(): Promise<void>;
  /** The outbox: there from the first RUN on, in any state then. Throws a MailError before, when there is nothing to hand over. */
  outbox(): Outbox;
  /** The current outage. */
  problem(): Problem | null;
  countIgnored(): void;
  status(): ConnectorStatus;
  noteError(error: ErrorSummary): void;
}

const NO_COUNTS = { queued: 0, deferred: 0, sending: 0, sent: 0, failed: 0 };

export function createConnector(options: ConnectorOptions): Connector {
  let state: ConnectorState = 'STOPPED';
  let initError: MailError | null = null;
  let lastError: ErrorSummary | null = null;
  let outbox: Outbox | null = null;
  let transport: Transport | null = null;
  let plan: Exclude<StartPlan, { error: MailError }> | null = null;
  let ignored = 0;
  /** Starts and stops happen one after the other, whoever asks. */
  let transition = Promise.resolve();

  function enter(next: ConnectorState): void {
    state = next;
    try {
      options.changed(next);
    } catch (error) {
      // Whoever is told can not keep the connector from what it does.
      options.onError(error);
    }
  }

  function fail(error: MailError): void {
    initError = error;
    lastError = summarize(error);
    enter('INIT_ERROR');
  }

  async function begin(): Promise<void> {
    if (state === 'RUN') return;
    enter('STARTING');
    initError = null;
    const next = options.plan();
    if ('error' in next) return fail(next.error);
    plan = next;
    try {
      outbox = await options.openOutbox(next.policy);
      transport = next.connect();
      await options.ready;
    } catch (error) {
      return fail(
        error instanceof MailError ? error : new MailError('CONFIG', String((error as Error).message)),
      );
    }
    // RUN is announced before the first mail moves, so that its outcome is never reported by a connector in STARTING.
    enter('RUN');
    outbox.start(transport.deliver, next.policy);
  }

  async function end(): Promise<void> {
    if (state !== 'RUN') {
      if (state !== 'STOPPED') enter('STOPPED');
      return;
    }
    enter('STOPPING');
    await options.handOver();
    await outbox?.stop();
    transport?.close();
    transport = null;
    enter('STOPPED');
  }

  const problem = () => outbox?.problem() ?? null;

  const queue = (step: () => Promise<void>) => (transition = transition.then(step));

  return {
    state: () => state,
    initError: () => initError,
    start: () => queue(begin),
    stop: () => queue(end),
    settled: () => transition,
    outbox() {
      if (!outbox) throw new MailError('OUTBOX_CLOSED', t`The outbox of the connector is not open`);
      return outbox;
    },
    problem,
    countIgnored() {
      ignored += 1;
    },
    status: () => ({
      state,
      problem: problem(),
      counts: { ...(outbox?.counts() ?? NO_COUNTS), ignored },
      rate: { ...(plan?.policy.rate ?? { limit: 0, period: 'minute' }), used: outbox?.rateUsed() ?? 0 },
      settings: plan?.summary ?? null,
      lastError,
    }),
    noteError(error) {
      lastError = error;
    },
  };
}
