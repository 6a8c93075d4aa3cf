import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeRecord, scanRecords } from '../../nodes/outbox/records';
import type { OutgoingMail } from '../../nodes/types';
import { startFaultServer } from '../servers/fault-server';
import { newMail, openLine } from './delivery-fixture';
import { entry, openStore, useFolder } from './disk-fixture';

const MAILS = 60;
const DAMAGES = 25;

/** Numbers that are the same for the same seed (mulberry32). */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Mails larger than what goes into the journal, each with its own bytes; some have the size of another one. */
function largeMails(random: (below: number) => number): OutgoingMail[] {
  return Array.from({ length: MAILS }, (_, i) => {
    const mail = newMail();
    const head = `Message-ID: ${mail.messageId}\r\n\r\n`;
    const line = `${mail.id} ${String(random(1e9)).padStart(21, '0')}\r\n`;
    const bytes = Buffer.from(head + line.repeat(9_000 + (i % 3) * 2_000));
    const size = bytes.length;
    return { ...mail, size, open: () => [bytes] };
  });
}

describe('large mails in a damaged outbox', function () {
  this.timeout(60_000);
  const folder = useFolder();

  for (const seed of [1, 2, 3, 4]) {
    it(`are sent whole or reported, never changed: ${DAMAGES} damages, seed ${seed}`, async () => {
      const random = randomOf(seed);
      const mails = largeMails(random);
      const server = await startFaultServer({ keepBodies: true });
      try {
        const before = await openLine({ server, folder: folder() });
        for (const mail of mails) await before.outbox.add(mail);
        await before.close();

        const place = join(folder(), 'mails');
        const files = readdirSync(place).filter((name) => name.endsWith('.eml'));
        assert.equal(files.length, MAILS);
        const whole = new Map(files.map((name) => [name, digest(readFileSync(join(place, name)))]));
        for (let i = 0; i < DAMAGES; i++) damage(place, files, random);
        const damaged = files.filter((name) => digest(readFileSync(join(place, name))) !== whole.get(name));
        assert.ok(damaged.length > 5 && damaged.length < MAILS);

        const logged: string[] = [];
        const after = await openLine({ server, folder: folder(), warn: (text) => void logged.push(text) });
        after.start();
        const results = await after.results.waitFor(MAILS);
        await after.close();

        const failed = results.filter(({ status }) => status === 'failed');
        assert.deepEqual(failed.map(({ id }) => `${id}.eml`).sort(), damaged.sort());
        for (const { error } of failed) assert.equal(error?.code, 'OUTBOX_DAMAGED');
        for (const name of damaged) assert.ok(readdirSync(join(folder(), 'damaged')).includes(name), name);
        assert.equal(logged.filter((text) => /is not sent/.test(text)).length, damaged.length);
        // The server has each of the others once, with all its bytes.
        const received = server.ledger.items.map(({ body }) => digest(body ?? Buffer.alloc(0)));
        const sent = files.filter((name) => !damaged.includes(name)).map((name) => whole.get(name));
        assert.deepEqual(received.sort(), sent.sort());
      } finally {
        await server.close();
      }
    });
  }

  it('of before there were checksums are sent', async () => {
    const { store } = await openStore(folder());
    await store.add(entry('1', Buffer.alloc(300_000, 'old\r\n')));
    await store.close();
    const [name = ''] = readdirSync(join(folder(), 'journal'));
    const path = join(folder(), 'journal', name);
    const mark = Buffer.from(name.slice(11, 27), 'hex');
    const bytes = readFileSync(path);
    const records = [...scanRecords(bytes, mark)].map((found) => {
      assert.equal(found.kind, 'record');
      const text = found.text.toString().replace(/,"sums":"[^"]*"/g, '');
      assert.notEqual(text.length, found.text.length);
      const blobs = found.blobs.map(({ offset, length }) => bytes.subarray(offset, offset + length));
      return encodeRecord(mark, text, blobs).bytes;
    });
    writeFileSync(path, Buffer.concat(records));
    const { entries } = await openStore(folder());
    let size = 0;
    for await (const chunk of entries[0]?.mail.open() ?? []) size += chunk.length;
    assert.equal(size, 300_000);
  });

  it('are named by their subject, else by their id', async () => {
    const { store } = await openStore(folder());
    const one = entry('17', Buffer.alloc(300_000, 'x'));
    one.mail.subject = '';
    await store.add(one);
    await store.close();
    renameSync(join(folder(), 'mails', '17.eml'), join(folder(), 'elsewhere'));
    const { warnings, store: next } = await openStore(folder());
    assert.match(warnings.join(), /of the mail "17" is missing/);
    await next.close();
  });
});

/** One bit, zeros, the end of a file, or two files changed for each other. */
function damage(place: string, files: string[], random: (below: number) => number): void {
  const path = join(place, files[random(files.length)] ?? '');
  const other = join(place, files[random(files.length)] ?? '');
  const bytes = readFileSync(path);
  switch (random(4)) {
    case 0: {
      if (bytes.length === 0) return;
      const at = random(bytes.length);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random(8)), at);
      return writeFileSync(path, bytes);
    }
    case 1: {
      const at = random(Math.max(bytes.length - 512, 1));
      return writeFileSync(path, bytes.fill(0, at, at + 512));
    }
    case 2:
      return truncateSync(path, random(bytes.length + 1));
    default: {
      const content = readFileSync(other);
      writeFileSync(other, bytes);
      writeFileSync(path, content);
    }
  }
}
