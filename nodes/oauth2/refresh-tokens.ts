/**
 * The newest refresh token of an account, durable: a provider may give a new one with each access token, and the credentials
 * of a flow are only written when somebody deploys. What a refresh token of the credentials has become is found by its hash,
 * so that a deploy with the same one goes on with the newest, and another one begins anew.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { t } from '../language/text';
import {
  codeOf,
  FOLDER_MODE,
  removeFile,
  syncFolder,
  writeDurably,
  type FileSystem,
} from '../store/disk/files';

export interface RefreshTokens {
  /** What `base`, a refresh token or the name of a sign-in, has become; null when nothing newer is known. */
  newest(base: string): Promise<string | null>;
  /** Resolves when the token is durable. Rejects with the error of the file system. */
  save(base: string, token: string): Promise<void>;
  /** Removes all. */
  clear(): Promise<void>;
}

export interface RefreshTokensOptions {
  path: string;
  /** With which Node-RED encrypts credentials; null when the user has turned that off. */
  secret: string | null;
  fs: FileSystem & { readFile(path: string): Promise<Buffer> };
  now: () => number;
  warn: (text: string) => void;
}

interface Entry {
  base: string;
  token: string;
  time: number;
}

/** Bases that are remembered: the deployed one, that of an undone deploy, sign-ins that wait for theirs. */
const MOST = 5;

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Opens nothing yet. One process at a time may use a file. */
export function createRefreshTokens({ path, secret, fs, now, warn }: RefreshTokensOptions): RefreshTokens {
  const key =
    secret === null ? null : Buffer.from(hkdfSync('sha256', secret, '', 'oauth2 refresh tokens', 32));
  let entries: Entry[] | null = null;
  /** Reads and writes happen one after the other. */
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = last.then(step);
    last = turn.catch(() => undefined);
    return turn;
  }

  async function load(): Promise<Entry[]> {
    if (entries) return entries;
    let content: Buffer;
    try {
      content = await fs.readFile(path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      return (entries = []);
    }
    const read = unpack(content, key);
    if (!read) {
      warn(
        t`The file ${path} with the refresh token can not be read: it is damaged, or the credentialSecret of Node-RED changed.
          The refresh token of the credentials is used; sign in again if the provider refuses it.`,
      );
    }
    return (entries = read ?? []);
  }

  return {
    newest: (base) =>
      inTurn(async () => (await load()).find((entry) => entry.base === hashOf(base))?.token ?? null),
    save: (base, token) =>
      inTurn(async () => {
        const hash = hashOf(base);
        const others = (await load()).filter((entry) => entry.base !== hash);
        const next = [{ base: hash, token, time: now() }, ...others].slice(0, MOST);
        const folder = dirname(path);
        const made = await fs.mkdir(folder, { recursive: true, mode: FOLDER_MODE });
        if (made !== undefined) await syncFolder(fs, dirname(made));
        await writeDurably(fs, path, [pack(next, key)]);
        entries = next;
      }),
    clear: () =>
      inTurn(async () => {
        entries = [];
        await removeFile(fs, path);
      }),
  };
}

function hashOf(base: string): string {
  return createHash('sha256').update(base).digest('hex');
}

function pack(entries: Entry[], key: Buffer | null): Buffer {
  const text = JSON.stringify({ entries });
  if (!key) return Buffer.from(JSON.stringify({ version: 1, plain: text }));
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv);
  const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return Buffer.from(JSON.stringify({ version: 1, sealed: sealed.toString('base64') }));
}

/** Null when it is damaged or sealed with another key. */
function unpack(content: Buffer, key: Buffer | null): Entry[] | null {
  try {
    const { plain, sealed } = JSON.parse(content.toString('utf8')) as { plain?: string; sealed?: string };
    const text = plain ?? (sealed !== undefined && key ? unseal(Buffer.from(sealed, 'base64'), key) : '');
    const { entries } = JSON.parse(text) as { entries: Entry[] };
    return entries.filter(({ base, token }) => typeof base === 'string' && typeof token === 'string');
  } catch {
    return null;
  }
}

function unseal(sealed: Buffer, key: Buffer): string {
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
}
