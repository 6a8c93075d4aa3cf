import assert from 'node:assert/strict';
import { startInbox, type Inbox } from '../servers/inbox';
import { deployMailFlow } from './mail-flow';
import type { FlowMsg, NodeRed } from './node-red';
import { sharedNodeRed } from './shared-node-red';

describe('a batch of events', () => {
  let red: NodeRed;
  let inbox: Inbox;
  before(async function () {
    this.timeout(30_000);
    red = await sharedNodeRed();
  });
  beforeEach(async () => {
    inbox = await startInbox();
  });
  afterEach(() => inbox.close());

  const TEMPLATE = '{{#events}}{{index}}={{event}};{{/events}}count={{count}}';
  const deploy = (sendEmail: Record<string, unknown>) =>
    deployMailFlow(red, { server: inbox, sendEmail: { format: 'text', template: TEMPLATE, ...sendEmail } });
  const texts = (): (string | undefined)[] => inbox.mails.items.map((mail) => mail.parsed.text?.trim());
  const payloads = (msg: FlowMsg): unknown[] =>
    (msg.email.messages as FlowMsg[]).map((source) => source.payload);

  it('leaves when it is full, and the rest when its time is over', async () => {
    const flow = await deploy({ batchSize: 3, batchTimeout: 1 });
    await flow.send(...[1, 2, 3, 4].map((payload) => ({ _msgid: `m${payload}`, topic: 't', payload })));
    await inbox.waitFor(2);
    assert.deepEqual(texts(), ['1=1;2=2;3=3;count=3', '1=4;count=1']);

    const [full] = await flow.sent.waitFor(2);
    assert.equal(full?.email.count, 3);
    assert.deepEqual(payloads(full), [1, 2, 3]);
    assert.equal(full._msgid, 'm3');
    const completed = await flow.completed.waitFor(4);
    assert.deepEqual(
      completed.map((msg) => msg._msgid),
      ['m1', 'm2', 'm3', 'm4'],
    );
  });

  it('never holds events for different people, nor events that batchBy keeps apart', async () => {
    const flow = await deploy({
      to: '{{who}}@example.com',
      batchBy: '{{site}}',
      batchSize: 2,
      batchTimeout: 60,
    });
    const event = (who: string, site: string, payload: string): FlowMsg => ({
      topic: 't',
      who,
      site,
      payload,
    });
    await flow.send(
      event('a', 'x', 'a1'),
      event('b', 'x', 'b1'),
      event('a', 'y', 'ay1'),
      event('a', 'x', 'a2'),
      event('b', 'x', 'b2'),
      event('a', 'y', 'ay2'),
    );
    const mails = await inbox.waitFor(3);
    const seen = mails.map((mail) => `${mail.envelope.to.join()} ${mail.parsed.text?.trim()}`).sort();
    assert.deepEqual(seen, [
      'a@example.com 1=a1;2=a2;count=2',
      'a@example.com 1=ay1;2=ay2;count=2',
      'b@example.com 1=b1;2=b2;count=2',
    ]);
  });

  it('leaves at once with msg.flush', async () => {
    const flow = await deploy({ batchSize: 100, batchTimeout: 3600 });
    await flow.send({ topic: 't', payload: 'a' }, { topic: 't', payload: 'b' }, { flush: true });
    await inbox.waitFor(1);
    assert.deepEqual(texts(), ['1=a;2=b;count=2']);
  });

  it('leaves with msg.flush although all came while the connector was still starting', async () => {
    const flow = await deployMailFlow(red, {
      server: inbox,
      connector: { outbox: 'disk' },
      sendEmail: { batchSize: 10, batchTimeout: 3600 },
    });
    await flow.send({ topic: 't', payload: 'a' }, { topic: 't', payload: 'b' }, { flush: true });
    await inbox.nextMail();
    assert.equal((await flow.sent.next()).email.count, 2);
  });

  it('is dropped with msg.reset, and its msgs are done all the same', async () => {
    const flow = await deploy({ batchSize: 100, batchTimeout: 3600 });
    await flow.send({ _msgid: 'dropped-1', topic: 't', payload: 'a' }, { reset: true });
    await red.dones.waitForOne((done) => done.msgid === 'dropped-1');
    await flow.send({ topic: 't', payload: 'b' }, { flush: true });
    await inbox.waitFor(1);
    assert.deepEqual(texts(), ['1=b;count=1']);
    assert.equal(red.dones.items.filter((done) => done.msgid === 'dropped-1').length, 1);
  });

  it('is not waited for by a msg of high priority, which leaves alone', async () => {
    const flow = await deploy({ batchSize: 3, batchTimeout: 3600 });
    await flow.send({ topic: 't', payload: 'a' }, { topic: 't', payload: 'fire', priority: 'high' });
    const urgent = await inbox.nextMail();
    assert.equal(urgent.parsed.text?.trim(), '1=fire;count=1');
    assert.equal(urgent.parsed.headers.get('priority'), 'high');
    await flow.send({ topic: 't', payload: 'b' }, { topic: 't', payload: 'c' });
    await inbox.nextMail();
    assert.deepEqual(texts()[1], '1=a;2=b;3=c;count=3');
  });

  it('shows how many events wait', async () => {
    const flow = await deploy({ batchSize: 3, batchTimeout: 3600 });
    await flow.send({ topic: 't', payload: 'a' }, { topic: 't', payload: 'b' });
    await flow.statuses.waitForOne((status) => /2 /.test(status.text ?? ''));
    await flow.send({ topic: 't', payload: 'c' });
    await flow.statuses.waitForOne((status) => status.fill === 'green' && /3/.test(status.text ?? ''));
  });
});
