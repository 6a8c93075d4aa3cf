/**
 * What a send-email node does with its msgs: check, read files, collect in batches, compose, and hand over to the connector,
 * in the order in which they came. It waits neither for the mail server nor for the disk before it takes the next msg.
 */
import { createMonotonicTime, systemClock, type Clock } from '../clock';
import { newMailId } from '../mail/compose';
import type { MailEvent } from '../mail/message';
import type { KeptEvent } from '../store/store';
import type { MailError, Msg, OutgoingMail } from '../types';
import { createBatches, type Batch } from './batch';
import { createIncoming, sizeOfEvent, type IncomingOptions } from './incoming';
import { createKeeper } from './pipeline/keeper';
import { asMailError, createOutgoing } from './outgoing';
import { createSerialQueue } from './pipeline/serial-queue';
import { createUnderWay } from './pipeline/under-way';

/** A msg and what has to be told when its mail is finished. */
export interface Source {
  msg: Msg;
  done: (error?: Error) => void;
}

interface Waiting {
  source: Source;
  event: MailEvent;
  /** The id under which the outbox keeps the event while it waits; null when it does not. */
  keptAs: string | null;
  /** It could not be kept, and its msg was refused. */
  lost: boolean;
  /** An earlier process took the msg. */
  recovered: boolean;
}

export interface SenderOptions extends IncomingOptions {
  nodeId: string;
  /** Puts a mail into the outbox, and with it the kept events it holds; rejects with a MailError when it is refused. */
  submit: (mail: OutgoingMail, sources: Source[], events: string[]) => Promise<void>;
  /** Keeps an event that waits in a batch; rejects with a MailError when it can not be kept. */
  keepEvent: (event: KeptEvent) => Promise<void>;
  dropEvents: (ids: string[]) => Promise<void>;
  /** Until when mails would only wait for the rate limit, ms: batches collect more events instead. */
  blockedUntil: () => number;
  /** A msg, or the msgs of a mail, that never reached the outbox. */
  refuse: (sources: Source[], error: MailError) => void;
  /** The number of waiting events changed. */
  changed: () => void;
  clock?: Clock;
}

export interface Sender {
  take(source: Source): void;
  /** Takes up events that waited when an earlier process ended. */
  restore(events: KeptEvent[]): void;
  /** Sends what waits in batches now; resolves when it and all msgs before are handed over. */
  flush(): Promise<void>;
  /** Drops what waits in batches; resolves with the dropped msgs. */
  reset(): Promise<Source[]>;
  /** Events that wait in batches. */
  waiting(): number;
  /** Sends what waits and sets no timer any more. */
  close(): Promise<void>;
}

export function createSender(options: SenderOptions): Sender {
  const { nodeId, submit, refuse, warn, changed, clock = systemClock } = options;
  const { batchSize, batchTimeout } = options.message.config;
  const batches = createBatches<Waiting>({ size: batchSize, timeout: batchTimeout * 1000 });
  const incoming = createIncoming(options);
  const outgoing = createOutgoing(options);
  /** The time of batches: one that waits for ten seconds does so whatever someone sets the clock to meanwhile. */
  const time = createMonotonicTime(clock);
  let cancelTimer = () => {};
  /** When the timer fires, monotonic time; null when none is set. */
  let timerAt: number | null = null;
  let closed = false;
  /** Msgs are read one after the other, and mails leave one after the other: in the order in which the msgs came. */
  const reading = createSerialQueue();
  const leaving = createSerialQueue();
  const underWay = createUnderWay();
  const keeper = createKeeper<Waiting>({
    write: async ({ event }) => {
      const id = newMailId(Date.now());
      await options.keepEvent({ id, nodeId, data: event });
      return id;
    },
    lost(waiting, error) {
      batches.remove(waiting.event.key, waiting);
      refuse([waiting.source], asMailError(error));
      changed();
    },
  });

  async function handle(source: Source): Promise<void> {
    await underWay.room();
    try {
      const event = await incoming(source.msg);
      join({ source, event, keptAs: null, lost: false, recovered: false }, time.now(), isUrgent(source.msg));
    } catch (error) {
      // Told in its turn: a msg that is refused says that those before it are safe.
      const told = underWay.settled().then(() => refuse([source], asMailError(error)));
      underWay.add(0, told);
    }
  }

  /** Puts an event into its batch, and sends that when it is full. */
  function join(waiting: Waiting, now: number, urgent: boolean): void {
    // A closed node collects no more: what still reaches it would wait for a batch that never ends.
    const alone = urgent || closed;
    const full = batches.add({ key: waiting.event.key, event: waiting, now, alone });
    if (full) dispatch(full);
    else if (waiting.keptAs === null) underWay.add(sizeOfEvent(waiting.event), keeper.keep(waiting));
    schedule();
    changed();
  }

  function restoreOne({ id, data }: KeptEvent): void {
    const event = data as MailEvent;
    const source: Source = { msg: event.msg, done: () => undefined };
    // Not later than now: the clock may have been set back since.
    const arrived = Math.min(event.arrivedAt - time.offset(), time.now());
    join({ source, event, keptAs: id, lost: false, recovered: true }, arrived, false);
  }

  /** Sends a batch after those before it. */
  function dispatch({ events }: Batch<Waiting>): void {
    const bytes = events.reduce((sum, { event }) => sum + sizeOfEvent(event), 0);
    const kept = keeper.leave(events);
    const sent = leaving(() => hand(events, kept)).then(({ fate }) => fate);
    underWay.add(bytes, sent);
  }

  /** Makes a mail and hands it over, without waiting for what comes of it: the next mail begins meanwhile. */
  async function hand(events: readonly Waiting[], kept: Promise<void>): Promise<{ fate: Promise<void> }> {
    await kept;
    return { fate: send(events.filter(({ lost }) => !lost)) };
  }

  /** Never rejects. */
  async function send(events: Waiting[]): Promise<void> {
    if (events.length === 0) return;
    const sources = events.map(({ source }) => source);
    const kept = idsOf(events);
    try {
      const mail = outgoing(
        events.map(({ event }) => event),
        events.some(({ recovered }) => recovered),
      );
      await submit(mail, sources, kept);
    } catch (error) {
      refuse(sources, asMailError(error));
      await forget(kept);
    }
  }

  /** What was reported as refused or dropped must not come back after a restart. */
  async function forget(kept: string[]): Promise<void> {
    if (kept.length === 0) return;
    await options.dropEvents(kept).catch((error: Error) => warn(error.message));
  }

  function dispatchAll(taken: Batch<Waiting>[]): void {
    taken.forEach(dispatch);
    schedule();
    changed();
  }

  function schedule(): void {
    const due = closed ? null : batches.nextDue();
    const at = due === null ? null : Math.max(due, blockedUntil());
    // Most events join a batch whose time is known.
    if (at === timerAt) return;
    cancelTimer();
    timerAt = at;
    if (at !== null) cancelTimer = clock.after(at - time.now(), () => void reading(timeIsUp));
  }

  /** Monotonic time; 0 when the rate limit lets the next mail go. */
  function blockedUntil(): number {
    const at = options.blockedUntil();
    return at === 0 ? 0 : at - time.offset();
  }

  function timeIsUp(): void {
    timerAt = null;
    // Another mail took the free place in the meantime.
    if (blockedUntil() > time.now()) return schedule();
    dispatchAll(batches.takeDue(time.now()));
  }

  const flush = () =>
    reading(async () => {
      dispatchAll(batches.takeAll());
      await underWay.settled();
    });

  return {
    take: (source) => void reading(() => handle(source)),
    flush,
    restore(events) {
      for (const event of events) {
        reading(() => restoreOne(event)).catch((error: Error) => warn(error.message));
      }
    },
    reset: () =>
      reading(async () => {
        const dropped = batches.takeAll().flatMap(({ events }) => events);
        schedule();
        changed();
        await keeper.leave(dropped);
        const left = dropped.filter(({ lost }) => !lost);
        await forget(idsOf(left));
        return left.map(({ source }) => source);
      }),
    waiting: () => batches.waiting,
    async close() {
      closed = true;
      await flush();
    },
  };
}

function idsOf(events: readonly Waiting[]): string[] {
  return events.flatMap(({ keptAs }) => keptAs ?? []);
}

/** Only a msg is urgent: a field set to high marks every mail of the node, also the ones that it collects in batches. */
function isUrgent({ priority }: Msg): boolean {
  return typeof priority === 'string' && priority.trim().toLowerCase() === 'high';
}
