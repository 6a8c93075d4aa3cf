/** The folders of a disk store, and where things go that do not belong in them. */
import { dirname, join } from 'node:path';
import { FOLDER_MODE, removeFile, syncFolder, UNFINISHED, writeDurably, type FileSystem } from './files';

export interface StoreFolders {
  journal: string;
  mails: string;
  failed: string;
  damaged: string;
}

/** The folders in `root`, by what is in them. */
export function storeFolders(root: string): StoreFolders {
  const folder = (name: string) => join(root, name);
  return {
    journal: folder('journal'),
    mails: folder('mails'),
    failed: folder('failed'),
    damaged: folder('damaged'),
  };
}

/** Makes the folders, for the owner only, and their names durable. Rejects with the error of the file system. */
export async function makeFolders(fs: FileSystem, root: string): Promise<void> {
  for (const folder of [root, ...(Object.values(storeFolders(root)) as string[])]) {
    await fs.mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    // Made by someone else, perhaps wider; on some file systems there is nothing to change.
    await fs.chmod(folder, FOLDER_MODE).catch(() => undefined);
  }
  await syncFolder(fs, root);
  for (let parent = dirname(root), steps = 0; steps < 2; parent = dirname(parent), steps++) {
    // The user directory may be one that we can not open.
    await syncFolder(fs, parent).catch(() => undefined);
  }
}

/**
 * Clears a folder of files that nothing refers to, such as those of a mail that was not accepted in the end. Gives the
 * names of the files that it can not be sure about, `areOurs` being false for them.
 */
export async function removeOrphans(
  fs: FileSystem,
  folder: string,
  isUsed: (name: string) => boolean,
  areOurs: (name: string) => boolean,
): Promise<string[]> {
  const foreign: string[] = [];
  for (const name of await fs.readdir(folder)) {
    if (isUsed(name)) continue;
    if (name.endsWith(UNFINISHED) || areOurs(name)) await removeFile(fs, join(folder, name));
    else foreign.push(name);
  }
  return foreign;
}

/** Moves files into damaged/, where they stay until someone deletes them; gives their new paths. */
export async function setFilesAside(
  fs: FileSystem,
  folder: string,
  names: readonly string[],
  damaged: string,
): Promise<string[]> {
  const taken = new Set(await fs.readdir(damaged));
  const paths: string[] = [];
  for (const name of names) {
    let free = name;
    for (let count = 2; taken.has(free); count++) free = `${count}-${name}`;
    taken.add(free);
    const path = join(damaged, free);
    await fs.rename(join(folder, name), path);
    paths.push(path);
  }
  await syncFolder(fs, damaged);
  return paths;
}

/** Copies bytes to damaged/; gives the path, or null when they were copied at an earlier start already. */
export async function setBytesAside(
  fs: FileSystem,
  damaged: string,
  name: string,
  bytes: Buffer,
): Promise<string | null> {
  if ((await fs.readdir(damaged)).includes(name)) return null;
  const path = join(damaged, name);
  await writeDurably(fs, path, [bytes]);
  return path;
}
