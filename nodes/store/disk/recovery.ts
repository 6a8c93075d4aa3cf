/** What an earlier process left on disk: read, checked, and cleared of what belongs to nothing. */
import { join } from 'node:path';
import { t } from '../../language/text';
import type { Contents } from './contents';
import type { FileSystem } from './files';
import type { Journal } from './journal/journal';
import type { Content, EventRecord, Item, JournalRecord, Ledger } from './journal/live-records';
import { mailName } from '../mail-name';
import { decodeValue } from './msg-codec';
import { removeOrphans, setBytesAside, setFilesAside, type StoreFolders } from './folders';
import type { KeptEvent } from '../store';

/** What the files in mails/ are called, see `contentName`. */
const CONTENT_NAME = /\.(?:eml|msgs|event)$/;

export interface RecoveryOptions {
  fs: FileSystem;
  folders: StoreFolders;
  journal: Journal<JournalRecord>;
  ledger: Ledger;
  contents: Contents;
}

/** Brings the ledger up to date; gives the events that wait, and what people have to know. */
export async function recover(
  options: RecoveryOptions,
): Promise<{ events: KeptEvent[]; warnings: string[] }> {
  const { fs, folders, journal, ledger } = options;
  const warnings: string[] = [];
  let damage = false;

  const { foreign } = await journal.open(async ({ segment, range, bytes }) => {
    damage = true;
    const part = bytes.subarray(range.offset, range.offset + range.length);
    const path = await setBytesAside(fs, folders.damaged, `${segment.name}-${range.offset}`, part);
    if (path === null) return;
    warnings.push(
      t`A part of the outbox is damaged: ${range.length} bytes of ${segment.name}. Mails or events in it are lost unless
        they can be restored from ${path}; all others are kept.`,
    );
  });
  const events = await readEvents(options, warnings);
  warnings.push(...(await missingFiles(options)));

  const used = new Set([...ledger.mails(), ...ledger.events()].flatMap(filesOf).map(({ file }) => file));
  // After damage, a file that nothing refers to may be all that is left of a mail.
  const unused = await removeOrphans(
    fs,
    folders.mails,
    (name) => used.has(name),
    (name) => !damage && CONTENT_NAME.test(name),
  );
  await removeOrphans(
    fs,
    folders.failed,
    (name) => !name.endsWith('.tmp'),
    () => false,
  );
  for (const [folder, names] of [
    [folders.journal, foreign],
    [folders.mails, unused],
  ] as const) {
    for (const path of await setFilesAside(fs, folder, names, folders.damaged)) {
      warnings.push(t`A file that does not belong in the outbox folder ${folder} was moved to ${path}.`);
    }
  }
  return { events, warnings };
}

async function readEvents(
  { journal, ledger, contents }: RecoveryOptions,
  warnings: string[],
): Promise<KeptEvent[]> {
  const events: KeptEvent[] = [];
  for (const { record } of ledger.events()) {
    const { id, nodeId } = record;
    const source = {
      item: () => ledger.event(id),
      content: (item: Item) => (item.record as EventRecord).data,
    };
    try {
      events.push({ id, nodeId, data: decodeValue(await contents.read(source)) });
    } catch (error) {
      const path = await contents.setAside(source, `event-${record.order}`).catch(() => null);
      await journal.append({ type: 'dropped', ids: [id] });
      warnings.push(
        path
          ? t`An event that waited for its mail can not be read: ${(error as Error).message}; its data is in ${path}.`
          : t`An event that waited for its mail can not be read: ${(error as Error).message}.`,
      );
    }
  }
  return events;
}

async function missingFiles({ fs, folders, ledger }: RecoveryOptions): Promise<string[]> {
  const warnings: string[] = [];
  for (const item of ledger.mails()) {
    for (const { file, size } of filesOf(item)) {
      const path = join(folders.mails, file);
      const found = await fs.stat(path).then(
        (stat) => stat.size,
        () => null,
      );
      if (found === size) continue;
      const name = mailName(item.record.mail);
      warnings.push(
        found === null
          ? t`The file ${path} of the mail "${name}" is missing.`
          : t`The file ${path} of the mail "${name}" has ${found} of ${size} bytes.`,
      );
    }
  }
  return warnings;
}

function filesOf({ record }: Item): Extract<Content, { file: string }>[] {
  const all = record.type === 'mail' ? [record.body, record.messages] : [record.data];
  return all.filter((content) => 'file' in content);
}
