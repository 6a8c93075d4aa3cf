import assert from 'node:assert/strict';
import { createMonotonicTime } from '../../nodes/clock';
import { createCircuitBreaker, type CircuitBreaker } from '../../nodes/outbox/circuit-breaker';
import { createDispatcher, type Deliver, type Dispatcher } from '../../nodes/outbox/dispatcher';
import { createMailQueue, type MailQueue } from '../../nodes/outbox/mail-queue';
import { createMemoryStore } from '../../nodes/store/memory';
import { newProgress, type Entry } from '../../nodes/store/store';
import type { Attempt, RateLimit } from '../../nodes/types';
import { accept, createWatch, fail, failureOf, newMail, type Watch } from '../builders';
import { clockByHand } from './clocks';

/** An attempt that waits for what the test says came of it. */
interface Pending {
  subject: string;
  control: Parameters<Deliver>[2];
  end: (attempt?: Attempt) => void;
}

describe('the dispatcher', () => {
  let queue: MailQueue;
  let circuit: CircuitBreaker;
  let clock: ReturnType<typeof clockByHand>;
  let dispatcher: Dispatcher;
  let watch: Watch;
  let attempts: Pending[];
  let settled: string[];
  /** What the store was told. */
  let stored: string[];
  /** Holds back the results of attempts until the test lets them go. */
  let release: (() => void)[] | null;
  let errors: unknown[];

  function create(rate: RateLimit = { limit: 0, period: 'minute' }): void {
    clock = clockByHand();
    const store = createMemoryStore();
    store.saveRate = async () => void stored.push('rate');
    store.save = async ({ progress }) => void stored.push(progress.dotSent ? 'dot' : 'mail');
    dispatcher = createDispatcher({
      store,
      queue,
      circuit,
      clock,
      time: createMonotonicTime(clock),
      rate,
      async settle(entry, { failure }) {
        settled.push(`${entry.mail.subject} ${failure?.error.code ?? 'ok'}`);
        watch.changed();
        await new Promise<void>((resolve) => (release ? release.push(resolve) : resolve()));
      },
      onSettled: watch.changed,
      onError: (error) => errors.push(error),
    });
  }

  beforeEach(() => {
    queue = createMailQueue();
    circuit = createCircuitBreaker(() => 0);
    watch = createWatch();
    [attempts, settled, stored, errors, release] = [[], [], [], [], null];
    create();
  });

  const deliver: Deliver = ({ subject }, recipients, control) =>
    new Promise((resolve) => {
      attempts.push({ subject, control, end: (attempt = accept(recipients)) => resolve(attempt) });
      watch.changed();
    });

  function add(...subjects: string[]): void {
    for (const subject of subjects) {
      const mail = newMail(['a@x.test'], { subject });
      queue.add({ mail, progress: newProgress(['a@x.test']), recovered: false }, 0);
    }
    dispatcher.pump();
  }
  const start = (connections = 10, rate: RateLimit = { limit: 0, period: 'minute' }) =>
    dispatcher.start(deliver, { connections, rate });
  const tried = () => attempts.map(({ subject }) => subject);

  it('opens one connection first, and then no more at once than work already', () => {
    start(10);
    add(...'abcdefgh');
    assert.equal(attempts.length, 1);
    attempts[0]?.control.connected(1);
    assert.equal(attempts.length, 2);
    attempts[1]?.control.connected(2);
    assert.equal(attempts.length, 4);
    attempts[3]?.control.connected(4);
    assert.equal(attempts.length, 8);
    assert.deepEqual(tried(), [...'abcdefgh']);
  });

  it('has no more attempts under way than connections', () => {
    start(2);
    add(...'abcd');
    attempts[0]?.control.connected(2);
    assert.deepEqual(tried(), ['a', 'b']);
    assert.equal(dispatcher.busy, 2);
  });

  it('gives the connection to the next mail before the result is stored', async () => {
    start(1);
    release = [];
    add('a', 'b');
    attempts[0]?.end();
    await watch.until(() => attempts.length === 2);
    assert.deepEqual([settled, tried(), dispatcher.busy], [['a ok'], ['a', 'b'], 2]);
  });

  const GOING_ON: [name: string, attempt: Attempt][] = [
    ['a reused connection died', fail(failureOf('connection'))],
    ['one connection more was refused', { ...fail(failureOf('crowded')), working: 1 }],
    ['recipients are left', { ...accept([]), left: ['a@x.test'] }],
  ];
  for (const [name, attempt] of GOING_ON) {
    it(`lets no later mail overtake one that goes again at once: ${name}`, async () => {
      start(1);
      release = [];
      add('a', 'b');
      attempts[0]?.end(attempt);
      await watch.until(() => settled.length === 1);
      dispatcher.pump();
      assert.deepEqual(tried(), ['a']);
      for (const store of release) store();
      await watch.until(() => attempts.length === 2);
    });
  }

  it('keeps to the connections that work when one more was refused, and tries one more after a minute', async () => {
    start(4);
    add(...'abcdefgh');
    attempts[0]?.control.connected(1);
    attempts[1]?.end({ ...fail(failureOf('crowded')), working: 1 });
    await watch.until(() => settled.length === 1 && dispatcher.busy === 1);
    attempts[0]?.end();
    await watch.until(() => settled.length === 2 && dispatcher.busy === 1);
    assert.deepEqual(tried(), ['a', 'b', 'c']);
    attempts.at(-1)?.control.connected(1);
    clock.pass(59_999);
    assert.equal(dispatcher.busy, 1);
    clock.pass(1);
    assert.equal(dispatcher.busy, 2);
    assert.equal(attempts.at(-1)?.control.connections, 2);
  });

  it('sends nothing while the circuit is open, and one mail at a time as a probe when it is half-open', async () => {
    start(4);
    circuit.trip(failureOf('account'), 0, createMonotonicTime(clock).now());
    add('a', 'b');
    assert.deepEqual(tried(), []);
    clock.pass(14_999);
    assert.deepEqual(tried(), []);
    clock.pass(1);
    assert.deepEqual(tried(), ['a']);
    attempts[0]?.control.connected(4);
    assert.deepEqual(tried(), ['a']);
  });

  it('closes the circuit when its wait is over and no mail is left to probe with', () => {
    start();
    circuit.trip(failureOf('account'), 0, createMonotonicTime(clock).now());
    dispatcher.pump();
    clock.pass(14_999);
    assert.notEqual(circuit.outage(), null);
    clock.pass(1);
    assert.equal(circuit.outage(), null);
  });

  it('stores the rate before each attempt, and goes on when the limit lets it', async () => {
    const rate = { limit: 1, period: 'minute' } as const;
    create(rate);
    start(1, rate);
    add('a', 'b');
    await watch.until(() => attempts.length === 1);
    assert.deepEqual(stored, ['rate']);
    attempts[0]?.end();
    await watch.until(() => dispatcher.busy === 0);
    assert.deepEqual(tried(), ['a']);
    assert.ok(dispatcher.blockedUntil() > createMonotonicTime(clock).now());
    clock.pass(60_002);
    await watch.until(() => attempts.length === 2);
    assert.equal(dispatcher.rateUsed(), 1);
  });

  it('counts against the limit what an earlier process sent', () => {
    const rate = { limit: 1, period: 'minute' } as const;
    create(rate);
    dispatcher.recallRate({ ended: [[clock.wall() - 30_000, 1]], open: 0 });
    start(1, rate);
    add('a');
    assert.deepEqual(tried(), []);
    assert.equal(dispatcher.rateUsed(), 1);
  });

  it('stores that the dot is about to leave before it does', async () => {
    start();
    add('a');
    await attempts[0]?.control.aboutToSendDot();
    assert.deepEqual(stored, ['dot']);
  });

  it('has a mail wait whose attempt broke for a fault of this package, and goes on', async () => {
    dispatcher.start(
      (mail, ...rest) =>
        mail.subject === 'a' ? Promise.reject(new TypeError('a bug')) : deliver(mail, ...rest),
      { connections: 1, rate: { limit: 0, period: 'minute' } },
    );
    add('a', 'b');
    await watch.until(() => attempts.length === 1);
    assert.deepEqual([settled, tried(), errors.length], [['a INTERNAL'], ['b'], 1]);
  });

  it('begins nothing after a stop, which waits for what is under way', async () => {
    start(1);
    add('a', 'b');
    let stopped = false;
    const stop = dispatcher.stop().then(() => (stopped = true));
    dispatcher.pump();
    assert.equal(stopped, false);
    attempts[0]?.end();
    await stop;
    assert.deepEqual([settled, tried(), queue.ready], [['a ok'], ['a'], 1]);
  });

  it('does not try a mail whose rate was being stored when it stopped', async () => {
    let store = (): void => undefined;
    const rate = { limit: 5, period: 'minute' } as const;
    const slow = createMemoryStore();
    slow.saveRate = () => new Promise((resolve) => (store = resolve));
    const other = createDispatcher({
      store: slow,
      queue,
      circuit,
      clock,
      time: createMonotonicTime(clock),
      rate,
      settle: async (entry: Entry, { failure }) =>
        void settled.push(`${entry.mail.subject} ${failure?.scope}`),
      onSettled: () => undefined,
      onError: (error) => assert.fail(String(error)),
    });
    other.start(deliver, { connections: 1, rate });
    const mail = newMail(['a@x.test'], { subject: 'a' });
    queue.add({ mail, progress: newProgress(['a@x.test']), recovered: false }, 0);
    other.pump();
    const stop = other.stop();
    store();
    await stop;
    assert.deepEqual([settled, tried()], [['a aborted'], []]);
  });
});
