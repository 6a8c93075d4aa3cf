import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fsPromises from 'node:fs/promises';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { acquireLock } from '../../../nodes/store/disk/lock';
import { ownIdentity, type ProcessIdentity } from '../../../nodes/store/disk/process-identity';
import type { MailError } from '../../../nodes/types';
import { useFolder } from './disk-fixture';

const QUICK = { beat: 20, stale: 200 };

describe('the lock of an outbox', () => {
  const folder = useFolder();
  let children: ChildProcess[] = [];

  afterEach(async () => {
    for (const child of children) if (child.kill('SIGKILL')) await once(child, 'exit');
    children = [];
  });

  /** Starts a process that takes the lock; gives what it says. */
  async function contender(...args: string[]): Promise<{ child: ChildProcess; said: string }> {
    const script = join(__dirname, 'lock-process.ts');
    const child = spawn(process.execPath, ['--require', 'tsx/cjs', script, folder(), ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, said: said.toString().trim() };
  }

  async function leaveLock(holder: Partial<ProcessIdentity> & { released?: boolean }): Promise<string> {
    const path = join(folder(), 'lock-7');
    writeFileSync(path, JSON.stringify({ ...(await ownIdentity()), released: false, ...holder }));
    return path;
  }

  const take = () => acquireLock(fsPromises, folder(), QUICK);

  it('lets a second process in only when the first gave it back, and names folder and pid until then', async () => {
    const lock = await take();
    const { said } = await contender();
    assert.equal(
      said,
      `OUTBOX_LOCKED The outbox ${folder()} is in use by the process with pid ${process.pid}`,
    );
    await lock.release();
    const second = await contender();
    assert.match(second.said, /^held/);
    await assert.rejects(take(), { code: 'OUTBOX_LOCKED', message: new RegExp(`pid ${second.child.pid}$`) });
  });

  it('is taken over at once from a process that was killed', async () => {
    const { child } = await contender();
    child.kill('SIGKILL');
    await once(child, 'exit');
    // The default times: with them a wait would take 10 s, longer than this test may.
    const lock = await acquireLock(fsPromises, folder());
    await lock.release();
  }).timeout(8_000);

  it('is taken over at once from a killed process that its parent has not looked after yet', async function () {
    if (process.platform !== 'linux') return this.skip();
    // The shell becomes a program that never looks after its child.
    const shell = spawn('/bin/sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(shell);
    const [output] = (await once(shell.stdout, 'data')) as [Buffer];
    const pid = Number(output.toString());
    const stat = (of = pid) => readFileSync(`/proc/${of}/stat`, 'utf8');
    while (!stat(shell.pid).includes('(sleep)')) await nextTurn();
    process.kill(pid, 'SIGKILL');
    while (!stat().includes(') Z ')) await nextTurn();
    await leaveLock({ pid, startedAt: stat().split(') ')[1]!.split(' ')[19]! });
    await (await acquireLock(fsPromises, folder())).release();
  }).timeout(8_000);

  it('is taken over at once when another process has the pid now, as after a restart of a machine or container', async function () {
    if (process.platform !== 'linux') return this.skip();
    await leaveLock({ startedAt: '1' });
    await (await acquireLock(fsPromises, folder())).release();
  }).timeout(8_000);

  it('is taken over from another machine when that gave no sign of life for the time set', async () => {
    await leaveLock({ home: 'elsewhere' });
    const started = performance.now();
    const lock = await take();
    assert.ok(performance.now() - started >= QUICK.stale - 1);
    await lock.release();
  });

  it('is not taken over from another machine that gives signs of life', async () => {
    const path = await leaveLock({ home: 'elsewhere', pid: 42 });
    const beat = setInterval(() => void fsPromises.utimes(path, new Date(), new Date()), 20);
    try {
      await assert.rejects(take(), { code: 'OUTBOX_LOCKED', message: /pid 42/ });
    } finally {
      clearInterval(beat);
    }
  });

  it('is taken over when a crash left it without content', async () => {
    writeFileSync(join(folder(), 'lock-7'), '');
    await (await take()).release();
  });

  it('goes to exactly one of many processes that find a dead owner', async () => {
    await leaveLock({ pid: 2 ** 22 + 1 });
    const said = (await Promise.all(Array.from({ length: 6 }, () => contender()))).map((one) => one.said);
    assert.equal(said.filter((text) => text.startsWith('held')).length, 1, said.join('\n'));
    assert.equal(said.filter((text) => text.startsWith('OUTBOX_LOCKED')).length, 5, said.join('\n'));
  }).timeout(30_000);

  it('goes to exactly one of many that look at the same moment', async () => {
    await leaveLock({ released: true });
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, take));
    const held = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
    assert.equal(held.length, 1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal((outcome.reason as MailError).code, 'OUTBOX_LOCKED');
    }
    await held[0]?.release();
  });

  it('never goes back to a number that was used, so that a slow process can not follow a dead owner a second time', async () => {
    await leaveLock({ startedAt: '1', released: true });
    const lock = await take();
    await lock.release();
    assert.deepEqual(readdirSync(folder()), ['lock-8']);
    await (await take()).release();
    assert.deepEqual(readdirSync(folder()), ['lock-9']);
  });

  it('notices when it was lost, and then does not take the lock of the new owner away', async () => {
    const lock = await take();
    await lock.check();
    rmSync(join(folder(), 'lock-1'));
    writeFileSync(join(folder(), 'lock-2'), 'of the new owner');
    await assert.rejects(
      async () => {
        for (;;) {
          await lock.check();
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      },
      { code: 'OUTBOX_LOCKED' },
    );
    await lock.release();
    assert.deepEqual(readdirSync(folder()), ['lock-2']);
    assert.equal(readFileSync(join(folder(), 'lock-2'), 'utf8'), 'of the new owner');
  });
});
