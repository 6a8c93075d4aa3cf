/**
 * Mails whose bytes changed on the disk while nobody looked. What is damaged is worked out from the bytes themselves, and
 * never asked of the outbox.
 */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OutgoingMail } from '../../../nodes/types';
import { closedAfterEach } from '../../servers/closing';
import { startFaultServer } from '../../servers/fault-server';
import { newMail } from '../../builders';
import { openLine } from '../../outbox/delivery-fixture';

const KB = 1024;
const MAILS = 60;
const ROUNDS = 10;
const DAMAGES = 10;

/** Numbers below 1 that only depend on the seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Kept {
  mail: OutgoingMail;
  body: Buffer;
  /** Where the body is in the only file of the journal; null when it is a file. */
  at: number | null;
}

async function bytesOf(mail: OutgoingMail): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of mail.open()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('mails whose bytes changed on the disk', () => {
  const opened = closedAfterEach();
  const seed = Number(process.env.DAMAGE_SEED ?? Date.now() % 1_000_000);
  const random = randomFrom(seed);
  const below = (end: number) => Math.floor(random() * end);
  const oneOf = <T>(list: readonly T[]) => list[below(list.length)] as T;
  let root: string;
  const kept: Kept[] = [];

  const journalIn = (folder: string) => {
    const [segment, ...others] = readdirSync(join(folder, 'journal'));
    assert.deepEqual(others, []);
    return join(folder, 'journal', segment ?? '');
  };

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'outbox-damage-'));
    const folder = join(root, 'sound');
    const { outbox, close } = await openLine({ server: { host: '127.0.0.1', port: 1 }, folder });
    for (let i = 0; i < MAILS; i++) {
      const size = i % 2 === 0 ? 300 * KB + below(3) * 64 * KB : 1 + below(20 * KB);
      const messages = [{ payload: `${i} `.repeat(i % 6 === 0 ? 100 * KB : 1) }];
      const mail = newMail(undefined, { fill: size, messages });
      const body = await bytesOf(mail);
      await outbox.add(mail);
      kept.push({ mail, body, at: null });
    }
    await close();
    const journal = readFileSync(journalIn(folder));
    for (const one of kept) {
      const at = journal.indexOf(one.body);
      if (at !== -1) one.at = at;
      else assert.ok(existsSync(join(folder, 'mails', `${one.mail.id}.eml`)));
    }
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  /** Damages a file of mails/, or a small body in the journal; gives what was done. */
  function damage(folder: string): string {
    const small = kept.filter(({ at }) => at !== null);
    if (below(4) === 0) {
      const { at, body, mail } = oneOf(small);
      const path = journalIn(folder);
      const bytes = readFileSync(path);
      const from = (at as number) + below(body.length);
      if (below(2) === 0) bytes[from] = (bytes[from] as number) ^ (1 << below(8));
      else bytes.fill(0, from, (at as number) + body.length);
      writeFileSync(path, bytes);
      return `journal ${mail.id} at ${from}`;
    }
    const names = readdirSync(join(folder, 'mails'));
    const name = oneOf(names);
    const path = join(folder, 'mails', name);
    const bytes = readFileSync(path);
    const from = below(bytes.length);
    switch (oneOf(['bit', 'bit', 'zeros', 'truncation', 'exchange', 'exchange', 'removal'] as const)) {
      case 'bit':
        if (bytes.length > 0) bytes[from] = (bytes[from] as number) ^ (1 << below(8));
        writeFileSync(path, bytes);
        return `bit of ${name} at ${from}`;
      case 'zeros':
        writeFileSync(path, bytes.fill(0, from, from + 512));
        return `zeros in ${name} at ${from}`;
      case 'truncation':
        truncateSync(path, from);
        return `${name} cut off at ${from}`;
      case 'exchange': {
        // Of the same length where there is one: nothing but the bytes tells.
        const others = names.filter((one) => one !== name);
        const alike = others.filter(
          (one) => readFileSync(join(folder, 'mails', one)).length === bytes.length,
        );
        const other = oneOf(alike.length > 0 ? alike : others);
        renameSync(path, `${path}-x`);
        renameSync(join(folder, 'mails', other), path);
        renameSync(`${path}-x`, join(folder, 'mails', other));
        return `${name} and ${other} exchanged`;
      }
      default:
        rmSync(path);
        return `${name} removed`;
    }
  }

  /** What is on the disk in place of a body now; null when it is gone. */
  function found(folder: string, { mail, body, at }: Kept): Buffer | null {
    if (at !== null) return readFileSync(journalIn(folder)).subarray(at, at + body.length);
    const path = join(folder, 'mails', `${mail.id}.eml`);
    return existsSync(path) ? readFileSync(path) : null;
  }

  for (let round = 1; round <= ROUNDS; round++) {
    it(`are never sent, but set aside and reported, and all others are sent as they were: ${DAMAGES} damages, round ${round}`, async function () {
      this.timeout(60_000);
      const folder = join(root, `round ${round}`);
      cpSync(join(root, 'sound'), folder, { recursive: true });
      const done = Array.from({ length: DAMAGES }, () => damage(folder));
      const told = `DAMAGE_SEED=${seed}, ${done.join('; ')}`;
      const there = new Map(kept.map((one) => [one.mail.id, found(folder, one)]));
      const msgs = new Map(
        kept
          .map(({ mail }) => [mail.id, join('mails', `${mail.id}.msgs`)] as const)
          .filter(([, name]) => existsSync(join(root, 'sound', name)))
          .map(([id, name]) => {
            const now = existsSync(join(folder, name)) ? readFileSync(join(folder, name)) : null;
            return [id, now?.equals(readFileSync(join(root, 'sound', name))) === true];
          }),
      );

      const server = await opened(startFaultServer({ keepBodies: true }));
      const warnings: string[] = [];
      const line = await openLine({
        server,
        folder,
        policy: { connections: 2 },
        warn: (text) => warnings.push(text),
      });
      assert.equal(line.left.mails, MAILS, told);
      line.start();
      const results = await line.results.waitFor(MAILS, 50_000);
      await line.close();
      assert.deepEqual(line.troubles, [], told);

      const taken = new Map(server.ledger.items.map(({ messageId, body }) => [messageId, body]));
      assert.equal(taken.size, server.ledger.items.length, `twice: ${told}`);
      for (const { mail, body } of kept) {
        const { id, messageId } = mail;
        const result = results.find((one) => one.id === id);
        const now = there.get(id) ?? null;
        const about = `${id}: ${told}`;
        assert.deepEqual(result?.messages, msgs.get(id) === false ? [] : mail.messages, about);
        assert.equal(
          warnings.some((text) => text.startsWith(`The msgs of the mail "${id}" can not be read`)),
          msgs.get(id) === false,
          about,
        );
        if (now?.equals(body)) {
          assert.equal(result?.status, 'sent', about);
          assert.ok(taken.get(messageId)?.equals(body), about);
          continue;
        }
        assert.equal(result?.status, 'failed', about);
        assert.equal(result.error?.code, 'OUTBOX_DAMAGED', about);
        assert.ok(result.error.message.includes(`"${id}"`), about);
        assert.equal(taken.has(messageId), false, about);
        const { error } = JSON.parse(readFileSync(join(folder, 'failed', `${id}.json`), 'utf8'));
        assert.equal(error.code, 'OUTBOX_DAMAGED', about);
        assert.equal(existsSync(join(folder, 'failed', `${id}.eml`)), false, about);
        const aside = join(folder, 'damaged', `${id}.eml`);
        if (now) assert.ok(readFileSync(aside).equals(now), about);
        else assert.equal(existsSync(aside), false, about);
      }
      const after = await openLine({ server, folder });
      assert.equal(after.left.mails, 0, told);
      assert.deepEqual(after.left.warnings, [], told);
      await after.close();
      rmSync(folder, { recursive: true });
    });
  }
});
