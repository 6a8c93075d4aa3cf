/**
 * What a send-email node does with its msgs, one after the other: check, read files, collect in batches, compose, and hand
 * over to the connector. It never waits for the mail server.
 */
import { readAttachments } from '../mail/attachments';
import {
  addEvent,
  dueBatches,
  emptyBatches,
  flushBatches,
  nextDue,
  resetBatches,
  type Batch,
  type Batches,
} from '../mail/batch';
import { compose, newMailId, newMessageId } from '../mail/compose';
import { buildContent } from '../mail/content';
import { prepareEvent, type CompiledMessage, type MailEvent } from '../mail/message';
import type { Externals } from '../mail/scope';
import { MailError, type Msg, type OutgoingMail } from '../types';

/** A msg and what has to be told when its mail is finished. */
export interface Source {
  msg: Msg;
  done: (error?: Error) => void;
}

interface Waiting {
  source: Source;
  event: MailEvent;
}

export interface SenderOptions {
  nodeId: string;
  message: CompiledMessage;
  /** The absolute folder of attachFolder, empty when there is none. */
  attachFolder: string;
  /** The title of the connector and the sender that it gives to mails without one. */
  connector: () => { title: string; mailFrom: string | null; username: string };
  /** The values that the templates take from outside the msg. */
  externals: (msg: Msg) => Promise<Externals>;
  /** The value of the property that names the files of a msg. */
  files: (msg: Msg) => unknown;
  /** Puts a mail into the outbox; rejects with a MailError when it is refused. */
  submit: (mail: OutgoingMail, sources: Source[]) => Promise<void>;
  /** A msg, or the msgs of a mail, that never reached the outbox. */
  refuse: (sources: Source[], error: MailError) => void;
  warn: (text: string) => void;
  /** The number of waiting events changed. */
  changed: () => void;
}

export interface Sender {
  take(source: Source): void;
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
  const { message, submit, refuse, warn, changed } = options;
  const { config } = message;
  const rules = { size: config.batchSize, timeout: config.batchTimeout * 1000 };
  const limitBytes = config.attachMaxMb * MIB;
  let batches: Batches<Waiting> = emptyBatches();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  /** Msgs are handled one after the other, so that mails leave in the order in which msgs came. */
  let tail: Promise<unknown> = Promise.resolve();

  function next<T>(step: () => Promise<T>): Promise<T> {
    const result = tail.then(step);
    tail = result.catch(() => undefined);
    return result;
  }

  async function handle(source: Source): Promise<void> {
    const event = await prepare(source.msg);
    const added = addEvent(batches, rules, {
      key: event.key,
      event: { source, event },
      now: Date.now(),
      alone: isUrgent(source.msg),
    });
    batches = added.batches;
    if (added.send) await dispatch(added.send);
    schedule();
    changed();
  }

  async function prepare(msg: Msg): Promise<MailEvent> {
    const { title, mailFrom, username } = options.connector();
    const { event, warnings } = prepareEvent(message, msg, {
      externals: await options.externals(msg),
      connector: title,
      now: Date.now(),
      username,
      ...(mailFrom === null ? {} : { mailFrom }),
    });
    warnings.forEach(warn);
    const named = config.attach ? options.files(msg) : undefined;
    if (named === undefined && msg.attachments === undefined) return event;
    const { attachments, skipped } = await readAttachments(
      { property: named, attachments: msg.attachments, filename: msg.filename },
      { folder: options.attachFolder, freeBytes: limitBytes, limitBytes },
    );
    return { ...event, attachments, skippedAttachments: skipped };
  }

  async function dispatch(batch: Batch<Waiting>): Promise<void> {
    const sources = batch.events.map(({ source }) => source);
    try {
      await submit(await composeMail(batch.events.map(({ event }) => event)), sources);
    } catch (error) {
      refuse(sources, asMailError(error));
    }
  }

  async function composeMail(events: MailEvent[]): Promise<OutgoingMail> {
    const now = Date.now();
    const content = buildContent(message, events, { connector: options.connector().title, now });
    const composed = await compose(content, { messageId: newMessageId(content.from.address), date: now });
    return {
      id: newMailId(now),
      nodeId: options.nodeId,
      ...composed,
      queuedAt: now,
      count: events.length,
      messages: events.map(({ msg }) => msg),
    };
  }

  async function dispatchAll(taken: { batches: Batches<Waiting>; send: Batch<Waiting>[] }): Promise<void> {
    batches = taken.batches;
    for (const batch of taken.send) await dispatch(batch);
    schedule();
    changed();
  }

  function schedule(): void {
    clearTimeout(timer);
    const due = nextDue(batches);
    if (due === null || closed) return;
    timer = setTimeout(
      () => void next(() => dispatchAll(dueBatches(batches, Date.now()))),
      Math.max(due - Date.now(), 0),
    );
  }

  const flush = () => next(() => dispatchAll(flushBatches(batches)));

  return {
    take(source) {
      next(() => handle(source)).catch((error: unknown) => refuse([source], asMailError(error)));
    },
    flush,
    reset: () =>
      next(() => {
        const { batches: rest, dropped } = resetBatches(batches);
        batches = rest;
        schedule();
        changed();
        return Promise.resolve(dropped.map(({ source }) => source));
      }),
    waiting: () => [...batches.values()].reduce((sum, batch) => sum + batch.events.length, 0),
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

function asMailError(error: unknown): MailError {
  if (error instanceof MailError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new MailError('CONTENT', `The mail could not be composed: ${text}`, {
    hint: 'Check the template and the msg.',
    cause: error,
  });
}
