import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { mock } from 'node:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { readConfig } from '../../nodes/mail/config';
import { compileMessage, type MailEvent } from '../../nodes/mail/message';
import { readAllowedRecipients, type Restrictions } from '../../nodes/mail/recipients/restrictions';
import type { FieldValues } from '../../nodes/mail/typed-fields';
import { createSender, type Sender, type Source } from '../../nodes/sender/sender';
import type { KeptEvent } from '../../nodes/store/store';
import { MailError, type Msg, type OutgoingMail } from '../../nodes/types';
import { createWatch } from '../builders';
import { mockedClock } from '../outbox/clocks';

interface Trial {
  sender: Sender;
  mails: OutgoingMail[];
  refused: { msgs: Msg[]; error: MailError }[];
  warnings: string[];
  /** The events that the outbox keeps. */
  kept: Map<string, KeptEvent>;
  /** Events of the mails that were handed over. */
  taken: string[][];
  blockedUntil: number;
  clock: ReturnType<typeof mockedClock>;
  /** Hands msgs in; resolves when each is in a mail, waits or was refused. */
  given: (...msgs: Msg[]) => Promise<void>;
  /** Resolves when so many mails were handed over. */
  mailed: (count: number) => Promise<void>;
  /** Resolves when all that was set going before is done. */
  handled: () => Promise<void>;
}

/** A msg that is refused when its turn comes, and tells so that all before it had theirs. */
const MARKER = 'marker';

/** A sender for the given fields; its outbox is the list `mails`. */
function start(
  fields: Record<string, unknown>,
  fault: { outboxFull?: MailError; noEvents?: MailError } = {},
  restrictions?: Restrictions,
): Trial {
  const { message } = compileMessage(readConfig({ from: 'me@x.test', to: 'ops@x.test', ...fields }).config);
  assert.ok(message);
  const mails: OutgoingMail[] = [];
  const refused: Trial['refused'] = [];
  const warnings: string[] = [];
  const kept = new Map<string, KeptEvent>();
  const handedOver: string[][] = [];
  const clock = mockedClock();
  const watch = createWatch();
  let given = 0;
  let markers = 0;
  const taken = (sources: Source[]) => sources.filter(({ msg }) => msg.topic !== MARKER);
  /** Msgs of which it is known what became of them. */
  const known = () =>
    mails.reduce((sum, { count }) => sum + count, 0) +
    sender.waiting() +
    refused.reduce((sum, { msgs }) => sum + msgs.length, 0);
  const sender = createSender({
    nodeId: 'n1',
    message,
    attachFolder: String((fields.attachFolder as string | undefined) ?? ''),
    connector: () => ({
      title: 'Account',
      mailFrom: null,
      username: '',
      ...(restrictions && { restrictions }),
    }),
    externals: ({ topic }) => (topic === MARKER ? Promise.reject(new Error(MARKER)) : Promise.resolve({})),
    values: (msg) => Promise.resolve((msg['values'] ?? {}) as FieldValues),
    files: (msg) => msg.payload,
    submit: (mail, _sources, events) => {
      if (fault.outboxFull) return Promise.reject(fault.outboxFull);
      mails.push(mail);
      handedOver.push(events);
      events.forEach((id) => kept.delete(id));
      watch.changed();
      return Promise.resolve();
    },
    keepEvent: (event) => {
      if (fault.noEvents) return Promise.reject(fault.noEvents);
      kept.set(event.id, event);
      return Promise.resolve();
    },
    dropEvents: (ids) => {
      ids.forEach((id) => kept.delete(id));
      watch.changed();
      return Promise.resolve();
    },
    blockedUntil: () => trial.blockedUntil,
    refuse(sources: Source[], error) {
      const msgs = taken(sources).map(({ msg }) => msg);
      if (msgs.length > 0) refused.push({ msgs, error });
      else markers += 1;
      watch.changed();
    },
    warn: (text) => warnings.push(text),
    changed: watch.changed,
    clock,
  });
  const trial: Trial = {
    sender,
    mails,
    refused,
    warnings,
    kept,
    taken: handedOver,
    blockedUntil: 0,
    clock,
    async given(...msgs) {
      for (const msg of msgs) sender.take({ msg, done: () => undefined });
      given += msgs.length;
      await watch.until(() => known() === given);
    },
    mailed: (count) => watch.until(() => mails.length === count),
    async handled() {
      const before = markers;
      sender.take({ msg: { topic: MARKER }, done: () => undefined });
      await watch.until(() => markers > before);
    },
  };
  return trial;
}

describe('the sender', () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  });

  afterEach(() => mock.timers.reset());

  it('makes a mail of each msg, in order', async () => {
    const trial = start({});
    await trial.given({ topic: 'one' }, { topic: 'two' });
    assert.deepEqual(
      trial.mails.map(({ subject, nodeId }) => [subject, nodeId]),
      [
        ['one', 'n1'],
        ['two', 'n1'],
      ],
    );
    assert.ok((trial.mails[0]?.id ?? '') < (trial.mails[1]?.id ?? ''));
  });

  it('sends a batch when it is full, and the rest when the time of its first event is over', async () => {
    const trial = start({ batchSize: 3, batchTimeout: 10 });
    await trial.given({ payload: 1 }, { payload: 2 }, { payload: 3 }, { payload: 4 });
    assert.deepEqual(
      trial.mails.map(({ count }) => count),
      [3],
    );
    assert.equal(trial.sender.waiting(), 1);
    mock.timers.tick(9_000);
    await trial.given({ payload: 5 });
    mock.timers.tick(999);
    await trial.handled();
    assert.equal(trial.mails.length, 1);
    mock.timers.tick(1);
    await trial.mailed(2);
    assert.deepEqual(
      trial.mails.map(({ count }) => count),
      [3, 2],
    );
    assert.equal(trial.sender.waiting(), 0);
  });

  it('keeps events for different people apart', async () => {
    const trial = start({ to: '{{who}}@x.test', batchSize: 2 });
    await trial.given({ who: 'a' }, { who: 'b' }, { who: 'a' }, { who: 'b' });
    assert.deepEqual(
      trial.mails.map(({ envelope, count }) => [envelope.to, count]),
      [
        [['a@x.test'], 2],
        [['b@x.test'], 2],
      ],
    );
  });

  it('keeps the values of fields that are no templates as they were when the msg arrived', async () => {
    const trial = start({ to: 'who', toType: 'flow', subject: 's', subjectType: 'jsonata', batchSize: 2 });
    await trial.given({ values: { to: ['a@x.test'], subject: 'then' } });
    const [kept] = [...trial.kept.values()].map(({ data }) => data as MailEvent);
    assert.deepEqual([kept?.addresses.to, kept?.subject], [[{ name: '', address: 'a@x.test' }], 'then']);
    await trial.given({ values: { to: 'a@x.test', subject: 'now' } });
    assert.deepEqual(
      trial.mails.map(({ envelope, subject }) => [envelope.to, subject]),
      [[['a@x.test'], 'then']],
    );
  });

  it('sends an urgent msg at once and alone, and leaves the batch waiting', async () => {
    const trial = start({ batchSize: 3 });
    await trial.given({ topic: 'slow' }, { topic: 'fire', priority: 'high' });
    assert.deepEqual(
      trial.mails.map(({ subject, priority, count }) => [subject, priority, count]),
      [['fire', 'high', 1]],
    );
    assert.equal(trial.sender.waiting(), 1);
  });

  it('still collects batches when the field says high', async () => {
    const trial = start({ batchSize: 2, priority: 'high' });
    await trial.given({ topic: 'a' }, { topic: 'b' });
    assert.deepEqual(
      trial.mails.map(({ priority, count }) => [priority, count]),
      [['high', 2]],
    );
  });

  it('sends what waits when it is told to, after all msgs before', async () => {
    const trial = start({ batchSize: 5 });
    trial.sender.take({ msg: { topic: 'a' }, done: () => undefined });
    trial.sender.take({ msg: { topic: 'b' }, done: () => undefined });
    await trial.sender.flush();
    assert.deepEqual(
      trial.mails.map(({ count }) => count),
      [2],
    );
  });

  it('drops what waits when it is told to, and gives it back', async () => {
    const trial = start({ batchSize: 5 });
    await trial.given({ topic: 'a' }, { topic: 'b' });
    const dropped = await trial.sender.reset();
    assert.equal(trial.kept.size, 0);
    assert.deepEqual(
      dropped.map(({ msg }) => msg.topic),
      ['a', 'b'],
    );
    mock.timers.tick(60_000);
    await trial.handled();
    assert.deepEqual(trial.mails, []);
  });

  it('sends what waits when it closes', async () => {
    const trial = start({ batchSize: 5 });
    await trial.given({ topic: 'a' });
    await trial.sender.close();
    assert.equal(trial.mails.length, 1);
  });

  it('refuses a bad msg and goes on with the next', async () => {
    const trial = start({ to: '' });
    await trial.given({ to: 'not-an-address' }, { to: 'good@x.test' });
    assert.match(trial.refused[0]?.error.message ?? '', /to.*not-an-address/);
    assert.deepEqual(
      trial.mails.map(({ envelope }) => envelope.to),
      [['good@x.test']],
    );
  });

  it('refuses all msgs of a mail that the outbox does not take, and keeps none of them', async () => {
    const trial = start({ batchSize: 2 }, { outboxFull: new MailError('OUTBOX_FULL', 'full') });
    await trial.given({ topic: 'a' }, { topic: 'b' });
    await trial.handled();
    assert.equal(trial.refused[0]?.msgs.length, 2);
    assert.equal(trial.kept.size, 0);
  });

  it('keeps each event that waits, and hands them over with their mail', async () => {
    const trial = start({ batchSize: 3 });
    await trial.given({ topic: 'a' }, { topic: 'b' });
    const ids = [...trial.kept.keys()];
    assert.equal(ids.length, 2);
    await trial.given({ topic: 'c' });
    assert.deepEqual(trial.taken, [ids]);
  });

  it('refuses an event that can not be kept, and leaves the batch as it was', async () => {
    const fault = { noEvents: new MailError('OUTBOX_DISK', 'the disk is full') };
    const trial = start({ batchSize: 3 }, fault);
    await trial.given({ topic: 'a' });
    assert.equal(trial.refused[0]?.error.code, 'OUTBOX_DISK');
    assert.equal(trial.sender.waiting(), 0);
  });

  it('takes up events of an earlier process, with their clock, and says that the mail is recovered', async () => {
    const before = start({ batchSize: 3, batchTimeout: 10 });
    await before.given({ topic: 'a', payload: Buffer.from('x') }, { topic: 'b' });
    const left = [...before.kept.values()];
    mock.timers.tick(6_000);
    const after = start({ batchSize: 3, batchTimeout: 10 });
    after.sender.restore(left);
    await after.handled();
    assert.equal(after.sender.waiting(), 2);
    mock.timers.tick(4_000);
    await after.mailed(1);
    assert.deepEqual(
      after.mails.map(({ count, recovered }) => [count, recovered]),
      [[2, true]],
    );
    assert.deepEqual(after.taken, [left.map(({ id }) => id)]);
  });

  it('sends events of an earlier process to nobody who is not allowed any more', async () => {
    const before = start({ batchSize: 3 });
    await before.given({ topic: 'a' });
    const left = [...before.kept.values()];
    const allowed = readAllowedRecipients('@y.test');
    const after = start({ batchSize: 3 }, {}, { allowed, redirectTo: null });
    after.sender.restore(left);
    await after.sender.flush();
    assert.equal(after.mails.length, 0);
    assert.deepEqual(
      after.refused.map(({ error }) => error.code),
      ['NOT_ALLOWED'],
    );
  });

  it('dates mails in the time zone of the node', async () => {
    const trial = start({ timeZone: 'Asia/Kolkata' });
    await trial.given({ topic: 'a' });
    const source = Buffer.concat([...((trial.mails[0]?.open() ?? []) as Iterable<Buffer>)]).toString();
    assert.match(source, /^Date: Thu, 1 Jan 1970 05:46:40 \+0530\r$/m);
  });

  for (const hours of [-3, 3]) {
    const HOURS = hours * 3_600_000;
    it(`keeps the time of its batches when the clock is set by ${hours} hours`, async () => {
      const trial = start({ batchSize: 2, batchTimeout: 10, batchBy: '{{topic}}' });
      await trial.given({ topic: 'a' });
      mock.timers.tick(5_000);
      await trial.given({ topic: 'b' });
      trial.clock.set(HOURS);
      // One batch leaves because it is full: the timer is set anew for the other.
      await trial.given({ topic: 'a' });
      const subjects = () => trial.mails.map(({ subject }) => subject);
      assert.deepEqual(subjects(), ['a']);
      mock.timers.tick(9_999);
      await trial.handled();
      assert.deepEqual(subjects(), ['a']);
      mock.timers.tick(1);
      await trial.mailed(2);
      assert.deepEqual(subjects(), ['a', 'b']);
    });

    it(`waits for the rate limit no longer and no shorter when the clock is set by ${hours} hours`, async () => {
      const trial = start({ batchSize: 4, batchTimeout: 10 });
      trial.blockedUntil = 1_060_000;
      await trial.given({ topic: 'a' });
      trial.clock.set(HOURS);
      trial.blockedUntil += HOURS;
      await trial.given({ topic: 'b' });
      mock.timers.tick(59_999);
      await trial.handled();
      assert.equal(trial.mails.length, 0);
      mock.timers.tick(1);
      await trial.mailed(1);
    });
  }

  it('takes up events that came later than now, for the clock was set back since, as events of this moment', async () => {
    const before = start({ batchSize: 3, batchTimeout: 10 });
    await before.given({ topic: 'a' });
    const after = start({ batchSize: 3, batchTimeout: 10 });
    const left = [...before.kept.values()].map((event) => ({
      ...event,
      data: { ...(event.data as object), arrivedAt: Date.now() + 3_600_000 },
    }));
    after.sender.restore(left);
    await after.handled();
    mock.timers.tick(10_000);
    await after.mailed(1);
  });

  it('goes on collecting while the rate limit holds mails back, up to the size of a batch', async () => {
    const trial = start({ batchSize: 4, batchTimeout: 10 });
    trial.blockedUntil = 1_060_000;
    await trial.given({ topic: 'a' }, { topic: 'b' });
    mock.timers.tick(30_000);
    await trial.given({ topic: 'c' });
    assert.equal(trial.mails.length, 0);
    mock.timers.tick(30_000);
    await trial.mailed(1);
    assert.equal(trial.mails[0]?.count, 3);
  });

  it('goes on collecting when another mail took the place that the rate limit had free', async () => {
    const trial = start({ batchSize: 4, batchTimeout: 10 });
    trial.blockedUntil = 1_060_000;
    await trial.given({ topic: 'a' });
    trial.blockedUntil = 1_120_000;
    mock.timers.tick(60_000);
    await trial.given({ topic: 'b' });
    assert.equal(trial.mails.length, 0);
    trial.blockedUntil = 0;
    mock.timers.tick(60_000);
    await trial.mailed(1);
    assert.equal(trial.mails[0]?.count, 2);
  });

  it('sleeps while the rate limit holds a batch back, and wakes up once when it lets it go', async () => {
    const trial = start({ batchSize: 4, batchTimeout: 10 });
    trial.blockedUntil = 1_060_000;
    await trial.given({ topic: 'a' });
    const waits: number[] = [];
    const { after } = trial.clock;
    trial.clock.after = (ms, run) => {
      waits.push(ms);
      return after(ms, run);
    };
    for (let second = 0; second < 59; second++) {
      mock.timers.tick(1_000);
      await trial.handled();
    }
    assert.deepEqual(waits, []);
    mock.timers.tick(1_000);
    await trial.mailed(1);
  });

  it('sends at once what reaches it after it was closed, for no batch of it ends any more', async () => {
    const trial = start({ batchSize: 4, batchTimeout: 10 });
    await trial.given({ topic: 'a' });
    await trial.sender.close();
    await trial.given({ topic: 'b' });
    assert.deepEqual(
      trial.mails.map(({ count }) => count),
      [1, 1],
    );
    assert.equal(trial.sender.waiting(), 0);
  });

  it('tells a warning about a msg', async () => {
    const trial = start({});
    await trial.given({ priority: 'very' });
    assert.match(trial.warnings[0] ?? '', /priority.*very/);
    assert.equal(trial.mails.length, 1);
  });

  describe('with files', () => {
    let folder: string;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'sender-'));
    });

    afterEach(() => rm(folder, { recursive: true }));

    it('reads a file when the msg arrives, so that it is sent although it is deleted then', async () => {
      mock.timers.reset();
      await writeFile(join(folder, 'report.csv'), 'a;b');
      const trial = start({ attach: true, attachFolder: folder, batchSize: 2, template: '{{error}}' });
      await trial.given({ payload: join(folder, 'report.csv') });
      await rm(join(folder, 'report.csv'));
      trial.sender.take({ msg: { payload: join(folder, 'report.csv') }, done: () => undefined });
      await trial.sender.flush();
      const [mail] = trial.mails;
      assert.deepEqual(mail?.attachments, [{ filename: 'report.csv', size: 3 }]);
      assert.deepEqual(
        mail?.skippedAttachments.map(({ filename }) => filename),
        ['report.csv'],
      );
      const parsed = await simpleParser(Readable.from(mail.open(), { objectMode: false }));
      assert.equal(parsed.attachments[0]?.content.toString(), 'a;b');
      assert.match(parsed.text ?? '', /report\.csv/);
    });
  });
});
