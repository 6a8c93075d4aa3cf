import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mailFlow, type MailFlow } from '../flows/mail-flow';
import { startNodeRed, type NodeRed } from '../flows/node-red';
import { freePort } from '../flows/user-dir';

/** Waiting mails and the megabytes that each has attached; SOAK_MAILS and SOAK_MB change them. */
const MAILS = Number(process.env['SOAK_MAILS'] ?? 1_000);
const ATTACHED_MB = Number(process.env['SOAK_MB'] ?? 5);

/** Mails that wait before memory is measured. */
const FIRST = 50;

/** What a backlog may cost, however large it is, bytes. */
const MOST = 100 * 1_048_576;

interface Memory {
  rss: number;
  heapUsed: number;
  external: number;
}

const grown = (bytes: number) => `${bytes < 0 ? '−' : '+'}${inMb(Math.abs(bytes))}`;
const inMb = (bytes: number) => `${Math.round(bytes / 1_048_576)} MB`;

describe(`a backlog of ${MAILS} mails with ${ATTACHED_MB} MB attached each`, () => {
  let files: string;
  let red: NodeRed;
  before(async function () {
    if (process.platform !== 'linux') return this.skip();
    this.timeout(60_000);
    files = mkdtempSync(join(tmpdir(), 'attached-'));
    writeFileSync(join(files, 'picture.bin'), randomBytes(ATTACHED_MB * 1_048_576));
    red = await startNodeRed({ env: { NODE_OPTIONS: `--require=${join(__dirname, 'memory-report.cjs')}` } });
  });
  after(async function () {
    this.timeout(60_000);
    await red?.stop();
    if (files) rmSync(files, { recursive: true, force: true });
  });

  async function memory(): Promise<Memory> {
    const before = red.logs().length;
    process.kill(red.pid, 'SIGWINCH');
    for (let tries = 0; tries < 100; tries++) {
      const [, found] = /^memory (.*)$/m.exec(red.logs().slice(before)) ?? [];
      if (found) return JSON.parse(found) as Memory;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`no report of the memory: ${red.logs().slice(before)}`);
  }

  const resident = () =>
    1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${red.pid}/status`, 'utf8'))?.[1]);

  /** Sends msgs and resolves when the node has taken them all, with the most resident memory meanwhile. */
  async function take(flow: MailFlow, count: number, round: string): Promise<number> {
    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, resident())), 100);
    const to = 'operator@example.com';
    const msgs = Array.from({ length: count }, (_, i) => ({
      to,
      topic: `${round} ${i}`,
      payload: 'picture.bin',
    }));
    await flow.send(...msgs, { _msgid: round, to: 'no address' });
    await red.dones.waitForOne(({ msgid }) => msgid === round, 30_000 + count * 2_000);
    clearInterval(watch);
    return peak;
  }

  it(`costs less than ${inMb(MOST)} of memory`, async function () {
    this.timeout(120_000 + MAILS * 2_000);
    const flow = mailFlow(red, {
      server: { host: '127.0.0.1', port: await freePort() },
      connector: { outbox: 'disk' },
      sendEmail: { to: '', attach: true, attachFolder: files, attachMaxMb: ATTACHED_MB + 1 },
    });
    await red.deploy(flow.nodes);
    // What is loaded once and kept: code, templates, buffers of the file system; and what composing takes in between.
    const firstPeak = await take(flow, FIRST, 'first');
    const start = await memory();
    const peak = await take(flow, MAILS, 'backlog');
    const end = await memory();
    const { body } = await red.request('GET', `/email-server-connector/${flow.ids.connector}`);
    const { queued, deferred, sending } = body.counts;
    assert.equal(queued + deferred + sending, MAILS + FIRST);
    const heap = end.heapUsed + end.external - start.heapUsed - start.external;
    console.log(
      `      ${MAILS.toLocaleString('en')} mails with ${ATTACHED_MB} MB attached each waiting: ` +
        `heap ${grown(heap)}, resident ${grown(end.rss - start.rss)}; ` +
        `while they were composed ${grown(peak - start.rss)}, as for the first ${FIRST}: ${grown(firstPeak - start.rss)}`,
    );
    assert.ok(heap < MOST, `the heap grew by ${inMb(heap)}`);
    assert.ok(peak - firstPeak < MOST, `the peak grew by ${inMb(peak - firstPeak)}`);
    assert.ok(end.rss - start.rss < MOST, `rss grew by ${inMb(end.rss - start.rss)}`);
  });
});
