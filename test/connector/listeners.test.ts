import assert from 'node:assert/strict';
import { createListeners, type Listeners, type OutcomeListener } from '../../nodes/connector/listeners';
import type { EmailResult, Msg } from '../../nodes/types';
import { newMail, resultFor } from '../builders';

/** A node and what it heard. */
interface Heard extends OutcomeListener {
  outcomes: { subject: string | null; msgsWait: boolean }[];
  failedMsgs: Msg[];
}

function listenerOf(nodeId: string): Heard {
  const outcomes: Heard['outcomes'] = [];
  const failedMsgs: Msg[] = [];
  return {
    nodeId,
    outcomes,
    failedMsgs,
    onOutcome: ({ subject }, msgsWait) => outcomes.push({ subject, msgsWait }),
    onFailedMsg: (_error, msg) => failedMsgs.push(msg),
  };
}

/** The start of the flows of a deploy. */
function deploy(): { flows: Promise<void>; started: () => Promise<void> } {
  let resolve = (): void => undefined;
  const flows = new Promise<void>((done) => (resolve = done));
  return {
    flows,
    async started() {
      resolve();
      await flows;
    },
  };
}

const STARTED = Promise.resolve();

describe('the listeners to outcomes', () => {
  let listeners: Listeners;
  /** Mails that were committed, by subject. */
  let committed: string[];
  beforeEach(() => {
    listeners = createListeners();
    committed = [];
  });

  /** Reports a mail of node n as the outbox does, again as often as it is asked to. */
  function report(
    subject: string,
    {
      mail = newMail([], { subject }),
      commit = async (): Promise<void> => void committed.push(subject),
    } = {},
  ) {
    const outcome = {
      mail,
      result: resultFor(mail),
      commit,
      again: () => void listeners.report(outcome),
    };
    return listeners.report(outcome);
  }

  const subjects = ({ outcomes }: Heard) => outcomes.map(({ subject }) => subject);

  it('that nobody attached are gone, and nothing waits for them', async () => {
    assert.equal(await report('one'), 'gone');
    const late = listenerOf('n');
    listeners.attach(late, STARTED);
    await STARTED;
    assert.deepEqual(subjects(late), []);
  });

  it('are told at once while they are there, after the outcome is durable', async () => {
    const node = listenerOf('n');
    listeners.attach(node, STARTED);
    const answer = await report('one', {
      commit: async () => {
        await Promise.resolve();
        assert.deepEqual(subjects(node), []);
        committed.push('one');
      },
    });
    assert.equal(answer, 'told');
    assert.deepEqual(subjects(node), ['one']);
    assert.deepEqual(committed, ['one']);
  });

  it('are told what was deferred, in order, when the flows of the next deploy have started', async () => {
    const before = listenerOf('n');
    listeners.attach(before, STARTED);
    listeners.detach(before, false);
    assert.equal(await report('first'), 'later');
    assert.equal(await report('second'), 'later');
    assert.deepEqual(committed, []);
    const { flows, started } = deploy();
    const next = listenerOf('n');
    listeners.attach(next, flows);
    // It is there, but what it sends would not arrive yet.
    assert.equal(await report('third'), 'later');
    assert.deepEqual(subjects(next), []);
    await started();
    assert.equal(await report('fourth'), 'told');
    assert.deepEqual(subjects(next), ['first', 'second', 'third', 'fourth']);
    assert.deepEqual(subjects(before), []);
  });

  it('keep what waits over a deploy that begins before the last one has started', async () => {
    const one = listenerOf('n');
    listeners.attach(one, STARTED);
    listeners.detach(one, false);
    await report('kept');
    const second = deploy();
    const two = listenerOf('n');
    listeners.attach(two, second.flows);
    listeners.detach(two, false);
    await second.started();
    assert.deepEqual(subjects(two), []);
    const third = deploy();
    const three = listenerOf('n');
    listeners.attach(three, third.flows);
    await third.started();
    assert.equal(await report('new'), 'told');
    assert.deepEqual(subjects(three), ['kept', 'new']);
  });

  it('that were removed are gone, also for what waited', async () => {
    const node = listenerOf('n');
    listeners.attach(node, STARTED);
    listeners.detach(node, false);
    const ended: EmailResult[] = [];
    const mail = newMail([], { subject: 'waited' });
    listeners.expect(mail.id, { messages: [], finish: (result) => ended.push(result) });
    assert.equal(await report('waited', { mail }), 'later');
    listeners.detach(node, true);
    assert.equal(await report('after'), 'gone');
    assert.deepEqual(committed, ['waited', 'after']);
    // Its msgs end nevertheless.
    assert.deepEqual(
      ended.map(({ subject }) => subject),
      ['waited'],
    );
  });

  it('stay when an older one of the same node leaves late', async () => {
    const old = listenerOf('n');
    const current = listenerOf('n');
    listeners.attach(old, STARTED);
    listeners.attach(current, STARTED);
    listeners.detach(old, true);
    assert.equal(await report('one'), 'told');
    assert.deepEqual(subjects(current), ['one']);
  });

  it('are told apart', async () => {
    const node = listenerOf('n');
    listeners.attach(node, STARTED);
    listeners.detach(node, false);
    await report('one');
    const other = listenerOf('other');
    const { flows, started } = deploy();
    listeners.attach(other, flows);
    await started();
    assert.equal(await report('two', { mail: newMail([], { nodeId: 'other', subject: 'two' }) }), 'told');
    assert.deepEqual(subjects(other), ['two']);
  });

  it('that leave while an outcome is made durable are told when they are back', async () => {
    const before = listenerOf('n');
    listeners.attach(before, STARTED);
    let leave = () => listeners.detach(before, false);
    const answer = await report('one', {
      async commit() {
        leave();
        leave = () => undefined;
      },
    });
    assert.equal(answer, 'later');
    const next = listenerOf('n');
    const { flows, started } = deploy();
    listeners.attach(next, flows);
    await started();
    assert.equal(await report('two'), 'told');
    assert.deepEqual(subjects(next), ['one', 'two']);
  });

  it('end the msgs that wait for a mail once, after its outcome was sent', async () => {
    const node = listenerOf('n');
    listeners.attach(node, STARTED);
    const mail = newMail([], { subject: 'one' });
    const messages = [{ payload: 1 }];
    const ended: (OutcomeListener | undefined)[] = [];
    listeners.expect(mail.id, {
      messages,
      finish: (_result, listener) => {
        assert.deepEqual(subjects(node), ['one']);
        ended.push(listener);
      },
    });
    assert.equal(listeners.messagesOf(mail.id), messages);
    await report('one', { mail });
    await report('one', { mail });
    assert.deepEqual(ended, [node]);
    assert.equal(listeners.messagesOf(mail.id), undefined);
    assert.deepEqual(
      node.outcomes.map(({ msgsWait }) => msgsWait),
      [true, false],
    );
  });

  it('forget the msgs of a mail that was not queued after all', async () => {
    const mail = newMail();
    const forget = listeners.expect(mail.id, {
      messages: [],
      finish: () => assert.fail('it was not queued'),
    });
    forget();
    assert.equal(await report('one', { mail }), 'gone');
  });
});
