import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createCompaction, mostSegments } from '../../../nodes/store/disk/journal/compaction';
import { createJournal } from '../../../nodes/store/disk/journal/journal';
import {
  createLedger,
  isJournalRecord,
  storedMail,
  type JournalRecord,
} from '../../../nodes/store/disk/journal/live-records';
import { newProgress, type Entry } from '../../../nodes/store/store';
import { bodyOf, entry, idsOf, openStore, result, useFolder, watchedFileSystem } from './disk-fixture';

const SEGMENT = 4_000;

describe('old files of the journal', () => {
  const folder = useFolder();
  const segments = () => readdirSync(join(folder(), 'journal')).length;
  const fs = watchedFileSystem({ skipSync: true });
  const open = () => openStore(folder(), { fs, segmentBytes: SEGMENT });
  /** Resolves when clearing away, which goes on beside all else, has done what it should; the test times out otherwise. */
  async function fewSegments(): Promise<void> {
    while (segments() > mostSegments(SEGMENT, SEGMENT) + 1) await nextTurn();
  }
  const id = (i: number) => String(i).padStart(6, '0');

  it('are deleted as mails come and go, although one mail, one event and the rate stay from the first', async () => {
    const { store } = await open();
    const stuck = entry('000-stuck', 'stays', [{ payload: 'msg' }]);
    await store.keepEvent({ id: 'event', nodeId: 'n', data: 'waits' });
    await store.saveRate({ used: 7 });
    await store.add(stuck);
    stuck.progress = { ...stuck.progress, attempts: 2 };
    await store.save(stuck);
    stuck.progress.response = 'never saved';
    for (let i = 0; i < 500; i++) {
      const one = entry(id(i));
      await store.add(one);
      await store.finish(one, result(one, 'sent'));
    }
    await fewSegments();
    await store.close();

    const { store: later, entries, events, rate } = await open();
    assert.deepEqual(idsOf(entries), ['000-stuck']);
    assert.equal(entries[0]?.progress.attempts, 2);
    assert.equal(entries[0]?.progress.response, null);
    assert.equal(await bodyOf(entries[0]), 'stays');
    assert.deepEqual(await later.loadMessages(entries[0]), [{ payload: 'msg' }]);
    assert.deepEqual(events, [{ id: 'event', nodeId: 'n', data: 'waits' }]);
    assert.deepEqual(rate, { used: 7 });
    await later.close();
  });

  it('are all deleted but the last when nothing is left', async () => {
    const { store } = await open();
    const all = Array.from({ length: 100 }, (_, i) => entry(id(i)));
    for (const one of all) await store.add(one);
    assert.ok(segments() > 10);
    for (const one of all) await store.finish(one, result(one, 'sent'));
    await store.close();
    assert.ok(segments() <= 2, `${segments()} files`);
  });

  it('do not pile up over restarts', async () => {
    for (let i = 0; i < 30; i++) {
      const { store } = await open();
      const one = entry(id(i));
      await store.add(one);
      if (i > 0) await store.finish(one, result(one, 'sent'));
      await store.close();
    }
    const { store, entries } = await open();
    assert.deepEqual(idsOf(entries), [id(0)]);
    await fewSegments();
    await store.close();
  });

  it('take no change of a mail or event with them that is made while they are cleared away', async () => {
    for (let round = 0; round < 15; round++) {
      const { store, entries, events } = await open();
      for (const old of entries) await store.finish(old, result(old, 'sent'));
      await store.dropEvents(events.map((event) => event.id));
      const attempts = new Map<string, number>();
      const waiting = new Set<string>();

      // Their changes end at different moments while others push the journal on.
      const changing = async (i: number) => {
        const one = entry(id(i));
        await store.keepEvent({ id: `held-${i}`, nodeId: 'n', data: i });
        await store.keepEvent({ id: `waits-${i}`, nodeId: 'n', data: i });
        waiting.add(`waits-${i}`);
        for (let n = 0; n < 10 * i; n++) await store.keepEvent({ id: 'again', nodeId: 'n', data: n });
        await store.add(one, [`held-${i}`]);
        for (let n = 1; n <= 12 * i; n++) {
          one.progress = { ...one.progress, attempts: n };
          await store.save(one);
          attempts.set(id(i), n);
        }
      };
      const passing = async (i: number) => {
        for (let n = 0; n < 30; n++) {
          const one = entry(`${id(i)}-${n}`);
          await store.add(one);
          await store.finish(one, result(one, 'sent'));
        }
      };
      await Promise.all(Array.from({ length: 10 }, (_, i) => [changing(i), passing(i)]).flat());
      await store.dropEvents(['again']);
      await store.close();

      const later = await open();
      for (const { mail, progress } of later.entries)
        assert.equal(progress.attempts, attempts.get(mail.id) ?? 0);
      assert.deepEqual(
        idsOf(later.entries),
        Array.from({ length: 10 }, (_, i) => id(i)),
      );
      assert.deepEqual(new Set(later.events.map((event) => event.id)), waiting);
      await later.store.close();
    }
  });

  it('can be cleared away while a mail in them is read', async () => {
    const { store } = await open();
    await store.add(entry('000', 'x'.repeat(1_000)));
    await store.close();
    const { store: later, entries } = await open();
    const reading = new Set<Promise<string>>();
    for (let i = 1; i < 200; i++) {
      const one = entry(id(i));
      await later.add(one);
      reading.add(bodyOf(entries[0] as Entry));
      await later.finish(one, result(one, 'sent'));
    }
    assert.deepEqual(new Set(await Promise.all(reading)), new Set(['x'.repeat(1_000)]));
    await later.close();
  });

  it('are deleted although a mail in them is damaged, which is known of it in its new place too', async () => {
    const { store } = await open();
    await store.add(entry('000-damaged', 'a body'));
    await store.add(entry('000-sound', 'a body as well'));
    await store.close();
    const [first = ''] = readdirSync(join(folder(), 'journal'));
    const segment = join(folder(), 'journal', first);
    const bytes = readFileSync(segment);
    bytes[bytes.indexOf('a body')] = 'b'.charCodeAt(0);
    writeFileSync(segment, bytes);
    const { store: later } = await open();
    for (let i = 0; i < 200; i++) {
      const one = entry(id(i));
      await later.add(one);
      await later.finish(one, result(one, 'sent'));
    }
    await fewSegments();
    assert.ok(!readdirSync(join(folder(), 'journal')).includes(first));
    await later.close();

    const { store: last, entries } = await open();
    const [damaged, sound] = entries as [Entry, Entry];
    await assert.rejects(bodyOf(damaged), { code: 'OUTBOX_DAMAGED' });
    assert.equal(await bodyOf(sound), 'a body as well');
    await last.finish(damaged, result(damaged, 'failed'));
    assert.equal(readFileSync(join(folder(), 'damaged', '000-damaged.eml'), 'utf8'), 'b body');
    await last.close();
  });

  it('stay while a record about something in them is on its way', async () => {
    const ledger = createLedger();
    const journal = createJournal<JournalRecord>({
      fs,
      folder: folder(),
      segmentBytes: 1,
      isRecord: isJournalRecord,
      kept: ledger.apply,
      mayWrite: async () => undefined,
    });
    let busy = true;
    const compaction = createCompaction({
      journal,
      ledger,
      segmentBytes: 1_000_000,
      isBusy: () => busy,
      read: async () => [],
    });
    const mail = storedMail(entry('1').mail);
    const content = { blob: 0 };
    const progress = newProgress([]);
    await journal.append({ type: 'mail', mail, progress, body: content, messages: content, events: [] });
    for (let n = 0; n < 10; n++) await journal.append({ type: 'rate', state: n });

    const [oldest] = journal.closedSegments();
    await compaction.run();
    assert.equal(ledger.mail('1')?.segment, oldest);
    assert.equal(journal.closedSegments()[0], oldest);
    busy = false;
    await compaction.run();
    assert.notEqual(ledger.mail('1')?.segment, oldest);
    assert.ok(!journal.closedSegments().includes(oldest!));
    await journal.close();
  });
});
