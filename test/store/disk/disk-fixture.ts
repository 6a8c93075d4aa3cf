/** What the tests of the disk store share: folders that go away, mails, and a file system that can be watched or fail. */
import fsPromises, { type FileHandle } from 'node:fs/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createDiskStore, type DiskStoreOptions } from '../../../nodes/store/disk/disk-store';
import type { FileSystem } from '../../../nodes/store/disk/files';
import { newProgress, type Entry, type Loaded, type Store } from '../../../nodes/store/store';
import type { EmailResult, Msg } from '../../../nodes/types';

/** A folder for each test of the suite, deleted after it. */
export function useFolder(): () => string {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'outbox-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return () => folder;
}

export interface Opened extends Loaded {
  store: Store;
  logged: string[];
}

export async function openStore(folder: string, options: Partial<DiskStoreOptions> = {}): Promise<Opened> {
  const logged: string[] = [];
  const store = createDiskStore({ folder, warn: (text) => logged.push(text), ...options });
  return { ...(await store.load()), store, logged };
}

export function entry(
  id: string,
  body: string | Buffer = `Subject: ${id}\r\n\r\nbody\r\n`,
  messages: Msg[] = [],
): Entry {
  const bytes = Buffer.from(body);
  const to = ['a@x.test', 'b@x.test'];
  return {
    mail: {
      id,
      nodeId: 'node-1',
      messageId: `<${id}@x.test>`,
      subject: `Mail ${id}`,
      envelope: { from: 'me@x.test', to },
      priority: 'normal',
      queuedAt: 1_000,
      count: 1,
      attachments: [],
      skippedAttachments: [],
      messages,
      size: bytes.length,
      open: () => Readable.from([bytes], { objectMode: false }),
    },
    progress: newProgress(to),
    recovered: false,
  };
}

export function result({ mail }: Entry, status: EmailResult['status']): EmailResult {
  return {
    status,
    id: mail.id,
    messageId: mail.messageId,
    subject: mail.subject,
    envelope: mail.envelope,
    accepted: [],
    rejected: [],
    response: null,
    attempts: 1,
    queuedAt: mail.queuedAt,
    finishedAt: 2_000,
    count: mail.count,
    messages: mail.messages,
    attachments: [],
    skippedAttachments: [],
    duplicatePossible: false,
    recovered: false,
    ...(status === 'failed' ? { error: { code: 'RECIPIENT', message: 'refused' } } : {}),
  };
}

export async function bodyOf({ mail }: Entry): Promise<string> {
  let text = '';
  for await (const chunk of mail.open()) text += chunk.toString('latin1');
  return text;
}

export const idsOf = (entries: Entry[]) => entries.map(({ mail }) => mail.id);

/** Called before and after each operation; `before` may throw what the operation shall fail with. */
export interface Watch {
  before?: (operation: string, path: string, bytes: number) => void;
  after?: (operation: string, path: string) => void;
  /** Do not really sync: for what looks only at what a process left, many times over. */
  skipSync?: boolean;
}

/** The real file system, watched. Operations of open files are named `write`, `sync`, `datasync` and `truncate`. */
export function watchedFileSystem(watch: Watch): FileSystem {
  async function step<T>(operation: string, path: string, work: () => Promise<T>, bytes = 0): Promise<T> {
    watch.before?.(operation, path, bytes);
    if (watch.skipSync && operation.endsWith('sync')) return undefined as T;
    const value = await work();
    watch.after?.(operation, path);
    return value;
  }

  function watchHandle(handle: FileHandle, path: string): FileHandle {
    return new Proxy(handle, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        const operation = String(key);
        if (!['write', 'sync', 'datasync', 'truncate'].includes(operation))
          return value.bind(target) as unknown;
        return (...args: unknown[]) =>
          step(
            operation,
            path,
            () => value.apply(target, args) as Promise<unknown>,
            operation === 'write' ? (args[2] as number) : 0,
          );
      },
    });
  }

  const watched =
    (name: 'mkdir' | 'rename' | 'unlink') =>
    (path: string, ...rest: unknown[]) =>
      step(name, path, () => (fsPromises[name] as (...args: unknown[]) => Promise<unknown>)(path, ...rest));

  return {
    ...fsPromises,
    mkdir: watched('mkdir') as FileSystem['mkdir'],
    rename: watched('rename') as FileSystem['rename'],
    unlink: watched('unlink') as FileSystem['unlink'],
    open: (async (path: string, flags: string, mode?: number) =>
      step(flags === 'r' ? 'read' : 'create', path, async () =>
        watchHandle(await fsPromises.open(path, flags, mode), path),
      )) as FileSystem['open'],
  };
}

/** An error of the file system with this code. */
export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made up by the test`), { code });
}
