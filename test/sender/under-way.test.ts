/** Many msgs on their way to the disk at once: their order, their bounds, and who is told what. */
import assert from 'node:assert/strict';
import { readConfig } from '../../nodes/mail/config';
import { compileMessage, type MailEvent } from '../../nodes/mail/message';
import { createSender, type Sender } from '../../nodes/sender/sender';
import { MOST_UNDER_WAY } from '../../nodes/sender/pipeline/under-way';
import { MailError, type Msg } from '../../nodes/types';
import { createJournal } from '../servers/journal';

const FULL = new MailError('OUTBOX_DISK', 'the disk is full');

/** A call of the outbox that waits for its disk. */
interface Write {
  /** `mail SUBJECT of COUNT`, `event TOPIC` or `drop TOPICS`. */
  what: string;
  kept: () => void;
  failed: (error: Error) => void;
}

interface Trial {
  sender: Sender;
  /** Every call, in its order. */
  writes: ReturnType<typeof createJournal<Write>>;
  /** `TOPIC: CODE`. */
  refused: ReturnType<typeof createJournal<string>>;
  /** The numbers of events that waited in batches, at each change. */
  waiting: ReturnType<typeof createJournal<number>>;
  take: (...msgs: Msg[]) => void;
}

/** A sender whose outbox writes when the test says so. */
function start(fields: Record<string, unknown> = {}): Trial {
  const config = { from: 'me@x.test', to: 'ops@x.test', batchTimeout: 3600, ...fields };
  const { message } = compileMessage(readConfig(config).config);
  assert.ok(message);
  const writes = createJournal<Write>('writes', ({ what }) => what);
  const refused = createJournal<string>('refused msgs', (text) => text);
  const waiting = createJournal<number>('numbers of waiting events', String);
  const topics = new Map<string, string>();
  const write = (what: string) =>
    new Promise<void>((kept, failed) => writes.add({ what, kept: () => kept(), failed }));
  const sender = createSender({
    nodeId: 'n1',
    message,
    attachFolder: '',
    connector: () => ({ title: 'Account', mailFrom: null, username: '' }),
    externals: () => Promise.resolve({}),
    values: () => Promise.resolve({} as never),
    files: ({ payload }) => payload,
    submit: ({ subject, count }) => write(`mail ${subject} of ${count}`),
    keepEvent({ id, data }) {
      const topic = String((data as MailEvent).msg.topic);
      topics.set(id, topic);
      return write(`event ${topic}`);
    },
    dropEvents: (ids) => write(`drop ${ids.map((id) => topics.get(id)).join(' ')}`),
    blockedUntil: () => 0,
    refuse: (sources, { code }) => sources.forEach(({ msg }) => refused.add(`${String(msg.topic)}: ${code}`)),
    warn: () => undefined,
    changed: () => waiting.add(sender.waiting()),
  });
  const take = (...msgs: Msg[]) => msgs.forEach((msg) => sender.take({ msg, done: () => undefined }));
  return { sender, writes, refused, waiting, take };
}

const topic = (name: string, more: Msg = {}): Msg => ({ topic: name, ...more });
const whats = ({ writes }: Trial) => writes.items.map(({ what }) => what);

describe('msgs on their way to the disk', () => {
  it('are many at once, in their order', async () => {
    const trial = start();
    trial.take(topic('a'), topic('b'), topic('c'));
    await trial.writes.waitFor(3);
    assert.deepEqual(whats(trial), ['mail a of 1', 'mail b of 1', 'mail c of 1']);
  });

  it('do not hold up a msg that is refused, which is told after their fate is known', async () => {
    const trial = start({ to: '' });
    const { take, writes, refused } = trial;
    const to = 'ops@x.test';
    take(topic('a', { to }), topic('wrong', { to: 'no address' }), topic('c', { to }));
    const [a, c] = await writes.waitFor(2);
    assert.deepEqual([whats(trial), refused.items], [['mail a of 1', 'mail c of 1'], []]);
    a?.failed(FULL);
    await refused.waitFor(2);
    assert.deepEqual(refused.items, ['a: OUTBOX_DISK', 'wrong: BAD_ADDRESS']);
    c?.kept();
  });

  it('refuse the right ones when the disk fails for some of them', async () => {
    const { take, writes, refused } = start();
    take(topic('a'), topic('b'), topic('c'));
    const [a, b, c] = await writes.waitFor(3);
    b?.failed(FULL);
    await refused.waitFor(1);
    a?.kept();
    c?.failed(FULL);
    await refused.waitFor(2);
    assert.deepEqual(refused.items, ['b: OUTBOX_DISK', 'c: OUTBOX_DISK']);
  });

  it('are not written one by one when their batch is full before: the mail has them', async () => {
    const trial = start({ batchSize: 4, subject: '{{count}}' });
    const { take, writes, waiting } = trial;
    take(topic('a'));
    const [a] = await writes.waitFor(1);
    take(topic('b'), topic('c'), topic('d'), topic('e'));
    await waiting.waitFor(5);
    a?.kept();
    await writes.waitFor(3);
    assert.deepEqual(whats(trial).sort(), ['event a', 'event e', 'mail 4 of 4']);
  });

  it('leave out of their mail an event that could not be kept, and was refused', async () => {
    const trial = start({ batchSize: 3, subject: '{{first.topic}} {{last.topic}}' });
    const { take, writes, refused, waiting } = trial;
    take(topic('a'));
    const [a] = await writes.waitFor(1);
    take(topic('b'), topic('c'));
    await waiting.waitForOne((count) => count === 0);
    a?.failed(FULL);
    const [, mail] = await writes.waitFor(2);
    assert.deepEqual([mail?.what, refused.items], ['mail b c of 2', ['a: OUTBOX_DISK']]);
  });

  it('are bounded in bytes: what comes later waits until there is room', async () => {
    const trial = start({ attach: 'buffers' });
    const { take, writes } = trial;
    const large = { payload: { filename: 'a.bin', content: Buffer.alloc(MOST_UNDER_WAY / 2) } };
    take(topic('a', large), topic('b', large), topic('c', large), topic('d'));
    const [a] = await writes.waitFor(2);
    // Whatever could go on without the disk has gone on when a msg of another sender was handled.
    const other = start();
    other.take(topic('other'));
    await other.writes.waitFor(1);
    assert.deepEqual(whats(trial), ['mail a of 1', 'mail b of 1']);
    a?.kept();
    await writes.waitFor(3);
    assert.deepEqual(whats(trial), ['mail a of 1', 'mail b of 1', 'mail c of 1']);
  });

  it('are all there, or refused, when a flush resolves', async () => {
    const trial = start({ batchSize: 10 });
    const { sender, take, writes } = trial;
    take(topic('a'), topic('now', { priority: 'high' }));
    let flushed = false;
    const flush = sender.flush().then(() => (flushed = true));
    const [event, urgent] = await writes.waitFor(2);
    assert.deepEqual([event?.what, urgent?.what], ['event a', 'mail now of 1']);
    event?.kept();
    const rest = await writes.waitForOne(({ what }) => what === 'mail a of 1');
    urgent?.kept();
    assert.equal(flushed, false);
    rest.kept();
    await flush;
  });

  it('are dropped by a reset, those that are just written too', async () => {
    const { sender, take, writes, waiting } = start({ batchSize: 10 });
    take(topic('a'));
    const [a] = await writes.waitFor(1);
    take(topic('b'));
    const reset = sender.reset();
    await waiting.waitForOne((count) => count === 0);
    a?.kept();
    const [, drop] = await writes.waitFor(2);
    assert.equal(drop?.what, 'drop a');
    drop?.kept();
    assert.deepEqual(
      (await reset).map(({ msg }) => msg.topic),
      ['a', 'b'],
    );
    assert.equal(sender.waiting(), 0);
  });
});
