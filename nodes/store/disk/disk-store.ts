/**
 * Keeps an outbox on disk: what `add`, `save` and `keepEvent` took survives the end of the process and of the machine at
 * any point. In the folder:
 *
 *   lock-N      the process that holds it
 *   journal/    records of all that happens to mails and events, and the small contents
 *   mails/      large contents, each a file
 *   failed/     mails that failed for good, for 30 days
 *   damaged/    what could not be read, or does not belong here; never deleted
 */
import { randomUUID } from 'node:crypto';
import fsPromises from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { t } from '../../language/text';
import { MailError, type Msg, type OutgoingMail } from '../../types';
import { createCompaction } from './journal/compaction';
import { createContents, INLINE_BYTES, type Source } from './contents';
import { removeExpired, writeDeadLetter } from './dead-letters';
import { diskError } from './disk-error';
import { codeOf, type FileSystem } from './files';
import { createFreeSpace } from './space';
import { createJournal } from './journal/journal';
import {
  createLedger,
  isJournalRecord,
  storedMail,
  type Item,
  type JournalRecord,
  type MailRecord,
} from './journal/live-records';
import { createMemoryShare } from './memory-cache';
import { mailName } from '../mail-name';
import { decodeValue, encodeValue } from './msg-codec';
import { createOperations, newestOnly } from './operations';
import { acquireLock, type LockTimes, type OutboxLock } from './lock';
import { createRecordWriter } from './record-writer';
import { recover } from './recovery';
import type { Entry, Store } from '../store';
import { makeFolders, storeFolders } from './folders';

/** Large enough that files are rarely made, small enough to be read into memory at the start, bytes. */
const SEGMENT_BYTES = 16 * 1024 * 1024;

/** Of the files with the contents of a mail. */
const ENDING = { body: 'eml', messages: 'msgs' };

const DAY = 86_400_000;

export interface DiskStoreOptions {
  /** Absolute; made when it is not there. */
  folder: string;
  /** Called with a text for the log when something has to be known that no caller waits for. */
  warn: (text: string) => void;
  fs?: FileSystem;
  segmentBytes?: number;
  lockTimes?: LockTimes;
}

/** Creates the store; nothing is touched before `load`, which rejects with OUTBOX_LOCKED, OUTBOX_FOLDER or OUTBOX_DISK. */
export function createDiskStore(options: DiskStoreOptions): Store {
  const { folder, warn, fs = fsPromises, segmentBytes = SEGMENT_BYTES } = options;
  const folders = storeFolders(folder);
  const ledger = createLedger();
  const contents = createContents(fs, folders);
  const space = createFreeSpace(fs, folder);
  const share = createMemoryShare();
  let lock: OutboxLock | null = null;
  const journal = createJournal<JournalRecord>({
    fs,
    folder: folders.journal,
    segmentBytes,
    isRecord: isJournalRecord,
    kept: ledger.apply,
    mayWrite: async () => lock?.check(),
  });
  const operations = createOperations();
  const keyOf = ({ record }: Item) => (record.type === 'mail' ? record.mail.id : eventKey(record.id));
  const compaction = createCompaction({
    journal,
    ledger,
    segmentBytes,
    isBusy: (item) => operations.isBusy(keyOf(item)),
    read: (item) => contents.blobs(item),
  });
  const records = createRecordWriter(journal, contents, space);
  let state: 'new' | 'open' | 'closed' = 'new';
  let lastOrder = 0;
  let daily: NodeJS.Timeout | undefined;

  /** Runs one call of the store; `about` names the mails and events that it has records of. */
  async function operation(about: string[], work: () => Promise<void>): Promise<void> {
    if (state !== 'open') throw new MailError('OUTBOX_CLOSED', t`The outbox ${folder} is closed`);
    try {
      await operations.run(about, work);
    } catch (error) {
      throw diskError(error, folder);
    } finally {
      void compaction.run();
    }
  }

  const eventContents = (ids: string[]) => ids.flatMap((id) => ledger.event(id)?.record.data ?? []);

  const source = (id: string, which: 'body' | 'messages'): Source => ({
    item: () => ledger.mail(id),
    content: (item) => (item.record as MailRecord)[which],
  });

  /** Keeps what is left of a damaged content: its mail will be finished, and a person may make something of it. */
  async function setAside(mail: OutgoingMail, which: 'body' | 'messages'): Promise<void> {
    const path = await contents.setAside(source(mail.id, which), `${mail.id}.${ENDING[which]}`);
    const name = mailName(mail);
    if (path) warn(t`The damaged content of the mail "${name}" was set aside in ${path}.`);
  }

  const openBody = (id: string) => () => contents.stream(source(id, 'body'));

  function restored({ record }: Item<MailRecord>): Entry {
    const mail = { ...record.mail, messages: [], open: openBody(record.mail.id) };
    return { mail, progress: structuredClone(record.progress), recovered: true };
  }

  async function expireDeadLetters(): Promise<void> {
    await removeExpired(fs, folders.failed, Date.now()).catch((error: unknown) => {
      warn(t`Old mails in ${folders.failed} could not be deleted: ${(error as Error).message}`);
    });
  }

  const saveRate = newestOnly(async (rate: unknown) => {
    await operation([], () => records.append({ type: 'rate', state: rate })).catch((error: unknown) => {
      warn(t`The state of the rate limit could not be kept: ${(error as Error).message}`);
    });
  });

  return {
    async load() {
      try {
        await makeFolders(fs, folder);
        lock = await acquireLock(fs, folder, options.lockTimes);
        const { events, warnings } = await recover({ fs, folders, journal, ledger, contents });
        await expireDeadLetters();
        state = 'open';
        daily = setInterval(() => void expireDeadLetters(), DAY).unref();
        lastOrder = ledger.events().at(-1)?.record.order ?? 0;
        void compaction.run();
        const entries: Entry[] = [];
        for (const item of ledger.mails()) {
          // Many mails may wait: the rest of Node-RED starts meanwhile.
          if (entries.push(restored(item)) % 100 === 0) await nextTurn();
        }
        entries.sort((a, b) => (a.mail.id < b.mail.id ? -1 : 1));
        return { entries, events, rate: ledger.rate()?.state, warnings };
      } catch (error) {
        await journal.close().catch(() => undefined);
        await lock?.release().catch(() => undefined);
        throw diskError(error, folder);
      }
    },

    add: (entry, events = []) =>
      operation(events.map(eventKey), async () => {
        const mail = storedMail(entry.mail);
        const { id } = mail;
        const msgs = encodeValue(entry.mail.messages);
        const progress = structuredClone(entry.progress);
        const absorbed = eventContents(events);
        await records.appendWith(
          {
            body: { name: `${id}.${ENDING.body}`, size: mail.size, bytes: entry.mail.open() },
            messages: { name: `${id}.${ENDING.messages}`, size: msgs.length, bytes: [msgs] },
          },
          (places) => ({ type: 'mail', mail, progress, ...places, events }),
        );
        await contents.remove(absorbed);
        const inMemory = mail.size <= INLINE_BYTES ? mail.size : 0;
        // The bytes of a large mail leave memory at once, its msgs with those of the others.
        if (inMemory === 0) entry.mail.open = openBody(id);
        if (!share.keep(id, inMemory + msgs.length)) {
          entry.mail.open = openBody(id);
          entry.mail.messages = [];
        }
      }),

    save: ({ mail: { id }, progress }) =>
      operation([id], () => records.append({ type: 'progress', id, progress: structuredClone(progress) })),

    finish: ({ mail, progress }, result) =>
      operation([mail.id], async () => {
        const record = ledger.mail(mail.id)?.record;
        if (!record) return;
        let whole = progress.lastError?.code !== 'OUTBOX_DAMAGED';
        if (result.status === 'failed') {
          const body = contents.stream(source(mail.id, 'body'));
          whole = await writeDeadLetter(fs, folders.failed, mail, result, body);
        }
        if (!whole) await setAside(mail, 'body');
        share.forget(mail.id);
        await records.finished(mail.id, ledger.mailCount > 1);
        await contents.remove([record.body, record.messages]);
      }),

    loadMessages: async ({ mail }) => {
      if (share.has(mail.id) || mail.messages.length > 0 || !ledger.mail(mail.id)) return mail.messages;
      try {
        return decodeValue(await contents.read(source(mail.id, 'messages'))) as Msg[];
      } catch (error) {
        const name = mailName(mail);
        warn(t`The msgs of the mail "${name}" can not be read any more: ${(error as Error).message}`);
        // Of no use to this outbox again; when that fails they go with their mail.
        if (codeOf(error) === 'OUTBOX_DAMAGED') await setAside(mail, 'messages').catch(() => undefined);
        return [];
      }
    },

    keepEvent: ({ id, nodeId, data }) =>
      operation([eventKey(id)], async () => {
        const bytes = encodeValue(data);
        const order = (lastOrder += 1);
        await records.appendWith(
          { data: { name: `${randomUUID()}.event`, size: bytes.length, bytes: [bytes] } },
          (places) => ({ type: 'event', id, nodeId, order, ...places }),
        );
      }),

    dropEvents: (ids) =>
      operation(ids.map(eventKey), async () => {
        const dropped = eventContents(ids);
        await records.append({ type: 'dropped', ids });
        await contents.remove(dropped);
      }),

    saveRate,

    async close() {
      if (state !== 'open') return;
      state = 'closed';
      await operations.ended();
      clearInterval(daily);
      await journal.close();
      await compaction.run();
      await lock?.release();
    },
  };
}

/** Ids of mails and events may be the same. */
const eventKey = (id: string) => `event ${id}`;
