import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { closedAfterEach } from '../servers/closing';
import { at, reply } from '../servers/fault-script';
import { startFaultServer } from '../servers/fault-server';
import { ALL, backlogFlow, fill, MAILS, taken, TO, topicsIn } from './backlog';
import type { MailFlow } from './mail-flow';
import { startNodeRed, type NodeRed } from './node-red';
import { freePort } from './user-dir';

const MB = 1_048_576;

describe('a disk', () => {
  const opened = closedAfterEach();
  const started = (red: Promise<NodeRed>) =>
    red.then(async (one) => {
      await opened({ close: async () => void (await one.stop('SIGKILL')) });
      return one;
    });
  let userDir: string;
  beforeEach(() => {
    userDir = mkdtempSync(path.join(tmpdir(), 'disk-trouble-'));
  });
  // After the processes of the test have ended, which the hook before this one sees to.
  afterEach(() => rmSync(userDir, { recursive: true, force: true }));

  /** A msg that leaves at once, and one that waits in a batch; gives their errors. */
  async function refused(red: NodeRed, flow: MailFlow, name: string) {
    const ids = [`${name} mail`, `${name} event`];
    await flow.send(
      { _msgid: ids[0], topic: 'x', to: TO, priority: 'high' },
      { _msgid: ids[1], topic: 'y', to: TO, batch: name },
    );
    const errors = [];
    for (const id of ids) {
      assert.ok((await red.dones.waitForOne(({ msgid }) => msgid === id)).error);
      const { email } = await flow.failed.waitForOne(({ _msgid }) => _msgid === id);
      assert.equal(email.status, 'failed');
      assert.match((await flow.caught.waitForOne(({ _msgid }) => _msgid === id)).error.message, /./);
      errors.push(email.error);
    }
    return errors;
  }

  for (const [what, trouble, code, words] of [
    ['that is nearly full', { free: 10 * MB }, 'OUTBOX_DISK', /full.* 10\.0 MB are free/],
    ['that is full', { code: 'ENOSPC' }, 'OUTBOX_DISK', /ENOSPC/],
    ['that became read-only', { code: 'EROFS' }, 'OUTBOX_FOLDER', /can not be used.*EROFS/],
    ['that fails', { code: 'EIO' }, 'OUTBOX_DISK', /EIO/],
  ] as const) {
    it(`${what} takes no msg, each of which says so, and loses none that it had`, async function () {
      this.timeout(60_000);
      const port = await freePort();
      const red = await started(startNodeRed({ userDir, preload: ['disk', 'clock'] }));
      const flow = backlogFlow(red, { server: { host: '127.0.0.1', port } });
      await red.deploy(flow.nodes);
      await fill(flow);
      await taken(red, flow);

      red.disk(trouble);
      // What is free is looked at once a second.
      red.clock({ pass: 1_500 });
      for (const error of await refused(red, flow, 'first')) {
        assert.equal(error.code, code);
        assert.match(error.message, words);
        assert.ok(error.message.includes(path.join(userDir, 'email-outbox', flow.ids.connector)));
        assert.ok(error.hint);
      }

      red.disk({});
      red.clock({ pass: 1_500 });
      await flow.send({ _msgid: 'again', topic: 'f', to: TO, priority: 'high' });
      await taken(red, flow);
      await red.stop('SIGKILL');
      const server = await opened(startFaultServer({ port, keepBodies: true }));
      const second = await started(startNodeRed({ userDir }));
      await server.ledger.waitFor(MAILS, 20_000);
      await second.send(flow.ids.input, { flush: true });
      await server.ledger.waitFor(MAILS + 1);
      assert.deepEqual(topicsIn(server), [...ALL, 'f']);
    });
  }

  it('that fills up while mails leave lets them leave, each once, and the outbox is empty after the next start', async function () {
    this.timeout(60_000);
    const server = await opened(
      startFaultServer({ keepBodies: true, script: at('greeting', reply('421 4.3.2 later')) }),
    );
    const red = await started(startNodeRed({ userDir, preload: ['disk', 'clock'] }));
    const flow = backlogFlow(red, { server });
    await red.deploy(flow.nodes);
    await fill(flow);
    await flow.send({ flush: true });
    await taken(red, flow);
    // What is known already has room in the reserve.
    red.disk({ free: 10 * MB });
    server.script = () => undefined;
    red.clock({ pass: 60_000 });
    await flow.sent.waitFor(MAILS);
    assert.deepEqual(topicsIn(server), ALL);
    await red.stop('SIGTERM');
    const second = await started(startNodeRed({ userDir }));
    await second.statuses(flow.ids.connector).waitForOne(({ fill: colour }) => colour === 'green');
    const { body } = await second.request('GET', `/email-server-connector/${flow.ids.connector}`);
    assert.equal(body.state, 'RUN');
    assert.deepEqual([body.counts.queued, body.counts.deferred, body.counts.sending], [0, 0, 0]);
    assert.equal(server.ledger.items.length, MAILS);
  });

  it('that is read-only from the start leaves the connector in INIT_ERROR, which names the folder, and a start when it is put right takes mails', async function () {
    this.timeout(40_000);
    const server = await opened(startFaultServer({ keepBodies: true }));
    const red = await started(startNodeRed({ userDir, preload: ['disk'], env: { DISK_CODE: 'EROFS' } }));
    const flow = backlogFlow(red, { server });
    await red.deploy(flow.nodes);
    const { text = '' } = await flow.statuses.waitForOne(({ fill: colour }) => colour === 'red');
    assert.match(text, /^INIT_ERROR/);
    for (const error of await refused(red, flow, 'first')) assert.equal(error.code, 'OUTBOX_FOLDER');
    red.disk({});
    await flow.send({ action: 'start' });
    await flow.send({ topic: 'a', to: TO, priority: 'high' });
    await server.ledger.waitFor(1);
    assert.deepEqual(topicsIn(server), ['a']);
  });

  it('with damaged and foreign files in an outbox costs only the mail that is damaged: all are set aside with a warning, the rest is sent', async function () {
    this.timeout(60_000);
    const port = await freePort();
    const first = await startNodeRed({ userDir });
    const flow = backlogFlow(first, { server: { host: '127.0.0.1', port } });
    await first.deploy(flow.nodes);
    await fill(flow);
    await taken(first, flow);
    await first.stop('SIGKILL');

    const folder = path.join(userDir, 'email-outbox', flow.ids.connector);
    const inOutbox = (...names: string[]) => path.join(folder, ...names);
    const [segment = ''] = readdirSync(inOutbox('journal'));
    const bytes = readFileSync(inOutbox('journal', segment));
    const body = bytes.indexOf('\r\n\r\n[b]');
    assert.ok(body > 0);
    bytes[body + 5] = 'z'.charCodeAt(0);
    writeFileSync(inOutbox('journal', segment), bytes);
    writeFileSync(inOutbox('journal', 'notes.txt'), 'a note');
    writeFileSync(inOutbox('journal', '0000000009-0123456789abcdef.journal'), 'no journal at all');
    writeFileSync(inOutbox('mails', 'holiday.jpg'), 'a picture');
    writeFileSync(inOutbox('mails', 'unfinished.eml.tmp'), 'half a mail');
    mkdirSync(inOutbox('failed', 'a folder'));

    const server = await opened(startFaultServer({ port, keepBodies: true }));
    const second = await started(startNodeRed({ userDir }));
    await second.logged(/\[warn\].*A part of the outbox is damaged.*/);
    await second.logged(/\[warn\].*does not belong in the outbox folder .*notes\.txt/);
    await second.logged(/\[warn\].*does not belong in the outbox folder .*holiday\.jpg/);
    await server.ledger.waitFor(2);
    await second.send(flow.ids.input, { flush: true });
    await server.ledger.waitFor(3);
    assert.deepEqual(topicsIn(server), ['a', 'c', 'd', 'e']);
    const aside = readdirSync(inOutbox('damaged'));
    assert.ok(aside.includes('notes.txt') && aside.includes('holiday.jpg'));
    assert.ok(
      aside.some((name) => readFileSync(inOutbox('damaged', name)).includes('[z]')),
      'the bytes of the damaged mail are gone',
    );
    assert.deepEqual(readdirSync(inOutbox('mails')), []);
    assert.equal(second.exit(), undefined);
    const { body: state } = await second.request('GET', `/email-server-connector/${flow.ids.connector}`);
    assert.equal(state.state, 'RUN');
  });
});
