import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { simpleParser } from 'mailparser';
import { closedAfterEach } from '../servers/closing';
import { at, reply } from '../servers/fault-script';
import { startFaultServer } from '../servers/fault-server';
import { ALL, backlogFlow, fill, MAILS, taken, TO, topicsIn } from './backlog';
import { flowIn, mailFlow, type MailFlow } from './mail-flow';
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

  it('with damaged and foreign files in an outbox costs only the mails that are damaged: all are set aside with a warning, the rest is sent', async function () {
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
    const record = bytes.indexOf('"subject":"c"');
    assert.ok(record > 0);
    bytes[record + 11] = 'y'.charCodeAt(0);
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
    const failed = await second.probe(flow.probes.failed).next(20_000);
    assert.deepEqual([failed.topic, failed.email.error.code], ['b', 'OUTBOX_DAMAGED']);
    await second.logged(/\[warn\].*"b" was set aside in .*damaged/);
    await server.ledger.waitFor(1);
    await second.send(flow.ids.input, { flush: true });
    await server.ledger.waitFor(2);
    assert.deepEqual(topicsIn(server), ['a', 'd', 'e']);
    const aside = readdirSync(inOutbox('damaged'));
    assert.ok(aside.includes('notes.txt') && aside.includes('holiday.jpg'));
    for (const part of ['[z]', '"subject":"y"']) {
      assert.ok(
        aside.some((name) => readFileSync(inOutbox('damaged', name)).includes(part)),
        `the bytes of the mail with ${part} are gone`,
      );
    }
    assert.deepEqual(readdirSync(inOutbox('mails')), []);
    assert.equal(second.exit(), undefined);
    const { body: state } = await second.request('GET', `/email-server-connector/${flow.ids.connector}`);
    assert.equal(state.state, 'RUN');
  });

  it('on which a bit of a 5 MB mail changed while Node-RED was down never lets it out: it is set aside and reported, the others are sent', async function () {
    this.timeout(60_000);
    const port = await freePort();
    const first = await startNodeRed({ userDir });
    const flow = mailFlow(first, {
      server: { host: '127.0.0.1', port },
      connector: { outbox: 'disk', connections: 1 },
      sendEmail: { to: '' },
    });
    await first.deploy(flow.nodes);
    const picture = Buffer.alloc(5 * MB, 'camera 3 ');
    const attachments = [{ filename: 'picture.bin', content: picture }];
    await flow.send({ _msgid: 'large', topic: 'large', to: TO, attachments });
    await flow.send({ _msgid: 'nameless', to: TO, attachments });
    await flow.send({ _msgid: 'small', topic: 'small', to: TO, payload: 'sound' });
    await taken(first, flow);
    await first.stop('SIGKILL');

    const folder = path.join(userDir, 'email-outbox', flow.ids.connector);
    const inOutbox = (...names: string[]) => path.join(folder, ...names);
    // Ids sort as their mails came.
    const [large = '', nameless = ''] = readdirSync(inOutbox('mails'))
      .filter((name) => name.endsWith('.eml'))
      .map((name) => name.replace('.eml', ''))
      .sort();
    const bytes = readFileSync(inOutbox('mails', `${large}.eml`));
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] as number) ^ 1;
    writeFileSync(inOutbox('mails', `${large}.eml`), bytes);
    rmSync(inOutbox('mails', `${nameless}.msgs`));

    const server = await opened(startFaultServer({ port, keepBodies: true }));
    const second = await started(startNodeRed({ userDir }));
    // A mail without a name of its own has one in what people read.
    await second.logged(/\[warn\].*\.msgs of the mail "[^"]+" is missing/);
    const { failed, sent, caught } = flowIn(second, flow);
    const { topic, email } = await failed.next(20_000);
    assert.deepEqual([topic, email.status, email.error.code], ['large', 'failed', 'OUTBOX_DAMAGED']);
    assert.match(email.error.message, /"large".*not those that were written/);
    assert.ok(email.error.hint);
    assert.equal(email.recovered, true);
    assert.match((await caught.next()).error.message, /"large"/);
    await sent.waitFor(2);
    await second.logged(/\[warn\].*"large" was set aside in .*damaged/);
    assert.deepEqual(
      server.ledger.items.map(({ messageId }) => messageId).sort(),
      sent.items.map((one) => one.email.messageId).sort(),
    );
    const whole = server.ledger.items.find(({ bytes: size }) => size > 5 * MB);
    const { attachments: received } = await simpleParser(whole?.body as Buffer);
    assert.ok(received[0]?.content.equals(picture));
    assert.ok(readFileSync(inOutbox('damaged', `${large}.eml`)).equals(bytes));
    const why = JSON.parse(readFileSync(inOutbox('failed', `${large}.json`), 'utf8'));
    assert.equal(why.error.code, 'OUTBOX_DAMAGED');
    const { body: state } = await second.request('GET', `/email-server-connector/${flow.ids.connector}`);
    assert.deepEqual([state.state, state.counts.queued, state.counts.failed], ['RUN', 0, 1]);
  });
});
