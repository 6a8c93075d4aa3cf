import assert from 'node:assert/strict';
import { createConnector, type ConnectorState } from '../../nodes/connector/connector';
import type { DeployedConnector } from '../../nodes/connector/deployed-connector';
import { createListeners, type Listeners } from '../../nodes/connector/listeners';
import type { StatusView } from '../../nodes/connector/status';
import type { ConnectorUser } from '../../nodes/connector/users';
import { UNRESTRICTED } from '../../nodes/mail/recipients/restrictions';
import type { Deliver } from '../../nodes/outbox/dispatcher';
import { createOutbox, type Outbox } from '../../nodes/outbox/outbox';
import type { SettingsSummary } from '../../nodes/properties/summary';
import type { FlowNode } from '../../nodes/sender/flow-node';
import { createNodeMessages, refuseMessages, type NodeMessages } from '../../nodes/sender/node-messages';
import { createSamples } from '../../nodes/sender/samples';
import { readSenderSetup } from '../../nodes/sender/setup';
import { createMemoryStore } from '../../nodes/store/memory';
import { MailError, type EmailResult, type Msg } from '../../nodes/types';
import { accept, eventsWith, fail, failureOf, newMail, POLICY, resultFor } from '../builders';
import { createJournal, type Journal } from '../servers/journal';

/** A node of a flow, and what it told. */
interface FakeNode extends FlowNode {
  /** `sent` or `failed` for the output, and the msg. */
  out: Journal<{ output: 'sent' | 'failed'; msg: Msg }>;
  errors: { text: string; msg?: Msg }[];
  warnings: string[];
  statuses: Journal<StatusView>;
}

function fakeNode(id = 'n'): FakeNode {
  const out = createJournal<FakeNode['out']['items'][number]>('msgs', ({ output }) => output);
  const statuses = createJournal<StatusView>('statuses', ({ text }) => text);
  const errors: FakeNode['errors'] = [];
  const warnings: string[] = [];
  return {
    id,
    object: { id },
    out,
    errors,
    warnings,
    statuses,
    send(first, second) {
      if (first) out.add({ output: 'sent', msg: first });
      if (second) out.add({ output: 'failed', msg: second });
    },
    error: (error, msg) =>
      errors.push({ text: typeof error === 'string' ? error : error.message, ...(msg && { msg }) }),
    warn: (text) => warnings.push(text),
    status: (view) => statuses.add(view),
    translate: (key, { count }) => (count === undefined ? key : `${key} ${count}`),
  };
}

describe('the msgs of a send-email node', () => {
  let listeners: Listeners;
  let outbox: Outbox;
  let users: Set<ConnectorUser>;
  let states: Journal<ConnectorState>;
  let deliver: Deliver;
  /** How the last msg ended, by what it is called. */
  let ended: Journal<{ topic: unknown; error: Error | undefined }>;
  let opened: { node: FakeNode; messages: NodeMessages }[];

  beforeEach(() => {
    listeners = createListeners();
    users = new Set();
    states = createJournal('states', (state) => state);
    ended = createJournal('ends of msgs', ({ topic, error }) => `${String(topic)} ${error?.message ?? 'ok'}`);
    outbox = createOutbox({
      store: createMemoryStore(),
      policy: POLICY,
      receiver: listeners,
      events: eventsWith(),
      random: () => 0,
    });
    deliver = async (_mail, recipients) => accept(recipients);
    opened = [];
  });

  afterEach(async () => {
    for (const { messages } of opened) await messages.close();
    await outbox.stop();
  });

  /** A connector whose outbox is in memory, and whose mail server is `deliver`. */
  function connectorWith(fault?: MailError): DeployedConnector {
    const connector = createConnector({
      openOutbox: async () => outbox,
      plan: () =>
        fault
          ? { error: fault }
          : {
              connect: () => ({ deliver: (...attempt) => deliver(...attempt), close: () => undefined }),
              policy: POLICY,
              summary: {} as SettingsSummary,
            },
      ready: Promise.resolve(),
      changed(state) {
        states.add(state);
        for (const user of users) user.connectorChanged();
      },
      onError: (error) => assert.fail(String(error)),
      async handOver() {
        for (const user of users) await user.handOver();
      },
    });
    return {
      title: 'Account',
      connector,
      sender: () => ({ mailFrom: null, username: '', restrictions: UNRESTRICTED }),
      view: () => ({ fill: 'green', shape: 'dot', text: connector.state() }),
      register: (user) => users.add(user),
      deregister: (user) => users.delete(user),
      close: () => Promise.resolve(),
    };
  }

  function open(connector: DeployedConnector, fields: Record<string, unknown> = {}, id = 'n') {
    const node = fakeNode(id);
    const raw = { server: 'c', from: 'me@x.test', to: 'ops@x.test', control: true, ...fields };
    const setup = readSenderSetup(raw, () => () => Promise.resolve(undefined), true);
    assert.ok(!('faults' in setup));
    const samples = createSamples();
    const messages = createNodeMessages({
      node,
      setup,
      connector,
      listeners,
      samples,
      contexts: { env: () => undefined, context: () => Promise.resolve(undefined) },
      propertyOf: (msg, name) => msg[name],
      workingDirectory: '',
    });
    listeners.attach(messages.listener, Promise.resolve());
    opened.push({ node, messages });
    return { node, messages, samples };
  }

  /** A node whose connector runs. */
  async function running(fields?: Record<string, unknown>) {
    const deployed = connectorWith();
    await deployed.connector.start();
    return { ...open(deployed, fields), connector: deployed.connector };
  }

  const sourceOf = (msg: Msg) => ({ msg, done: (error?: Error) => ended.add({ topic: msg.topic, error }) });
  const resultIn = ({ msg }: { msg: Msg }) => msg.email as EmailResult;

  it('leave on the first output when the mail was sent, and end well', async () => {
    const { node, messages, samples } = await running();
    messages.take(sourceOf({ topic: 'hello', payload: 1 }));
    const out = await node.out.next();
    assert.equal(out.output, 'sent');
    assert.deepEqual(
      [out.msg.topic, resultIn(out).status, resultIn(out).subject],
      ['hello', 'sent', 'hello'],
    );
    assert.deepEqual(await ended.next(), { topic: 'hello', error: undefined });
    assert.deepEqual(samples.list(), [{ topic: 'hello', payload: 1 }]);
    await node.statuses.waitForOne(({ text }) => text.startsWith('status.sent'));
  });

  it('leave on the second output when the mail failed, and end with what to do about it', async () => {
    const { node, messages } = await running();
    deliver = async () =>
      fail(failureOf('message', { permanent: true, message: 'spam', hint: 'Write less.' }));
    messages.take(sourceOf({ topic: 'buy' }));
    const out = await node.out.next();
    assert.deepEqual([out.output, resultIn(out).status], ['failed', 'failed']);
    const { error } = await ended.next();
    assert.match(error?.message ?? '', /spam.*Write less\./);
    // Catch nodes hear of it through the end of the msg alone.
    assert.deepEqual(node.errors, []);
  });

  it('leave on both outputs when some recipients were refused', async () => {
    const { node, messages } = await running({ to: 'a@x.test, b@x.test' });
    deliver = async () => ({
      accepted: ['a@x.test'],
      refused: [{ address: 'b@x.test', failure: failureOf('message', { permanent: true }) }],
      response: '250 ok',
    });
    messages.take(sourceOf({ topic: 'hello' }));
    const outs = await node.out.waitFor(2);
    assert.deepEqual(
      outs.map(({ output }) => output),
      ['sent', 'failed'],
    );
    assert.equal((await ended.next()).error, undefined);
    await node.statuses.waitForOne(({ text }) => text === 'status.partial 1');
  });

  it('are refused at once when no mail can be made of them', async () => {
    const { node, messages } = await running({ to: '' });
    messages.take(sourceOf({ topic: 'x', to: 'nobody' }));
    const out = await node.out.next();
    assert.equal(out.output, 'failed');
    assert.match((await ended.next()).error?.message ?? '', /nobody/);
  });

  it('are refused, and not expected any more, when the outbox takes no mail', async () => {
    const { node, messages } = await running();
    outbox.add = () => Promise.reject(new MailError('OUTBOX_FULL', 'full'));
    messages.take(sourceOf({ topic: 'x' }));
    const out = await node.out.next();
    assert.equal(resultIn(out).error?.code, 'OUTBOX_FULL');
    await ended.next();
    assert.equal(listeners.messagesOf(resultIn(out).id), undefined);
    await node.statuses.waitForOne(({ text }) => text.startsWith('status.failed'));
  });

  it('are ignored while the connector is stopped, visibly', async () => {
    const deployed = connectorWith();
    const { node, messages } = open(deployed);
    messages.take(sourceOf({ topic: 'x' }));
    const out = await node.out.next();
    assert.deepEqual([out.output, resultIn(out).status], ['failed', 'ignored']);
    assert.equal((await ended.next()).error, undefined);
    assert.equal(deployed.connector.status().counts.ignored, 1);
  });

  it('are refused while the connector can not start, with the reason', async () => {
    const deployed = connectorWith(new MailError('CONFIG', 'no host'));
    const { node, messages } = open(deployed);
    void deployed.connector.start();
    messages.take(sourceOf({ topic: 'x' }));
    const out = await node.out.next();
    assert.equal(out.output, 'failed');
    assert.match((await ended.next()).error?.message ?? '', /no host/);
  });

  it('wait for a start that is under way, and leave in their order', async () => {
    const deployed = connectorWith();
    const { node, messages } = open(deployed);
    const start = deployed.connector.start();
    for (const topic of ['a', 'b', 'c']) messages.take(sourceOf({ topic }));
    await start;
    messages.take(sourceOf({ topic: 'd' }));
    const outs = await node.out.waitFor(4);
    assert.deepEqual(
      outs.map(({ msg }) => msg.topic),
      ['a', 'b', 'c', 'd'],
    );
  });

  it('that come late to a node that closed are kept, for nobody stopped the connector', async () => {
    const { node, messages, connector } = await running();
    await messages.close();
    // As a deploy does: the connector goes after the nodes that use it.
    await connector.stop();
    messages.take(sourceOf({ topic: 'late' }));
    await connector.start();
    const out = await node.out.next();
    assert.deepEqual([out.output, out.msg.topic], ['sent', 'late']);
    assert.equal(connector.status().counts.ignored, 0);
  });

  it('show no more how the last mail ended when the connector was started anew', async () => {
    const { node, messages, connector } = await running();
    messages.take(sourceOf({ topic: 'x' }));
    await node.statuses.waitForOne(({ text }) => text.startsWith('status.sent'));
    await connector.stop();
    await node.statuses.waitForOne(({ text }) => text === 'STOPPED');
    await connector.start();
    const shown = node.statuses.items.length;
    await node.statuses.waitFor(shown + 1);
    assert.equal(node.statuses.items.at(-1)?.text, 'RUN');
  });

  describe('with an action', () => {
    it('start and stop the connector and answer with its status', async () => {
      const deployed = connectorWith();
      const { node, messages, samples } = open(deployed);
      for (const [action, state] of [
        ['status', 'STOPPED'],
        ['start', 'RUN'],
        ['stop', 'STOPPED'],
      ]) {
        messages.take(sourceOf({ topic: action, action }));
        const { output, msg } = await node.out.next();
        assert.deepEqual(
          [output, msg.topic, (msg.payload as { state: string }).state],
          ['sent', action, state],
        );
        assert.equal((await ended.next()).error, undefined);
      }
      // They are no events.
      assert.deepEqual(samples.list(), []);
      assert.deepEqual(node.warnings, []);
    });

    it('say that they are not mailed when they have a payload', async () => {
      const { node, messages } = await running();
      messages.take(sourceOf({ action: 'status', payload: 'smoke' }));
      await node.out.next();
      assert.match(node.warnings[0] ?? '', /not mailed/);
    });

    it('are events where that is switched off, and where the action is none of these', async () => {
      const { node, messages } = await running({ control: false });
      messages.take(sourceOf({ topic: 'a', action: 'stop' }));
      assert.equal(resultIn(await node.out.next()).status, 'sent');
      const other = await running();
      other.messages.take(sourceOf({ topic: 'b', action: 'explode' }));
      assert.equal(resultIn(await other.node.out.next()).status, 'sent');
    });
  });

  describe('of a batch', () => {
    it('leave together when the node is told to flush, whose msg ends too', async () => {
      const { node, messages } = await running({ batchSize: 10 });
      messages.take(sourceOf({ topic: 'a' }));
      messages.take(sourceOf({ topic: 'b' }));
      messages.take(sourceOf({ topic: 'flush', flush: true }));
      assert.equal(resultIn(await node.out.next()).count, 2);
      const topics = (await ended.waitFor(3)).map(({ topic }) => topic);
      assert.deepEqual(topics.sort(), ['a', 'b', 'flush']);
    });

    it('leave with a flush that came after them, when both wait for the start of the connector', async () => {
      const deployed = connectorWith();
      const { node, messages } = open(deployed, { batchSize: 10 });
      void deployed.connector.start();
      messages.take(sourceOf({ topic: 'a' }));
      messages.take(sourceOf({ topic: 'flush', flush: true }));
      assert.equal(resultIn(await node.out.next()).subject, 'a');
    });

    it('end without a mail when the node is told to drop them', async () => {
      const { node, messages } = await running({ batchSize: 10 });
      messages.take(sourceOf({ topic: 'a' }));
      messages.take(sourceOf({ topic: 'reset', reset: true }));
      const topics = (await ended.waitFor(2)).map(({ topic }) => topic);
      assert.deepEqual(topics, ['a', 'reset']);
      assert.deepEqual(node.out.items, []);
    });

    it('leave when the connector stops, and when the node closes', async () => {
      const { node, messages, connector } = await running({ batchSize: 10 });
      messages.take(sourceOf({ topic: 'a' }));
      await connector.stop();
      await connector.start();
      assert.equal(resultIn(await node.out.next()).subject, 'a');
      messages.take(sourceOf({ topic: 'b' }));
      await messages.close();
      assert.equal(resultIn(await node.out.next()).subject, 'b');
      assert.equal(users.size, 0);
    });

    it('of an earlier process leave again, as recovered, and Catch nodes hear of their failure', async () => {
      const { node } = await running({ batchSize: 10 });
      const first = await running({ batchSize: 10 });
      const kept: unknown[] = [];
      outbox.keepEvent = async ({ data }) => void kept.push(data);
      first.messages.take(sourceOf({ topic: 'a' }));
      first.messages.take(sourceOf({ reset: true }));
      await ended.waitFor(2);
      deliver = async () => fail(failureOf('message', { permanent: true, message: 'spam' }));
      const [user] = users;
      user?.restore([{ id: '1', nodeId: 'n', data: kept[0] }]);
      await user?.handOver();
      const { msg } = await first.node.out.next();
      assert.deepEqual([resultIn({ msg }).status, resultIn({ msg }).recovered], ['failed', true]);
      assert.deepEqual(node.out.items, []);
    });
  });

  it('of a node that a deploy made anew are caught by the flow that runs now', async () => {
    const before = await running();
    let end: () => void = () => undefined;
    deliver = () =>
      new Promise((resolve) => {
        end = () => resolve(fail(failureOf('message', { permanent: true, message: 'spam' })));
      });
    const begun = createJournal<string>('attempts', (what) => what);
    const waiting = deliver;
    deliver = (...attempt) => {
      const promise = waiting(...attempt);
      begun.add('one');
      return promise;
    };
    before.messages.take(sourceOf({ topic: 'x' }));
    await begun.next();
    listeners.detach(before.messages.listener, false);
    await before.messages.close();
    const now = open(connectorWith());
    end();
    const out = await now.node.out.next();
    assert.deepEqual([out.output, out.msg.topic], ['failed', 'x']);
    assert.equal(now.node.errors[0]?.msg?.topic, 'x');
    assert.match(now.node.errors[0]?.text ?? '', /spam/);
    // The node of before tells nobody any more: its done() would reach a flow that is gone.
    assert.deepEqual([before.node.out.items, ended.items], [[], []]);
  });

  it('of an earlier process are caught when their mail failed, though nobody waits for their end', () => {
    const node = fakeNode();
    const { listener } = refuseMessages(node, [new MailError('CONFIG', 'no template')], null);
    const error = { code: 'REFUSED', message: 'spam' };
    const mail = newMail();
    listener.onOutcome(resultFor(mail, { status: 'failed', error, recovered: true }), false);
    assert.equal(node.errors.at(-1)?.msg, mail.messages[0]);
    listener.onOutcome(resultFor(mail, { status: 'failed', error, messages: [] }), false);
    assert.deepEqual(Object.keys(node.errors.at(-1) ?? {}), ['text']);
  });

  it('fail each with the reason when the node can not work', () => {
    const node = fakeNode();
    const samples = createSamples();
    const faults = [new MailError('BAD_FIELD', 'first'), new MailError('BAD_FIELD', 'second')];
    const messages = refuseMessages(node, faults, samples);
    assert.deepEqual(
      node.errors.map(({ text }) => text),
      ['first', 'second'],
    );
    messages.take(sourceOf({ topic: 'x' }));
    assert.equal(resultIn(node.out.items[0]!).error?.message, 'first');
    assert.equal(ended.items[0]?.error?.message, 'first');
    assert.equal(samples.list().length, 1);
    messages.repeatStatus();
    assert.deepEqual(
      node.statuses.items.map(({ text }) => text),
      ['status.misconfigured', 'status.misconfigured'],
    );
  });
});

describe('the fields of a send-email node', () => {
  const evaluator = () => () => Promise.resolve(undefined);

  it('are wrong without a connector, which is named', () => {
    for (const [server, words] of [
      ['gone', /no email-server-connector "gone"/],
      ['', /no email-server-connector chosen/],
    ] as const) {
      const setup = readSenderSetup({ server, to: 'ops@x.test' }, evaluator, false);
      assert.ok('faults' in setup);
      assert.match(setup.faults[0]?.message ?? '', words);
    }
  });

  it('say what is wrong with a template, and keep quiet about the connector then', () => {
    const setup = readSenderSetup({ server: '', template: '{{#events}}' }, evaluator, false);
    assert.ok('faults' in setup);
    assert.equal(setup.faults.length, 1);
    assert.match(setup.faults[0]?.message ?? '', /template/);
  });
});
