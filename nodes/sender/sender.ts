/**
 * What a send-email node does with its msgs, one after the other: check, read files, collect in batches, compose, and hand
 * over to the connector. It never waits for the mail server.
 */
import { t } from '../language/text';
import { readAttachments } from '../mail/attachments/attachments';
import { createBatches, type Batch } from './batch';
import { compose, newMailId, newMessageId } from '../mail/compose';
import { buildContent } from '../mail/content';
import { bytesOf, isUnreadable } from '../mail/template/text-view';
import { prepareEvent, type CompiledMessage, type MailEvent } from '../mail/message';
import { checkAllowed, redirected, UNRESTRICTED, type Restrictions } from '../mail/recipients/restrictions';
import type { Externals } from '../mail/template/scope';
import { createMonotonicTime, systemClock, type Clock } from '../clock';
import { NO_VALUES, type FieldValues } from '../mail/typed-fields';
import type { KeptEvent } from '../store/store';
import { MailError, type Msg, type OutgoingMail } from '../types';
import { createSerialQueue } from './serial-queue';

/** A msg and what has to be told when its mail is finished. */
export interface Source {
  msg: Msg;
  done: (error?: Error) => void;
}

interface Waiting {
  source: Source;
  event: MailEvent;
  /** The id under which the outbox keeps the event while it waits; null when it never waited. */
  keptAs: string | null;
  /** An earlier process took the msg. */
  recovered: boolean;
}

export interface SenderOptions {
  nodeId: string;
  message: CompiledMessage;
  /** The absolute folder of attachFolder, empty when there is none. */
  attachFolder: string;
  /** The title of the connector and the sender that it gives to mails without one. */
  connector: () => {
    title: string;
    mailFrom: string | null;
    username: string;
    restrictions?: Restrictions;
  };
  /** The values that the templates take from outside the msg. */
  externals: (msg: Msg) => Promise<Externals>;
  /** The values of the fields that are no templates; not asked for when there are none. */
  values: (msg: Msg) => Promise<FieldValues>;
  /** The value of the property that names the files of a msg. */
  files: (msg: Msg) => unknown;
  /** Puts a mail into the outbox, and with it the kept events it holds; rejects with a MailError when it is refused. */
  submit: (mail: OutgoingMail, sources: Source[], events: string[]) => Promise<void>;
  /** Keeps an event that waits in a batch; rejects with a MailError when it can not be kept. */
  keepEvent: (event: KeptEvent) => Promise<void>;
  dropEvents: (ids: string[]) => Promise<void>;
  /** Until when mails would only wait for the rate limit, ms: batches collect more events instead. */
  blockedUntil: () => number;
  /** A msg, or the msgs of a mail, that never reached the outbox. */
  refuse: (sources: Source[], error: MailError) => void;
  warn: (text: string) => void;
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

const MIB = 1_048_576;

export function createSender(options: SenderOptions): Sender {
  const { message, submit, refuse, warn, changed, clock = systemClock } = options;
  const { config } = message;
  const rules = { size: config.batchSize, timeout: config.batchTimeout * 1000 };
  const limitBytes = config.attachMaxMb * MIB;
  const batches = createBatches<Waiting>(rules);
  /** The time of batches: one that waits for ten seconds does so whatever someone sets the clock to meanwhile. */
  const time = createMonotonicTime(clock);
  let cancelTimer = () => {};
  /** When the timer fires, monotonic time; null when none is set. */
  let timerAt: number | null = null;
  let closed = false;
  /** Msgs are handled one after the other, so that mails leave in the order in which msgs came. */
  const next = createSerialQueue();

  async function handle(source: Source): Promise<void> {
    const event = await prepare(source.msg);
    const waiting: Waiting = { source, event, keptAs: null, recovered: false };
    const full = add(waiting, time.now(), isUrgent(source.msg));
    if (!full) {
      waiting.keptAs = newMailId(Date.now());
      try {
        await options.keepEvent({ id: waiting.keptAs, nodeId: options.nodeId, data: event });
      } catch (error) {
        batches.remove(event.key, waiting);
        throw error;
      }
    }
    await after(full);
  }

  /** Adds an event to its batch; gives the batch that has to leave now. */
  function add(event: Waiting, now: number, alone: boolean): Batch<Waiting> | null {
    // A closed node collects no more: what still reaches it would wait for a batch that never ends.
    return batches.add({ key: event.event.key, event, now, alone: alone || closed });
  }

  async function after(full: Batch<Waiting> | null): Promise<void> {
    if (full) await dispatch(full);
    schedule();
    changed();
  }

  async function restoreOne({ id, data }: KeptEvent): Promise<void> {
    const event = data as MailEvent;
    const source: Source = { msg: event.msg, done: () => undefined };
    // Not later than now: the clock may have been set back since.
    const arrived = Math.min(event.arrivedAt - time.offset(), time.now());
    await after(add({ source, event, keptAs: id, recovered: true }, arrived, false));
  }

  async function prepare(msg: Msg): Promise<MailEvent> {
    const { title, mailFrom, username, restrictions = UNRESTRICTED } = options.connector();
    const { event, warnings } = prepareEvent(message, msg, {
      externals: await options.externals(msg),
      values: message.typed.size === 0 ? NO_VALUES : await options.values(msg),
      connector: title,
      now: Date.now(),
      username,
      ...(mailFrom === null ? {} : { mailFrom }),
    });
    checkAllowed(event.addresses, restrictions);
    warnings.forEach(warn);
    const { attach } = config;
    if (attach === 'none' && isBinary(msg.payload)) {
      warn(
        t`msg.payload is a Buffer, and nothing of it is in the mail. Set attach to "buffers" to attach it.`,
      );
    }
    const named = attach === 'none' ? undefined : options.files(msg);
    if (named === undefined && msg.attachments === undefined) return event;
    const {
      attachments,
      skipped,
      warnings: unused,
    } = await readAttachments(
      {
        ...(attach === 'none' ? {} : { property: named, mode: attach }),
        attachments: msg.attachments,
        filename: msg.filename,
        contentType: contentTypeOf(msg),
      },
      { folder: options.attachFolder, freeBytes: limitBytes, limitBytes },
    );
    unused.forEach(warn);
    return { ...event, attachments, skippedAttachments: skipped };
  }

  async function dispatch(batch: Batch<Waiting>): Promise<void> {
    const sources = batch.events.map(({ source }) => source);
    const kept = batch.events.flatMap(({ keptAs }) => keptAs ?? []);
    try {
      await submit(composeMail(batch.events), sources, kept);
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

  function composeMail(waiting: readonly Waiting[]): OutgoingMail {
    const now = Date.now();
    const events = waiting.map(({ event }) => event);
    const { title, restrictions } = options.connector();
    const made = buildContent(message, events, { connector: title, now });
    // Events that an earlier process kept were checked by the rules of then.
    checkAllowed(made, restrictions ?? UNRESTRICTED);
    const content = restrictions?.redirectTo ? redirected(made, restrictions.redirectTo) : made;
    for (const name of made.missing) {
      warn(
        t`The template has {{${name}}}, which no msg of the mail has: it stays empty. Check how it is written.`,
      );
    }
    const composed = compose(content, {
      messageId: newMessageId(content.from.address),
      date: now,
      offset: message.formats.offset(now),
    });
    return {
      id: newMailId(now),
      nodeId: options.nodeId,
      ...composed,
      queuedAt: now,
      count: events.length,
      messages: events.map(({ msg }) => msg),
      recovered: waiting.some(({ recovered }) => recovered),
    };
  }

  async function dispatchAll(taken: Batch<Waiting>[]): Promise<void> {
    for (const batch of taken) await dispatch(batch);
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
    if (at !== null) cancelTimer = clock.after(at - time.now(), () => void next(timeIsUp));
  }

  /** Monotonic time; 0 when the rate limit lets the next mail go. */
  function blockedUntil(): number {
    const at = options.blockedUntil();
    return at === 0 ? 0 : at - time.offset();
  }

  async function timeIsUp(): Promise<void> {
    timerAt = null;
    // Another mail took the free place in the meantime.
    if (blockedUntil() > time.now()) return schedule();
    await dispatchAll(batches.takeDue(time.now()));
  }

  const flush = () => next(() => dispatchAll(batches.takeAll()));

  return {
    take(source) {
      next(() => handle(source)).catch((error: unknown) => refuse([source], asMailError(error)));
    },
    flush,
    restore(events) {
      for (const event of events) {
        next(() => restoreOne(event)).catch((error: Error) => warn(error.message));
      }
    },
    reset: () =>
      next(async () => {
        const dropped = batches.takeAll().flatMap(({ events }) => events);
        await forget(dropped.flatMap(({ keptAs }) => keptAs ?? []));
        schedule();
        changed();
        return dropped.map(({ source }) => source);
      }),
    waiting: () => batches.waiting,
    async close() {
      closed = true;
      await flush();
    },
  };
}

/** Only a msg is urgent: a field set to high marks every mail of the node, also the ones that it collects in batches. */
function isUrgent({ priority }: Msg): boolean {
  return typeof priority === 'string' && priority.trim().toLowerCase() === 'high';
}

/** Bytes that no text view shows. */
function isBinary(value: unknown): boolean {
  const bytes = bytesOf(value);
  return bytes !== undefined && bytes.length > 0 && isUnreadable(bytes);
}

/** The type of a Buffer that the http request node fetched. */
function contentTypeOf({ headers }: Msg): unknown {
  return typeof headers === 'object' && headers !== null
    ? (headers as Record<string, unknown>)['content-type']
    : undefined;
}

function asMailError(error: unknown): MailError {
  if (error instanceof MailError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new MailError('CONTENT', t`The mail could not be composed: ${text}`, {
    hint: t`Check the template and the msg.`,
    cause: error,
  });
}
