import assert from 'node:assert/strict';
import fsPromises from 'node:fs/promises';
import { MEMORY_SHARE } from '../../../nodes/store/disk/memory-cache';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, sep } from 'node:path';
import { Readable } from 'node:stream';
import type { FileSystem } from '../../../nodes/store/disk/files';
import { storedMail } from '../../../nodes/store/disk/journal/live-records';
import { RESERVE } from '../../../nodes/store/disk/space';
import type { Entry, Store } from '../../../nodes/store/store';
import type { MailError } from '../../../nodes/types';
import {
  bodyOf,
  entry,
  idsOf,
  openStore,
  result,
  systemError,
  useFolder,
  watchedFileSystem,
} from './disk-fixture';

const MB = 1_048_576;

/** What opens the mail now: changes when it leaves memory. */
const opener = (one: Entry): unknown => Reflect.get(one.mail, 'open');

describe('the disk store', () => {
  let open: Store[] = [];
  afterEach(async () => {
    for (const store of open) await store.close();
    open = [];
  });
  const folder = useFolder();

  async function opened(options: Parameters<typeof openStore>[1] = {}, at = folder()) {
    const made = await openStore(at, options);
    open.push(made.store);
    return made;
  }

  async function reopened(options: Parameters<typeof openStore>[1] = {}) {
    for (const store of open) await store.close();
    return opened(options);
  }

  const path = (...names: string[]) => join(folder(), ...names);
  const files = (name: string) => readdirSync(path(name)).sort();

  describe('mails', () => {
    it('come back after a restart with all that they are, oldest first', async () => {
      const { store } = await opened();
      const messages = [
        { _msgid: 'm', payload: Buffer.from([1]), req: new (class {})(), at: new Date(3), call: () => 1 },
      ];
      const second = entry('0002', 'second\r\n', messages);
      second.mail.attachments = [{ filename: 'a.txt', size: 3 }];
      await store.add(second);
      await store.add(entry('0001', 'first\r\n'));
      const plain = storedMail(second.mail);

      const { entries, warnings, store: later } = await reopened();
      assert.deepEqual(idsOf(entries), ['0001', '0002']);
      const [first, back] = entries as [Entry, Entry];
      assert.equal(await bodyOf(first), 'first\r\n');
      assert.equal(await bodyOf(back), 'second\r\n');
      assert.deepEqual(storedMail(back.mail), plain);
      assert.deepEqual(back.progress, second.progress);
      assert.equal(back.recovered, true);
      assert.deepEqual(await later.loadMessages(back), [
        { _msgid: 'm', payload: Buffer.from([1]), at: new Date(3) },
      ]);
      assert.deepEqual(warnings, []);
    });

    it('come back with the progress that was saved last, also when it changed while it was written', async () => {
      const { store } = await opened();
      const one = entry('1');
      await store.add(one);
      one.progress = { ...one.progress, attempts: 3, pending: ['b@x.test'], accepted: ['a@x.test'] };
      await store.save(one);
      one.progress.dotSent = true;
      const saving = store.save(one);
      one.progress.dotSent = false;
      await saving;
      const { entries } = await reopened();
      assert.equal(entries[0]?.progress.dotSent, true);
      assert.equal(entries[0]?.progress.attempts, 3);
      assert.deepEqual(entries[0]?.progress.pending, ['b@x.test']);
    });

    it('are forgotten when they were sent, with all their files', async () => {
      const { store } = await opened();
      const large = entry('large', Buffer.alloc(MB, 'x'), [{ payload: Buffer.alloc(MB) }]);
      await store.add(large);
      await store.add(entry('other'));
      assert.deepEqual(files('mails'), ['large.eml', 'large.msgs']);
      await store.finish(large, result(large, 'sent'));
      assert.deepEqual(files('mails'), []);
      assert.deepEqual(files('failed'), []);
      assert.deepEqual(idsOf((await reopened()).entries), ['other']);
    });

    it('that failed for good stay in failed/ as a mail and a text that says why', async () => {
      const { store } = await opened();
      const one = entry('1', 'Subject: hello\r\n\r\n', [{ payload: 'secret' }]);
      await store.add(one);
      await store.finish(one, result(one, 'failed'));
      assert.deepEqual(files('failed'), ['1.eml', '1.json']);
      assert.equal(readFileSync(path('failed', '1.eml'), 'utf8'), 'Subject: hello\r\n\r\n');
      const told = JSON.parse(readFileSync(path('failed', '1.json'), 'utf8'));
      assert.deepEqual(told.envelope, one.mail.envelope);
      assert.equal(told.error.message, 'refused');
      assert.equal(told.finishedAt, '1970-01-01T00:00:02.000Z');
      assert.equal(told.messages, undefined);
      assert.deepEqual((await reopened()).entries, []);
    });

    it('are never half in failed/', async () => {
      const names: string[] = [];
      const fs = watchedFileSystem({
        after: (operation, at) => {
          if (operation === 'write' && at.includes('failed')) names.push(...files('failed'));
        },
      });
      const { store } = await opened({ fs });
      const one = entry('1');
      await store.add(one);
      await store.finish(one, result(one, 'failed'));
      assert.deepEqual([...new Set(names)].sort(), ['1.eml', '1.eml.tmp', '1.json.tmp']);
    });

    it('that failed are deleted from failed/ after 30 days', async () => {
      await (await opened()).store.close();
      for (const [name, days] of [
        ['old.eml', 30.1],
        ['young.eml', 29.9],
      ] as const) {
        writeFileSync(path('failed', name), 'x');
        const written = new Date(Date.now() - days * 86_400_000);
        utimesSync(path('failed', name), written, written);
      }
      await reopened();
      assert.deepEqual(files('failed'), ['young.eml']);
    });

    it('of any size are read back byte for byte, and a large one never is in memory as a whole', async () => {
      const { store } = await opened();
      for (const size of [0, 1, 65_536, 262_144, 262_145, 3 * MB]) {
        const bytes = Buffer.alloc(size, `${size}.`);
        const one = entry(`size-${size}`, bytes);
        await store.add(one);
        assert.equal(await bodyOf(one), bytes.toString());
        const chunks = await Readable.from(one.mail.open()).toArray();
        if (size > 262_144) assert.ok(chunks.every((chunk: Buffer) => chunk.length <= 65_536));
      }
      for (const one of (await reopened()).entries) {
        assert.equal(await bodyOf(one), Buffer.alloc(one.mail.size, `${one.mail.size}.`).toString());
      }
    });

    it('stay in memory, msgs and all, while they are few; when they are many, those that came last do not', async () => {
      const { store } = await opened();
      const live = { payload: 'live', res: { send: () => 1 } };
      const entries = Array.from({ length: MEMORY_SHARE.mails + 1 }, (_, i) =>
        entry(String(i).padStart(5, '0'), `body ${i}`, [live]),
      );
      const opens = entries.map(opener);
      await Promise.all(entries.map((one) => store.add(one)));
      const [first, last] = [entries[0], entries.at(-1)] as [Entry, Entry];
      assert.notEqual(opener(last), opens.at(-1));
      assert.deepEqual(last.mail.messages, []);
      assert.equal(await bodyOf(last), `body ${MEMORY_SHARE.mails}`);
      assert.deepEqual(await store.loadMessages(last), [{ payload: 'live', res: {} }]);
      assert.equal(opener(first), opens[0]);
      assert.equal((await store.loadMessages(first))[0], live);
    });

    it('do not pile up in memory when they are of some size', async () => {
      const { store } = await opened();
      const entries = Array.from({ length: 100 }, (_, i) =>
        entry(String(i).padStart(5, '0'), Buffer.alloc(250_000)),
      );
      const opens = entries.map(opener);
      for (const one of entries) await store.add(one);
      const inMemory = entries.filter((one, i) => opener(one) === opens[i]).length;
      assert.equal(inMemory, Math.floor((16 * MB) / 250_005));
    });

    it('are synced before they count: first the content, then its name, then the record, and a dead letter before the end', async function () {
      // Windows can not sync names.
      if (process.platform === 'win32') return this.skip();
      const steps: string[] = [];
      const fs = watchedFileSystem({
        after: (operation, at) => {
          const [part = '', name = ''] = at.slice(folder().length + 1).split(sep);
          const what = name.replace(/^\d{10}-\w+/, 'segment').replace(/^large/, '') || 'names';
          if (['mails', 'journal', 'failed'].includes(part)) steps.push(`${operation} ${part} ${what}`);
        },
      });
      const { store } = await opened({ fs });
      const one = entry('large', Buffer.alloc(MB, 'x'));
      steps.length = 0;
      await store.add(one);
      await store.finish(one, result(one, 'failed'));
      const inOrder = steps.filter((step, i) => step !== steps[i - 1] && !step.startsWith('read'));
      const durably = (part: string, name: string) => [
        `create ${part} ${name}.tmp`,
        `write ${part} ${name}.tmp`,
        `sync ${part} ${name}.tmp`,
        `rename ${part} ${name}.tmp`,
        `sync ${part} names`,
      ];
      const record = ['write journal segment.journal', 'datasync journal segment.journal'];
      assert.deepEqual(inOrder, [
        ...durably('mails', '.eml'),
        'create journal segment.journal',
        'sync journal names',
        ...record,
        ...durably('failed', '.eml'),
        ...durably('failed', '.json'),
        ...record,
        'unlink mails .eml',
      ]);
    });

    it('whose file is gone are given back, fail when they are read, and are warned of', async () => {
      const { store } = await opened();
      await store.add(entry('large', Buffer.alloc(MB)));
      await store.add(entry('short', Buffer.alloc(MB)));
      await store.close();
      rmSync(path('mails', 'large.eml'));
      truncateSync(path('mails', 'short.eml'), 1000);
      const { entries, warnings } = await reopened();
      for (const one of entries) await assert.rejects(bodyOf(one), { code: 'OUTBOX_DAMAGED' });
      assert.match(warnings.join('\n'), /large\.eml .*is missing/);
      assert.match(warnings.join('\n'), /short\.eml .*has 1000 of 1048576 bytes/);
    });

    it('are called by their subject, else by their id, where a file of theirs is gone or short', async () => {
      const { store } = await opened();
      const large = { payload: 'x'.repeat(MB) };
      for (const [id, subject] of [
        ['1', 'Pump 7'],
        ['2', ''],
        ['3', ' '],
      ] as const) {
        const one = entry(id, Buffer.alloc(MB), [large]);
        one.mail.subject = subject;
        await store.add(one);
      }
      await store.close();
      for (const id of ['1', '2', '3']) {
        rmSync(path('mails', `${id}.msgs`));
        truncateSync(path('mails', `${id}.eml`), 1000);
      }
      const { store: later, entries, warnings, logged } = await reopened();
      const messages = [...warnings];
      for (const one of entries) {
        assert.deepEqual(await later.loadMessages(one), []);
        await assert.rejects(bodyOf(one), (error: MailError) => messages.push(error.message) > 0);
      }
      messages.push(...logged);
      for (const name of ['Pump 7', '2', '3']) {
        // One for each file, for the body when it is read, and for the msgs.
        assert.equal(
          messages.filter((text) => text.includes(` mail "${name}" `)).length,
          4,
          messages.join('\n'),
        );
      }
      assert.equal(messages.length, 12);
    });

    it('that an earlier version kept, without checksums of their contents, are given back as they were', async () => {
      cpSync(join(__dirname, 'earlier-outbox'), folder(), { recursive: true });
      const { store, entries, events, rate, warnings } = await opened();
      assert.deepEqual(warnings, []);
      assert.deepEqual(events, [{ id: 'event', nodeId: 'node-2', data: { msg: { payload: 'waits' } } }]);
      assert.deepEqual(rate, { ended: [], open: 1 });
      const [large, small] = entries as [Entry, Entry];
      assert.deepEqual(idsOf(entries), ['large', 'small']);
      assert.deepEqual([small.progress.attempts, small.progress.pending], [3, ['b@x.test']]);
      assert.equal(await bodyOf(small), `Subject: small\r\n\r\n${'text of the mail\r\n'.repeat(6)}`);
      assert.equal(await bodyOf(large), `Subject: large\r\n\r\n${'text of the mail\r\n'.repeat(16_667)}`);
      assert.deepEqual(await store.loadMessages(small), [{ topic: 'small', payload: Buffer.from('x') }]);
      await store.add(entry('new'));
      for (const one of entries) await store.finish(one, result(one, 'sent'));
      assert.deepEqual(idsOf((await reopened()).entries), ['new']);
    });
  });

  describe('waiting events', () => {
    it('come back after a restart in the order in which they came', async () => {
      const { store } = await opened();
      const data = {
        msg: { payload: Buffer.from('x'), at: new Date(1) },
        attachments: [{ content: Buffer.alloc(MB, 'y') }],
      };
      await store.keepEvent({ id: 'z', nodeId: 'n1', data });
      await store.keepEvent({ id: 'a', nodeId: 'n2', data: { msg: { call: () => 1, payload: 1 } } });
      const { events } = await reopened();
      assert.deepEqual(events, [
        { id: 'z', nodeId: 'n1', data },
        { id: 'a', nodeId: 'n2', data: { msg: { payload: 1 } } },
      ]);
    });

    it('end when they are dropped, or when a mail holds them, with their files', async () => {
      const { store } = await opened();
      for (const id of ['1', '2', '3', '4'])
        await store.keepEvent({ id, nodeId: 'n', data: Buffer.alloc(MB) });
      await store.dropEvents(['1', 'unknown']);
      await store.add(entry('mail'), ['2', '4']);
      assert.equal(files('mails').length, 1);
      const { events, entries } = await reopened();
      assert.deepEqual(
        events.map(({ id }) => id),
        ['3'],
      );
      assert.deepEqual(idsOf(entries), ['mail']);
    });

    it('are not mixed up with a mail of the same id', async () => {
      const { store } = await opened();
      const one = entry('same');
      await store.keepEvent({ id: 'same', nodeId: 'n', data: 1 });
      await store.add(one);
      await store.finish(one, result(one, 'sent'));
      assert.equal((await reopened()).events.length, 1);
    });

    it('wait on when the mail that should hold them was not accepted', async () => {
      let broken = false;
      const fs = watchedFileSystem({
        before: (operation) => {
          if (broken && operation === 'datasync') throw systemError('EIO');
        },
      });
      const { store } = await opened({ fs });
      await store.keepEvent({ id: '1', nodeId: 'n', data: 'x' });
      broken = true;
      await assert.rejects(store.add(entry('mail'), ['1']), { code: 'OUTBOX_DISK' });
      broken = false;
      const { events, entries } = await reopened();
      assert.deepEqual([events.length, entries.length], [1, 0]);
    });
  });

  describe('the state of the rate limit', () => {
    it('is the newest one after a restart, however fast they came', async () => {
      const { store, rate } = await opened();
      assert.equal(rate, undefined);
      await Promise.all(Array.from({ length: 50 }, (_, n) => store.saveRate({ n })));
      assert.deepEqual((await reopened()).rate, { n: 49 });
    });

    it('never rejects, and says so in the log when it could not be kept', async () => {
      const { store, logged } = await opened({
        fs: watchedFileSystem({
          before: (operation) => {
            if (operation === 'datasync') throw systemError('EIO');
          },
        }),
      });
      await store.saveRate({ n: 1 });
      assert.match(logged.join(), /rate limit/);
    });
  });

  describe('the folder', () => {
    it('is readable for its owner only', async function () {
      if (process.platform === 'win32') return this.skip();
      const at = path('new', 'email-outbox', 'id');
      const { store } = await opened({}, at);
      const one = entry('1', Buffer.alloc(MB));
      await store.add(one);
      await store.add(entry('2'));
      await store.finish(one, result(one, 'failed'));
      await store.add(entry('3', Buffer.alloc(MB)));
      const mode = (name: string) => (statSync(join(at, name)).mode & 0o777).toString(8);
      assert.equal(mode('.'), '700');
      for (const name of readdirSync(at, { recursive: true }) as string[]) {
        assert.equal(mode(name), statSync(join(at, name)).isDirectory() ? '700' : '600', name);
      }
    });

    it('that can not be made is an error that names it and says what to do', async () => {
      writeFileSync(path('file'), '');
      await assert.rejects(openStore(path('file', 'outbox')), (error: MailError) => {
        assert.equal(error.code, 'OUTBOX_FOLDER');
        assert.ok(error.message.includes(path('file', 'outbox')));
        assert.match(error.hint ?? '', /writable/);
        return true;
      });
    });

    it('in use is refused to a second store, and free after the first was closed', async () => {
      const { store } = await opened();
      await assert.rejects(openStore(folder()), { code: 'OUTBOX_LOCKED' });
      await store.close();
      await opened();
    });

    it('is used no more by a store that lost it to another process', async () => {
      const { store } = await opened({ lockTimes: { beat: 5, stale: 50 } });
      const lock = readdirSync(folder()).find((name) => name.startsWith('lock-')) as string;
      rmSync(path(lock));
      await new Promise((resolve) => setTimeout(resolve, 40));
      await assert.rejects(store.add(entry('1')), { code: 'OUTBOX_LOCKED' });
    });

    it('takes nothing after the store was closed', async () => {
      const { store } = await opened();
      await store.close();
      await assert.rejects(store.add(entry('1')), { code: 'OUTBOX_CLOSED' });
    });

    it('keeps what was asked for before the store was closed', async () => {
      const { store } = await opened();
      const adding = Array.from({ length: 20 }, (_, i) => store.add(entry(`${i}`)));
      await store.close();
      await Promise.all(adding);
      assert.equal((await reopened()).entries.length, 20);
    });
  });

  describe('after damage', () => {
    for (const [where, size] of [
      ['a record', 1000],
      ['a file', 3 * MB + 1],
    ] as const) {
      it(`gives no byte of ${where} that is not as it was written, whenever it changed`, async () => {
        const { store } = await opened();
        const bytes = Buffer.from(`Subject: x\r\n\r\n${'0123456789abcdef'.repeat(size / 16)}`);
        const one = entry('1', bytes);
        await store.add(one);
        const { entries } = await reopened();
        const file = size > MB ? path('mails', '1.eml') : path('journal', files('journal')[0] as string);
        const sound = readFileSync(file);
        const start = sound.indexOf(bytes);
        for (const at of [0, 1, 65_535, 65_536, 2 * MB, bytes.length - 1].filter((i) => i < bytes.length)) {
          const broken = Buffer.from(sound);
          broken[start + at] = (broken[start + at] as number) ^ 1;
          writeFileSync(file, broken);
          let read = Buffer.alloc(0);
          const reading = async () => {
            for await (const chunk of entries[0]!.mail.open()) read = Buffer.concat([read, chunk]);
          };
          await assert.rejects(reading, { code: 'OUTBOX_DAMAGED', message: /"Mail 1".*not those/ });
          assert.ok(read.length <= at && read.equals(bytes.subarray(0, read.length)), `byte ${at}`);
        }
        writeFileSync(file, sound);
        assert.equal(await bodyOf(entries[0]!), bytes.toString('latin1'));
      });
    }

    it('keeps what is left of msgs that can not be read, and the mail itself', async () => {
      const { store } = await opened();
      await store.add(entry('1', 'body', [{ payload: 'x'.repeat(MB) }]));
      await store.close();
      truncateSync(path('mails', '1.msgs'), 1000);
      const { store: later, entries, logged } = await reopened();
      assert.deepEqual(await later.loadMessages(entries[0]!), []);
      assert.equal(await bodyOf(entries[0]!), 'body');
      assert.match(
        logged[0] ?? '',
        /^The msgs of the mail "Mail 1" can not be read any more: .*ends after 1000/,
      );
      assert.ok(logged[1]?.includes(path('damaged', '1.msgs')));
      await later.finish(entries[0]!, result(entries[0]!, 'sent'));
      assert.equal(statSync(path('damaged', '1.msgs')).size, 1000);
      assert.deepEqual(files('mails'), []);
    });

    it('keeps what is left of a mail that reached only some of its recipients before', async () => {
      const { store } = await opened();
      await store.add(entry('1', Buffer.alloc(MB, 'x')));
      await store.close();
      truncateSync(path('mails', '1.eml'), 1000);
      const { store: later, entries } = await reopened();
      const [one] = entries as [Entry];
      one.progress.lastError = { code: 'OUTBOX_DAMAGED', message: 'as the outbox notes it' };
      await later.finish(one, result(one, 'sent'));
      assert.equal(statSync(path('damaged', '1.eml')).size, 1000);
    });

    it('gives all mails but the damaged one, sets its bytes aside, and warns of it once', async () => {
      const { store } = await opened();
      for (const id of ['1', '2', '3']) await store.add(entry(id));
      await store.close();
      const segment = path('journal', files('journal')[0] as string);
      const bytes = readFileSync(segment);
      bytes[bytes.indexOf('Mail 2')] = 0;
      writeFileSync(segment, bytes);
      const { entries, warnings } = await reopened();
      assert.deepEqual(idsOf(entries), ['1', '3']);
      assert.equal(warnings.length, 1);
      const [aside] = files('damaged');
      assert.ok(warnings[0]?.includes(aside as string));
      assert.ok(readFileSync(path('damaged', aside as string)).includes('body'));
      assert.deepEqual((await reopened()).warnings, []);
    });

    it('keeps a content whose record may be the damaged one', async () => {
      const { store } = await opened();
      await store.add(entry('large', Buffer.alloc(MB)));
      await store.add(entry('2'));
      await store.close();
      const segment = path('journal', files('journal')[0] as string);
      const bytes = readFileSync(segment);
      bytes[30] = 0;
      writeFileSync(segment, bytes);
      await reopened();
      assert.ok(existsSync(path('damaged', 'large.eml')));
    });

    it('moves files aside that are none of its own, and leaves no unfinished ones', async () => {
      await (await opened()).store.close();
      writeFileSync(path('journal', 'notes.txt'), 'a');
      writeFileSync(path('mails', 'notes.txt'), 'b');
      writeFileSync(path('mails', 'x.eml.tmp'), '');
      writeFileSync(path('mails', 'never-accepted.eml'), '');
      const { warnings } = await reopened();
      assert.equal(warnings.length, 2);
      assert.deepEqual(files('mails'), []);
      assert.deepEqual(files('damaged'), ['2-notes.txt', 'notes.txt']);
    });

    it('sets an event aside that can not be read', async () => {
      const { store } = await opened();
      await store.keepEvent({ id: '1', nodeId: 'n', data: Buffer.alloc(MB) });
      await store.keepEvent({ id: '2', nodeId: 'n', data: 'x' });
      await store.close();
      writeFileSync(path('mails', files('mails')[0] as string), Buffer.alloc(MB + 20, 'not an event'));
      const { events, warnings } = await reopened();
      assert.deepEqual(
        events.map(({ id }) => id),
        ['2'],
      );
      assert.equal(warnings.length, 1);
      const [aside = ''] = files('damaged');
      assert.ok(warnings[0]?.includes(path('damaged', aside)), warnings[0]);
      assert.equal(statSync(path('damaged', aside)).size, MB + 20);
      assert.deepEqual((await reopened()).warnings, []);
    });

    it('sets a small event aside of which a bit is wrong, and gives the others', async () => {
      const { store } = await opened();
      for (const id of ['1', '2', '3']) await store.keepEvent({ id, nodeId: 'n', data: `event ${id}` });
      await store.close();
      const segment = path('journal', files('journal')[0] as string);
      const bytes = readFileSync(segment);
      bytes[bytes.indexOf('event 2') + 6] = '7'.charCodeAt(0);
      writeFileSync(segment, bytes);
      const { events, warnings } = await reopened();
      assert.deepEqual(
        events.map(({ data }) => data),
        ['event 1', 'event 3'],
      );
      const [aside = ''] = files('damaged');
      assert.ok(readFileSync(path('damaged', aside)).includes('event 7'));
      assert.equal(warnings.length, 1);
      assert.ok(warnings[0]?.includes(path('damaged', aside)), warnings[0]);
      assert.deepEqual((await reopened()).warnings, []);
    });
  });

  describe('when the disk is full', () => {
    for (const code of ['ENOSPC', 'EDQUOT', 'EIO']) {
      for (const [size, failing] of [
        [100, 'datasync'],
        [MB, 'write'],
      ] as const) {
        it(`keeps nothing of a mail of ${size} bytes that met ${code}, and takes mails again later`, async () => {
          let broken = false;
          const fs = watchedFileSystem({
            before: (operation) => {
              if (broken && operation === failing) throw systemError(code);
            },
          });
          const { store } = await opened({ fs });
          await store.add(entry('1'));
          broken = true;
          await assert.rejects(store.add(entry('2', Buffer.alloc(size))), (error: MailError) => {
            assert.equal(error.code, 'OUTBOX_DISK');
            assert.ok(error.message.includes(folder()) && error.hint);
            return true;
          });
          broken = false;
          await store.add(entry('3'));
          assert.deepEqual(files('mails'), []);
          assert.deepEqual(idsOf((await reopened()).entries), ['1', '3']);
        });
      }
    }

    it('does not send a mail again whose end could not be written at first', async () => {
      let broken = false;
      const fs = watchedFileSystem({
        before: (operation) => {
          if (broken && operation === 'datasync') throw systemError('ENOSPC');
        },
      });
      const { store } = await opened({ fs });
      const one = entry('1');
      await store.add(one);
      broken = true;
      await assert.rejects(store.finish(one, result(one, 'sent')), { code: 'OUTBOX_DISK' });
      broken = false;
      await store.add(entry('2'));
      assert.deepEqual(idsOf((await reopened()).entries), ['2']);
    });

    it('refuses mails and events before the reserve is used up, and still keeps progress and ends', async () => {
      let free = RESERVE + MB;
      const fs: FileSystem = {
        ...fsPromises,
        statfs: (async () => ({ bavail: free, bsize: 1, blocks: 1 })) as unknown as FileSystem['statfs'],
      };
      const { store } = await opened({ fs });
      const one = entry('1');
      await store.add(one);
      await assert.rejects(store.add(entry('2', Buffer.alloc(2 * MB))), {
        code: 'OUTBOX_DISK',
        message: /full/,
      });
      free = RESERVE;
      await assert.rejects(store.add(entry('3')), { code: 'OUTBOX_DISK' });
      await assert.rejects(store.keepEvent({ id: '1', nodeId: 'n', data: 1 }), { code: 'OUTBOX_DISK' });
      await store.save(one);
      await store.finish(one, result(one, 'failed'));
      free = 100 * RESERVE;
      await store.add(entry('4'));
      assert.deepEqual(idsOf((await reopened()).entries), ['4']);
    });

    it('keeps nothing of a mail whose own content fails', async () => {
      const { store } = await opened();
      const one = entry('1', Buffer.alloc(MB));
      one.mail.open = () =>
        Readable.from(
          (function* () {
            yield Buffer.alloc(1000);
            throw new Error('content broke');
          })(),
        );
      await assert.rejects(store.add(one), /content broke/);
      assert.deepEqual(files('mails'), []);
    });
  });
});
