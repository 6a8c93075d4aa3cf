import assert from 'node:assert/strict';
import {
  createConnector,
  type Connector,
  type ConnectorOptions,
  type ConnectorState,
} from '../../nodes/connector/connector';
import { createOutbox, type Outbox } from '../../nodes/outbox/outbox';
import type { SettingsSummary } from '../../nodes/properties/summary';
import { createMemoryStore } from '../../nodes/store/memory';
import { MailError, type EmailResult } from '../../nodes/types';
import { accept, eventsWith, fail, failureOf, newMail, POLICY, receiverFor } from '../builders';
import { createJournal, type Journal } from '../servers/journal';

describe('the state of a connector', () => {
  let states: Journal<ConnectorState>;
  let results: Journal<EmailResult>;
  let log: string[];
  let outbox: Outbox;
  let connector: Connector;

  function create(options: Partial<ConnectorOptions> = {}): void {
    connector = createConnector({
      openOutbox: async () => outbox,
      plan: () => ({
        connect: () => ({
          deliver: async (_mail, recipients) => accept(recipients),
          close: () => log.push('connections closed'),
        }),
        policy: { ...POLICY, rate: { limit: 5, period: 'hour' } },
        summary: { host: 'mail.x.test' } as SettingsSummary,
      }),
      ready: Promise.resolve(),
      changed: (state) => states.add(state),
      onError: (error) => assert.fail(String(error)),
      handOver: async () => void log.push(`handed over in ${connector.state()}`),
      ...options,
    });
  }

  beforeEach(() => {
    states = createJournal('states', String);
    results = createJournal('results', ({ status }) => status);
    log = [];
    outbox = createOutbox({
      store: createMemoryStore(),
      policy: POLICY,
      receiver: receiverFor((result) => results.add(result)),
      events: eventsWith(),
    });
    create();
  });
  afterEach(() => connector.stop());

  it('is STOPPED at first, with nothing to show and no outbox', () => {
    assert.equal(connector.state(), 'STOPPED');
    assert.deepEqual(states.items, []);
    const { counts, rate, settings, lastError, problem } = connector.status();
    assert.deepEqual(counts, { queued: 0, deferred: 0, sending: 0, sent: 0, failed: 0, ignored: 0 });
    assert.deepEqual([rate, settings], [{ limit: 0, period: 'minute', used: 0 }, null]);
    assert.deepEqual([lastError, problem], [null, null]);
    assert.throws(() => connector.outbox(), { code: 'OUTBOX_CLOSED' });
  });

  it('goes over STARTING to RUN, and a second start changes nothing', async () => {
    await connector.start();
    await connector.start();
    assert.deepEqual(states.items, ['STARTING', 'RUN']);
    assert.equal(connector.outbox(), outbox);
    assert.deepEqual(connector.status().settings, { host: 'mail.x.test' });
    assert.deepEqual(connector.status().rate, { limit: 5, period: 'hour', used: 0 });
  });

  it('is RUN before the first mail moves', async () => {
    await outbox.add(newMail());
    let atReport: ConnectorState | null = null;
    create({
      plan: () => ({
        connect: () => ({
          async deliver(_mail, recipients) {
            atReport = connector.state();
            return accept(recipients);
          },
          close: () => undefined,
        }),
        policy: POLICY,
        summary: {} as SettingsSummary,
      }),
    });
    await connector.start();
    await results.next();
    assert.equal(atReport, 'RUN');
  });

  it('waits for the flows in STARTING: an outcome needs someone to take it', async () => {
    let flowsStarted: () => void = () => undefined;
    create({ ready: new Promise((resolve) => (flowsStarted = resolve)) });
    const started = connector.start();
    assert.deepEqual(await states.waitFor(1), ['STARTING']);
    flowsStarted();
    await started;
    assert.equal(connector.state(), 'RUN');
  });

  it('goes over STOPPING to STOPPED: batches are handed over while the outbox takes them, then connections close', async () => {
    await connector.start();
    await connector.stop();
    assert.deepEqual(states.items, ['STARTING', 'RUN', 'STOPPING', 'STOPPED']);
    assert.deepEqual(log, ['handed over in STOPPING', 'connections closed']);
    // What comes still finds the outbox.
    await connector.outbox().add(newMail());
    assert.equal(connector.status().counts.queued, 1);
  });

  it('stays STOPPED when it is stopped again', async () => {
    await connector.stop();
    assert.deepEqual(states.items, []);
  });

  it('follows starts and stops in the order in which they came', async () => {
    void connector.start();
    void connector.stop();
    void connector.start();
    await connector.settled();
    assert.deepEqual(states.items, ['STARTING', 'RUN', 'STOPPING', 'STOPPED', 'STARTING', 'RUN']);
  });

  it('is INIT_ERROR when the configuration can not work, and says why; a stop and a better start lead out of it', async () => {
    const error = new MailError('CONFIG', 'no host', { hint: 'Set mail.smtp.host.' });
    let fault: MailError | null = error;
    create({
      plan: () =>
        fault
          ? { error: fault }
          : {
              connect: () => ({ deliver: async () => accept([]), close: () => undefined }),
              policy: POLICY,
              summary: {} as SettingsSummary,
            },
    });
    await connector.start();
    assert.deepEqual([connector.state(), connector.initError()], ['INIT_ERROR', error]);
    assert.deepEqual(connector.status().lastError, {
      code: 'CONFIG',
      message: 'no host',
      hint: 'Set mail.smtp.host.',
    });
    await connector.stop();
    assert.equal(connector.state(), 'STOPPED');
    fault = null;
    await connector.start();
    assert.deepEqual([connector.state(), connector.initError()], ['RUN', null]);
  });

  for (const [name, thrown, code] of [
    ['an error that says why', new MailError('OUTBOX_LOCKED', 'another process has it'), 'OUTBOX_LOCKED'],
    ['any other error', new Error('boom'), 'CONFIG'],
  ] as const) {
    it(`is INIT_ERROR when the outbox can not be opened: ${name}`, async () => {
      create({ openOutbox: () => Promise.reject(thrown) });
      await connector.start();
      assert.equal(connector.state(), 'INIT_ERROR');
      assert.deepEqual([connector.initError()?.code, connector.initError()?.message], [code, thrown.message]);
    });
  }

  it('stays RUN in an outage, with a problem that is gone after a stop', async () => {
    create({
      plan: () => ({
        connect: () => ({
          deliver: async () => fail(failureOf('account', { message: 'down' })),
          close: () => undefined,
        }),
        policy: POLICY,
        summary: {} as SettingsSummary,
      }),
    });
    await connector.start();
    await connector.outbox().add(newMail());
    await connector.stop();
    await connector.start();
    // The first attempt of a start is made while it starts.
    assert.equal(connector.state(), 'RUN');
    await connector.stop();
    assert.deepEqual([connector.problem(), connector.status().counts.queued], [null, 1]);
  });

  it('changes although whoever is told of it throws', async () => {
    const errors: unknown[] = [];
    create({
      changed() {
        throw new Error('from a status');
      },
      onError: (error) => errors.push(error),
    });
    await connector.start();
    assert.equal(connector.state(), 'RUN');
    assert.equal(errors.length, 2);
  });

  it('counts what was ignored, and shows the last error that it was told of', () => {
    connector.countIgnored();
    connector.countIgnored();
    connector.noteError({ code: 'REFUSED', message: 'spam' });
    const { counts, lastError } = connector.status();
    assert.deepEqual([counts.ignored, lastError], [2, { code: 'REFUSED', message: 'spam' }]);
  });
});
