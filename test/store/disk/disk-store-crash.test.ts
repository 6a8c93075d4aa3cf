import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Store } from '../../../nodes/store/store';
import { bodyOf, entry, idsOf, openStore, result, useFolder, watchedFileSystem } from './disk-fixture';

/** What must be found after a crash: ids of mails and events whose keeping was confirmed and whose end was not begun. */
class Account {
  readonly present = new Set<string>();
  readonly absent = new Set<string>();

  begin(id: string): void {
    this.present.delete(id);
  }
  kept(id: string): void {
    this.present.add(id);
  }
  ended(id: string): void {
    this.absent.add(id);
  }

  check(found: Set<string>, when: string): void {
    for (const id of this.present) assert.ok(found.has(id), `${id} is lost ${when}`);
    for (const id of this.absent) assert.ok(!found.has(id), `${id} is back ${when}`);
  }

  copy(): Account {
    const copy = new Account();
    for (const id of this.present) copy.present.add(id);
    for (const id of this.absent) copy.absent.add(id);
    return copy;
  }
}

/** Copies the folder as it is at this moment, without the lock, which would be that of this process, which lives. */
function copyFolder(from: string, to: string): void {
  for (;;) {
    try {
      return cpSync(from, to, { recursive: true, filter: (source) => !basename(source).startsWith('lock-') });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      // A file was deleted by a call under way while it was to be copied: the moment is that after it.
      rmSync(to, { recursive: true, force: true });
    }
  }
}

/** Opens a folder that a crash left, checks it against the account, and that the next start finds the same. */
async function checkFolder(folder: string, account: Account, when: string): Promise<void> {
  const { store, entries, events, warnings } = await openStore(folder, {
    fs: watchedFileSystem({ skipSync: true }),
  });
  await store.close();
  assert.deepEqual(warnings, [], when);
  const found = [...idsOf(entries), ...events.map(({ id }) => id)];
  assert.equal(new Set(found).size, found.length, `something is there twice ${when}`);
  account.check(new Set(found), when);
  for (const one of entries) {
    const expected = Buffer.alloc(one.mail.size, `${one.mail.id};`).toString();
    assert.equal(await bodyOf(one), expected, `the body of ${one.mail.id} ${when}`);
    if (one.progress.attempts > 0) assert.equal(one.progress.response, 'saved');
  }
}

describe('after a crash the disk store has all that was accepted and nothing that was finished', () => {
  const folder = useFolder();

  /** A run with everything in it; segments are so small that old ones are cleared away while it goes on. */
  async function run(store: Store, account: Account): Promise<void> {
    const live: ReturnType<typeof entry>[] = [];
    for (let i = 0; i < 16; i++) {
      const id = `mail-${String(i).padStart(3, '0')}`;
      const event = `event-${i}`;
      await store.keepEvent({ id: event, nodeId: 'n', data: { payload: i } });
      account.kept(event);
      const one = entry(id, Buffer.alloc(i % 5 === 4 ? 300_000 : 700, `${id};`), [{ payload: i }]);
      if (i % 2 === 0) account.begin(event);
      await store.add(one, i % 2 === 0 ? [event] : []);
      account.kept(id);
      if (i % 2 === 0) account.ended(event);
      one.progress = { ...one.progress, attempts: 1, response: 'saved' };
      await store.save(one);
      void store.saveRate({ i });
      // The first mail and the first event stay: what is old has to be carried along.
      if (i > 0) live.push(one);
      if (i % 4 === 3) {
        await Promise.all(
          live.splice(0).map(async (done, k) => {
            account.begin(done.mail.id);
            await store.finish(done, result(done, k === 0 ? 'failed' : 'sent'));
            account.ended(done.mail.id);
          }),
        );
        account.begin(event);
        await store.dropEvents([event]);
        account.ended(event);
      }
    }
    await store.close();
  }

  it('at every step of the file system, with the write cut short or not', async function () {
    this.timeout(120_000);
    const live = join(folder(), 'live');
    const account = new Account();
    const crashes: { folder: string; account: Account; when: string }[] = [];

    const crash = (when: string, change?: (copy: string) => void) => {
      const copy = join(folder(), `crash-${crashes.length}`);
      copyFolder(live, copy);
      change?.(copy);
      crashes.push({ folder: copy, account: account.copy(), when });
    };
    const sizes = new Map<string, number>();
    const fs = watchedFileSystem({
      after: (operation, path) => {
        if (operation === 'read' || basename(path).startsWith('lock-')) return;
        const when = `after step ${crashes.length}, ${operation} ${basename(path)}`;
        crash(when);
        if (operation !== 'write') return;
        // What was not synced yet may be there in part.
        const size = statSync(path).size;
        const before = sizes.get(path) ?? 0;
        sizes.set(path, size);
        crash(`${when}, cut short`, (copy) =>
          truncateSync(join(copy, path.slice(live.length)), before + Math.floor((size - before) / 2)),
        );
      },
    });
    const { store } = await openStore(live, { fs, segmentBytes: 2_000 });
    await run(store, account);
    crash('at the end');

    const names = readdirSync(join(live, 'journal'));
    assert.ok(crashes.length > 200, `${crashes.length} crashes`);
    assert.ok(!names.some((name) => name.startsWith('0000000001-')), 'old segments were cleared away');
    for (const one of crashes) {
      await checkFolder(one.folder, one.account, one.when);
      rmSync(one.folder, { recursive: true });
    }
  });

  it('when the journal is cut off at any byte that was not confirmed', async function () {
    this.timeout(60_000);
    const { store } = await openStore(folder());
    const account = new Account();
    const segment = () => {
      const [name] = readdirSync(join(folder(), 'journal'));
      return name ? join(folder(), 'journal', name) : '';
    };
    await store.add(entry('first', Buffer.alloc(50, 'first;')));
    account.kept('first');
    const confirmed = statSync(segment()).size;
    await store.add(entry('second', Buffer.alloc(50, 'second;'), [{ payload: 'x' }]));
    await store.close();
    const size = statSync(segment()).size;
    for (let cut = size - 1; cut >= confirmed; cut--) {
      truncateSync(segment(), cut);
      await checkFolder(folder(), account, `cut at ${cut} of ${size}`);
    }
  });

  it('by kill -9 of its process, again and again, with the next one taking over at once', async function () {
    this.timeout(120_000);
    const account = new Account();
    let confirmed = 0;
    for (let round = 0; round < 8; round++) {
      const script = join(__dirname, 'store-process.ts');
      const child = spawn(process.execPath, ['--require', 'tsx/cjs', script, folder(), `round-${round}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let told = '';
      let steps = 0;
      child.stdout.on('data', (data: Buffer) => {
        told += data.toString();
        steps = told.split('\n').length;
        // At another point of the work in each round.
        if (steps > 60 + round * 37) child.kill('SIGKILL');
      });
      await once(child, 'close');
      assert.ok(steps > 60, told);
      for (const line of told.split('\n').slice(0, -1)) {
        const [step, id = ''] = line.split(' ');
        if (step === 'A' || step === 'E') account.kept(id);
        if (step === 'f' || step === 'd') account.begin(id);
        if (step === 'F' || step === 'D') account.ended(id);
        confirmed += 1;
      }
      await checkFolder(folder(), account, `after round ${round}`);
    }
    assert.ok(confirmed > 500);
    assert.ok(existsSync(join(folder(), 'failed')));
  });
});
